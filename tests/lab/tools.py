"""The server programs of the laboratory: one table of versions, built once, found everywhere.

`python -m tests.lab.tools` builds them and prints their folder. `VGWM_TOOLS=DIR` names ready
programs instead. The builds run in a throwaway module, because Kubo's own go.mod has an `exclude`,
which `go install PATH@VERSION` refuses.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.missing import LabError, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

GO_AT_LEAST = (1, 26)
BUILD_LIMIT_S = 1_800


class Program(NamedTuple):
    """A Go program: its name, the module that holds it, and the version that the tests mean."""

    name: str
    module: str
    version: str

    @property
    def package(self) -> str:
        return f"{self.module}/cmd/{self.name}"


PROGRAMS = (
    Program("ipfs", "github.com/ipfs/kubo", "v0.42.0"),
    Program("ipfs-cluster-service", "github.com/ipfs-cluster/ipfs-cluster", "v1.1.6"),
    Program("ipfs-cluster-ctl", "github.com/ipfs-cluster/ipfs-cluster", "v1.1.6"),
    Program("versitygw", "github.com/versity/versitygw", "v1.7.0"),
)


@dataclass(frozen=True, slots=True)
class Tools:
    """A folder that holds every program of the table, in the table's versions."""

    folder: Path

    def path(self, name: str) -> str:
        """Return the absolute path of a program of the table."""
        if name not in {program.name for program in PROGRAMS}:
            raise LabError(f"{name} stands in no table of tools")
        return str(self.folder / name)


def find() -> Tools:
    """Return the programs, building them at the first call on this host.

    Raises Missing where neither `VGWM_TOOLS` nor a Go of version 1.26 or newer gives them.
    From empty caches a build takes about 6 minutes, with warm Go caches 30 seconds.
    """
    named = os.environ.get("VGWM_TOOLS")
    if named:
        return _named(Path(named).absolute())
    go = _go()
    folder = cache() / "tools" / _fingerprint(go)
    if not folder.is_dir():
        with _lock(folder.parent):
            if not folder.is_dir():
                _build(go, folder)
    return Tools(folder)


def cache() -> Path:
    """Return the project's cache folder: under `XDG_CACHE_HOME`, else under the home directory."""
    named = os.environ.get("XDG_CACHE_HOME")
    if named and Path(named).is_absolute():
        return Path(named) / "vgwm"
    home = os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    return Path(home) / ".cache" / "vgwm"


def _named(folder: Path) -> Tools:
    for program in PROGRAMS:
        if not os.access(folder / program.name, os.X_OK):
            raise Missing(f"{program.name} in VGWM_TOOLS={folder}", needs="all four programs there")
    if shutil.which("go"):  # without Go their versions cannot be asked for, and are taken on trust
        _check("go", folder)
    return Tools(folder)


def _go() -> str:
    go = shutil.which("go")
    remedy = "go >= 1.26, or VGWM_TOOLS"
    if go is None:
        raise Missing("the Go toolchain", needs=remedy)
    found = re.search(r"go(\d+)\.(\d+)", _run([go, "version"]))
    if found is None or (int(found[1]), int(found[2])) < GO_AT_LEAST:
        raise Missing("a Go toolchain that is new enough", needs=remedy)
    return go


def _fingerprint(go: str) -> str:
    table = "\n".join(" ".join(program) for program in PROGRAMS)
    return hashlib.sha256(
        f"{table}\n{_run([go, 'version'])}\n{platform.machine()}".encode()
    ).hexdigest()[:16]


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(go: str, folder: Path) -> None:
    print(f"building the server programs into {folder}", file=sys.stderr, flush=True)  # noqa: T201 - minutes of silence look like a hang
    beside = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(beside, ignore_errors=True)  # of a build that was killed; we hold the lock
    beside.mkdir(parents=True)
    environment = go_environment(go)
    for module, version in dict.fromkeys((p.module, p.version) for p in PROGRAMS):
        with tempfile.TemporaryDirectory(prefix="vgwm-build-") as here:
            (Path(here) / "go.mod").write_text(
                f"module lab\n\ngo 1.26\n\nrequire {module} {version}\n"
            )
            packages = [p.package for p in PROGRAMS if p.module == module]
            _compile([go, "build", "-o", f"{beside}/", *packages], here, environment)
    _check(go, beside)
    beside.rename(folder)


def _compile(argv: list[str], here: str, environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - argv is made of the table above
        argv,
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_LIMIT_S,
    )
    if done.returncode != 0:
        raise Missing(
            f"{argv[-1].rpartition('/')[2]} could not be built: {done.stderr.strip()[-600:]}",
            needs="a Go module proxy or warm module caches, or VGWM_TOOLS",
        )


def go_environment(go: str) -> dict[str, str]:
    """Return the environment of a build: warm Go caches where they exist, else ours.

    A run with an empty home directory (or none at all) must not depend on Go's own defaults,
    which then are unset, and must not fill a home that somebody throws away.
    """
    environment = dict(os.environ)
    environment["GOFLAGS"] = "-mod=mod -buildvcs=false"
    ours = {"GOMODCACHE": cache() / "go" / "mod", "GOCACHE": cache() / "go" / "build"}
    for name, folder in ours.items():
        known = _run([go, "env", name], may_fail=True)
        warm = known not in {"", "off"} and Path(known).is_dir()
        environment[name] = known if warm else str(folder)
        if name == "GOMODCACHE" and not warm:
            environment["GOFLAGS"] += " -modcacherw"  # so that a plain rm -r removes our cache
    environment.setdefault("GOPATH", str(cache() / "go"))
    return environment


def _check(go: str, folder: Path) -> None:
    told = _run([go, "version", "-m", *(str(folder / p.name) for p in PROGRAMS)])
    parts = dict(zip((p.name for p in PROGRAMS), re.split(r"(?m)^(?=/)", told)[1:], strict=True))
    for program in PROGRAMS:
        found = re.search(r"^\tmod\t(\S+)\t(\S+)", parts[program.name], re.MULTILINE)
        if found is None or (found[1], found[2]) != (program.module, program.version):
            seen = found[0].strip() if found else "no module"
            raise Missing(
                f"{program.name} {program.version}: {folder} holds {seen}",
                needs="the version of the table, or VGWM_TOOLS without it",
            )


def _run(argv: list[str], *, may_fail: bool = False) -> str:
    done = subprocess.run(  # noqa: S603 - argv is made of the table above
        argv, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode != 0 and not may_fail:
        raise LabError(f"{' '.join(argv[:3])}: {done.stderr.strip()[-400:]}")
    return done.stdout.strip()


if __name__ == "__main__":
    try:
        print(find().folder)  # noqa: T201 - the command's answer
    except Missing as missing:
        sys.exit(str(missing))
