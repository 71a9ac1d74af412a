"""The machine: what it is, how busy it is, who takes its cores."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
QUIET = 0.25
LOOK_S = 0.5
CREATED = 4_000
OURS = "bench"
"""The bench's own process and the programs that it started and has waited for."""


class Watched(NamedTuple):
    """A running process. alone: without its children; children: them alone."""

    pid: int
    alone: bool = True
    children: bool = True


class Meter:
    """Takes the CPU seconds of groups of processes, and of all others, between two moments."""

    def __init__(self, groups: Mapping[str, Sequence[Watched]]) -> None:
        self._groups = groups
        self._began_s = time.monotonic()
        self._busy_s = busy_s()
        self._before = self._seconds()

    def stop(self) -> tuple[dict[str, float], float]:
        """Return CPU seconds by group, and the share of all cores that other processes took."""
        taken = {name: s - self._before[name] for name, s in self._seconds().items()}
        wall_s = max(time.monotonic() - self._began_s, 1e-3)
        foreign_s = busy_s() - self._busy_s - sum(taken.values())
        return taken, max(0.0, foreign_s / wall_s / CORES)

    def _seconds(self) -> dict[str, float]:
        found = {name: sum(map(cpu_s, watched)) for name, watched in self._groups.items()}
        return found | {OURS: own_cpu_s()}


def own_cpu_s() -> float:
    """Return the CPU seconds of this process and of the children that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def cpu_s(watched: Watched) -> float:
    """Return a process's CPU seconds; its children count with those that it waited for."""
    with suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{watched.pid}/stat").read_text()
        fields = [int(text) for text in stat.rpartition(")")[2].split()[11:15]]
        own_s, waited_s = sum(fields[:2]) / TICKS, sum(fields[2:]) / TICKS
        total_s = own_s if watched.alone else 0.0
        if watched.children:
            total_s += waited_s + sum(cpu_s(Watched(pid)) for pid in children(watched.pid))
        return total_s
    return 0.0


def children(pid: int) -> Iterator[int]:
    """Yield the living children of a process."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def offspring(pid: int) -> Iterator[int]:
    """Yield the living children of a process, and theirs."""
    for child in children(pid):
        yield child
        yield from offspring(child)


def busy_s() -> float:
    """Return the seconds that all cores together have worked since the machine started."""
    fields = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq, *_ = fields
    return (user + nice + system + irq + softirq) / TICKS


def wait_quiet(limit_s: float) -> float:
    """Return once the machine is less than 25 % busy, or at the limit; return the share."""
    os.sync()  # what the row before left to the disk is not the next one's business
    deadline = time.monotonic() + limit_s
    while True:
        before_s, began_s = busy_s(), time.monotonic()
        time.sleep(min(LOOK_S, max(0.02, limit_s)))
        share = (busy_s() - before_s) / (time.monotonic() - began_s) / CORES
        if share < QUIET or time.monotonic() >= deadline:
            return share


def creation_rate(folder: Path) -> float:
    """Return how many files a second one process makes in a folder: it shows a choked disk."""
    here = folder / f"creation-{time.monotonic_ns()}"
    here.mkdir(parents=True)
    began_s = time.monotonic()
    for i in range(CREATED):
        os.close(os.open(here / str(i), os.O_CREAT | os.O_WRONLY | os.O_EXCL))
    return CREATED / (time.monotonic() - began_s)


def facts(folder: Path) -> list[str]:
    """Return what figures depend on, one line each."""
    free = shutil.disk_usage(folder).free
    return [
        f"CPU: {_cpu_model()}, {CORES} cores, load {os.getloadavg()[0]:.2f}",
        f"kernel {platform.release()}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}, vgwm {version('vgwm')} {_commit()}".rstrip(),
        f"work folder: {_file_system(folder)}, {free / 1e9:,.0f} GB free",
    ]


def say(text: str) -> None:
    """Tell the one who waits; stdout is for the tables."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is a command


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work took."""
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run(  # noqa: S603 - a fixed command
        [git, "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def _file_system(folder: Path) -> str:
    """Return type and options of the file system that holds a folder."""
    found: tuple[int, str] = (0, "unknown file system")
    for line in Path("/proc/mounts").read_text().splitlines():
        _device, mount, kind, options, *_ = line.split()
        if folder.is_relative_to(mount) and len(mount) >= found[0]:
            trap = " (discard: deletes slow file creation down)" if "discard" in options else ""
            found = (len(mount), f"{kind}{trap}")
    return found[1]
