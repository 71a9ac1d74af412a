"""`python -m tests.bench [--workers N] [--rounds N] [--keep] [GOAL..]`: figures beside goals.

BENCH_SCALE shrinks the numbers of objects (the figures then mean nothing), BENCH_DIR names the work
folder (else `.bench`), BENCH_TMPFS a folder in memory, BENCH_WAIT_S the longest wait for a quiet
machine. A figure below its goal is no failure; a row that could not run or do its work is.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tests.bench import machine
from tests.bench.bytes_again import run_bytes_again
from tests.bench.cleaning import remove_runs, run_name
from tests.bench.controls import run_controls
from tests.bench.from_s3 import run_from_s3
from tests.bench.joining import run_joining
from tests.bench.keeping_up import run_keeping_up
from tests.bench.ledger_cost import run_ledger_cost
from tests.bench.local import run_local, small_tree
from tests.bench.memory import run_memory
from tests.bench.on_stack import large_match, run_match, small_match
from tests.bench.planning import many_tree, run_planning
from tests.bench.settings import Settings, tmpfs_folder
from tests.bench.starting import run_starting
from tests.lab.tools import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from tests.bench.table import Section

GOALS = ("p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13")
_BY_THEMSELVES = {
    "p7": run_joining,
    "p8": run_memory,
    "p9": run_starting,
    "p10": run_bytes_again,
    "p12": run_keeping_up,
    "p13": run_from_s3,
}
"""Goals that share nothing with others."""

DONE, NOT_DONE, MISUSED = 0, 1, 2
TERMINATED = 143

LEGEND = """- ratio: our row's rate against this row's, medians; in brackets: the stretch goal
- µs: CPU microseconds an object; workers: ours, or raw's two processes; bench: the harness and the
  programs that it waits for (cp, ipfs-cluster-ctl); foreign: the share of all cores that others
  took, the kernel's own threads included"""


def main(words: Sequence[str]) -> int:
    """Run the goals that are named, or all; return the exit code."""
    given = _parser().parse_args(words)
    goals = {goal.lower() for goal in given.goals} or set(GOALS)
    unknown = goals - set(GOALS)
    if unknown:
        machine.say(f"no such goal: {', '.join(sorted(unknown))}; there are {', '.join(GOALS)}")
        return MISUSED
    settings = _settings(given.workers, given.rounds)
    settings.folder.mkdir(parents=True)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        bad = _run(settings, goals)
    finally:
        if not given.keep:
            machine.say("removing the work folders")
            remove_runs(settings)
    return NOT_DONE if bad else DONE


def _run(settings: Settings, goals: set[str]) -> bool:
    if settings.scale < 1:
        _print(f"BENCH_SCALE={settings.scale:g}: a trial; its figures mean nothing\n")
    for line in machine.facts(settings.folder):
        _print(f"- {line}")
    if goals & {"p1", "p2"}:
        programs = ", ".join(f"{program.name} {program.version}" for program in PROGRAMS[:-1])
        _print(f"- {programs}")
    _print(f"- files made a second at the start: {machine.creation_rate(settings.folder):,.0f}")
    _print(LEGEND)
    bad = False
    for sections in _chapters(settings, goals):
        for section in sections:
            bad = bad or section.failed
            _print(f"\n{section.text}")
    rate = machine.creation_rate(settings.folder)
    _print(f"\n- files made a second at the end: {rate:,.0f}")
    return bad


def _chapters(settings: Settings, goals: set[str]) -> Iterator[list[Section]]:
    """Run the goals one after the other; the stack comes first, on the freshest disk."""
    small = small_tree(settings)
    stack = None
    if "p1" in goals:
        sections, stack = run_match(small_match(settings, small), settings)
        yield sections
    if "p2" in goals:
        yield run_match(large_match(settings), settings)[0]
    if goals & {"p3", "p4"}:
        yield run_local(settings, small, goals)
    if "p5" in goals:
        yield run_ledger_cost(settings, small, stack)
    if "p6" in goals:
        yield run_planning(settings, many_tree(settings))
    if "p11" in goals:
        yield run_controls(settings, small)
    for goal, run in _BY_THEMSELVES.items():
        if goal in goals:
            yield run(settings)


def _settings(workers: int | None, rounds: int) -> Settings:
    base = Path(os.environ.get("BENCH_DIR") or ".bench").absolute()
    return Settings(
        folder=base / run_name(),
        tmpfs=tmpfs_folder(run_name()),
        scale=float(os.environ.get("BENCH_SCALE") or 1),
        rounds=rounds,
        workers=workers,
        wait_s=float(os.environ.get("BENCH_WAIT_S") or 20),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench", description="Figures beside goals.")
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"of {', '.join(GOALS)}")
    parser.add_argument("--workers", type=int, help="worker processes; else 2, on the stack 4")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--keep", action="store_true", help="leave what was made, until the next run ends"
    )
    return parser


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave in order, so that servers end and folders go."""
    sys.exit(TERMINATED)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
