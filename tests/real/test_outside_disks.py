"""Disks that run full amid a copy, the target's or the workspace's: the job waits for room."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from core.dag import cid as cids
from core.target.dir_store import DirStore
from tests.lab import target
from tests.lab.missing import Missing
from tests.lab.process import until
from tests.lab.vgwm import Vgwm
from tests.real.migrated import recorded
from tests.real.outside import LOOK_S, Source, grow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)
OBJECTS = 300


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return grow(tmp_path_factory.mktemp("disks") / "gw", objects=OBJECTS)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB of its own."""
    at = tmp_path / "disk"
    at.mkdir()
    if _mount("mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(at)):
        raise Missing("a disk that runs full", needs="the right to mount a tmpfs", optional=True)
    yield at
    _mount("umount", "-l", str(at))


def _mount(*words: str) -> int:
    program = shutil.which(words[0])
    if program is None:
        return 1
    return subprocess.run([program, *words[1:]], check=False, timeout=20).returncode  # noqa: S603 - mount


def _resize(disk: Path, size: str) -> None:
    assert _mount("mount", "-o", f"remount,size={size}", str(disk)) == 0


def _is_said(vgwm: Vgwm, words: str) -> None:
    since_s = time.monotonic()
    until(f"status says {words}", lambda: words in _status(vgwm), limit_s=60, every_s=LOOK_S)
    sys.stdout.write(f"\n  {words}: said after {time.monotonic() - since_s:.1f} s (wanted: 10)")


def _status(vgwm: Vgwm) -> str:
    return vgwm.run("status", "--plain").out


def _prove(vgwm: Vgwm, source: Source, out: Path) -> None:
    """Require every object's row, and its bytes below its CID in the directory."""
    rows = {(row.bucket, row.key): row for row in target.rows(out / "objects.db")}
    assert set(rows) == set(source.digests)
    store = DirStore(out)
    for key, row in rows.items():
        body = b"".join(store.read_object(cids.parse(row.root), cids.parse(row.cid)))
        assert hashlib.sha256(body).hexdigest() == source.digests[key], key
    told = vgwm.run("--json", "status").result()
    assert (told["migrated"], told["failed"], told["remaining"]) == (OBJECTS, 0, 0)


def test_a_full_target_disk_pauses_the_copy_until_there_is_room(
    source: Source, disk: Path, tmp_path: Path
) -> None:
    out = disk / "out"
    with Vgwm(tmp_path / "ws") as vgwm:
        vgwm.run("init", "--source", f"posix:{source.root}", "--target", f"dir:{out}")
        vgwm.run("plan", "--batch-size", "10")
        vgwm.run("copy", "--detach", "--workers", "2")
        _is_said(vgwm, "no room: No space left on device")
        assert recorded(vgwm) < OBJECTS
        _resize(disk, "100m")
        vgwm.run("watch", "--interval", "1s")
        _prove(vgwm, source, out)


def test_a_full_workspace_pauses_the_copy_until_there_is_room(
    source: Source, disk: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    _resize(disk, "24m")
    with Vgwm(disk / "ws") as vgwm:
        vgwm.run("init", "--source", f"posix:{source.root}", "--target", f"dir:{out}")
        vgwm.run("plan", "--batch-size", "10")
        vgwm.run("set", "bandwidth=1MiB/s")
        vgwm.run("copy", "--detach", "--workers", "2")
        until("some are recorded", lambda: recorded(vgwm) > 0, limit_s=60)
        ballast = disk / "ballast"
        _fill(ballast)
        _is_said(vgwm, "no room: the ledger cannot be written")
        assert recorded(vgwm) < OBJECTS
        ballast.unlink()
        until("room", lambda: "no room" not in _status(vgwm), limit_s=60, every_s=LOOK_S)
        vgwm.run("set", "bandwidth=off")
        vgwm.run("watch", "--interval", "1s")
        _prove(vgwm, source, out)


def _fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 12)):
                pass
        except OSError:
            return
