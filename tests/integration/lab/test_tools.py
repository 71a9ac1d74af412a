from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import debian, tools
from tests.lab.missing import Missing

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(tools.__file__).parent


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Put a shell script of this name on the path, before everything else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("VGWM_TOOLS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def make(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def go(*, builds: bool) -> str:
    """A Go that answers as the real one and "builds" by touching files."""
    told = "\n".join(
        f'echo "/x/{p.name}: go1.26"; printf "\\tmod\\t{p.module}\\t{p.version}\\th1:x\\n"'
        for p in tools.PROGRAMS
    )
    build = 'shift 3; for p in "$@"; do echo built >> "$OUT/${p##*/}"; done' if builds else "exit 1"
    return f"""
case "$1 $2" in
"version ") echo "go version go1.26.8 linux/amd64";;
"version -m") {told};;
"env "*) echo;;
"build "*) OUT="$3"; echo "$GOFLAGS|$GOMODCACHE|$GOPATH|$PWD" >> "$XDG_CACHE_HOME/builds"
cat go.mod >> "$XDG_CACHE_HOME/mods"; {build};;
esac"""


def test_programs_are_built_once(fake: Callable[[str, str], Path], tmp_path: Path) -> None:
    fake("go", go(builds=True))
    first = tools.find()
    second = tools.find()
    assert first == second
    for program in tools.PROGRAMS:
        assert Path(first.path(program.name)).read_text() == "built\n"
    modules = {(p.module, p.version) for p in tools.PROGRAMS}
    mods = (tmp_path / "cache" / "mods").read_text()
    assert set(re.findall(r"require (\S+) (\S+)", mods)) == modules
    assert not list(first.folder.parent.glob("*.building"))


def test_without_a_home_the_caches_are_ours(
    fake: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("go", go(builds=True))
    monkeypatch.delenv("HOME")
    tools.find()
    seen = (tmp_path / "cache" / "builds").read_text().splitlines()[0].split("|")
    ours = str(tmp_path / "cache" / "vgwm" / "go")
    assert seen[0] == "-mod=mod -buildvcs=false -modcacherw"
    assert seen[1:3] == [f"{ours}/mod", ours]


def test_a_failed_build_leaves_nothing_and_says_what_is_needed(
    fake: Callable[[str, str], Path], tmp_path: Path
) -> None:
    fake("go", go(builds=False))
    with pytest.raises(Missing, match="VGWM_TOOLS"):
        tools.find()
    folder = tmp_path / "cache" / "vgwm" / "tools"
    assert not [p for p in folder.iterdir() if p.is_dir() and not p.name.endswith(".building")]


def test_an_old_go_is_refused(fake: Callable[[str, str], Path]) -> None:
    fake("go", 'echo "go version go1.25.3 linux/amd64"')
    with pytest.raises(Missing, match=r"go >= 1\.26"):
        tools.find()


def test_named_programs_of_another_version_are_refused(
    fake: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("go", go(builds=True).replace("v0.42.0", "v0.41.0"))
    for program in tools.PROGRAMS:
        shutil.copy(fake(program.name, ""), tmp_path)
    monkeypatch.setenv("VGWM_TOOLS", str(tmp_path))
    with pytest.raises(Missing, match=r"ipfs v0\.42\.0"):
        tools.find()


def test_named_programs_must_all_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VGWM_TOOLS", str(tmp_path))
    with pytest.raises(Missing, match="VGWM_TOOLS"):
        tools.find()


def test_a_system_is_not_changed_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VGWM_APT", raising=False)
    monkeypatch.delenv("VGWM_REAL", raising=False)
    monkeypatch.setattr(debian, "SBIN", "")
    with pytest.raises(Missing, match="the package redis-server"):
        debian.find("redis-server")


def test_no_registry_stands_in_any_file() -> None:
    for path in HERE.rglob("*.py"):
        assert not re.search(r"proxy\.golang|goproxy|GOPROXY|GOSUMDB", path.read_text()), path
