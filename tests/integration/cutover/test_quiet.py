"""F3 names every change behind a fence: contents, tags, deletes, uploads, in each of the trees."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest

from core.cutover.quiet import NAMED, moved, quiet_since
from core.errors import Denied
from core.source.posix.config import PosixConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECOND = 1_000_000_000


@pytest.fixture
def tree(tmp_path: Path) -> PosixConfig:
    root, versions = tmp_path / "tree", tmp_path / "versions"
    for folder in (root / "one" / "deep", root / "two", versions / "one"):
        folder.mkdir(parents=True)
    (root / "one" / "deep" / "kept").write_bytes(b"kept")
    (root / "one" / "plain").write_bytes(b"plain")
    (root / "two" / "other").write_bytes(b"other")
    (versions / "one" / "old").write_bytes(b"old")
    return PosixConfig(root=root, versioning_dir=versions)


def after_tick(folder: Path) -> int:
    """Return a time that lies behind everything so far, by the file system's own clock."""
    probe = folder / "clock"
    begun = time.time_ns()
    while True:
        probe.write_bytes(b"")
        if (now := probe.stat().st_ctime_ns) > begun:
            return now


async def a_tick() -> None:
    """Let the kernel's clock go on, or a change bears the fence's own time."""
    await asyncio.sleep(0.01)


async def test_an_untouched_tree_is_quiet(tree: PosixConfig, tmp_path: Path) -> None:
    quiet = await quiet_since(tree, (), after_tick(tmp_path))
    assert quiet.is_quiet
    assert quiet.looked == 10, "4 files, 4 folders of buckets, 2 tops"
    assert "none of 10 changed" in quiet.told


def _rewrite(tree: PosixConfig) -> None:
    path = tree.root / "one" / "deep" / "kept"
    seen = path.stat()
    path.write_bytes(b"KEPT")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _tag(tree: PosixConfig) -> None:
    os.setxattr(tree.root / "one" / "plain", "user.tagging", b"{}")


def _delete(tree: PosixConfig) -> None:
    (tree.root / "one" / "deep" / "kept").unlink()


def _version(tree: PosixConfig) -> None:
    assert tree.versioning_dir is not None
    (tree.versioning_dir / "one" / "older").write_bytes(b"")


def _upload(tree: PosixConfig) -> None:
    (tree.root / "one" / ".sgwtmp").mkdir()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_rewrite, "one/deep/kept"),
        (_tag, "one/plain"),
        (_delete, "one/deep/"),
        (_version, "one/older"),
        (_upload, "one/.sgwtmp/"),
    ],
)
async def test_every_kind_of_change_is_named(
    tree: PosixConfig, tmp_path: Path, change: Callable[[PosixConfig], None], named: str
) -> None:
    since_ns = after_tick(tmp_path)
    await a_tick()
    change(tree)
    for buckets in ((), ("one",)):
        quiet = await quiet_since(tree, buckets, since_ns)
        assert not quiet.is_quiet
        assert named in quiet.names
    assert (await quiet_since(tree, ("two",), since_ns)).is_quiet, "another slice's"


async def test_a_bucket_that_is_gone_changed(tree: PosixConfig, tmp_path: Path) -> None:
    quiet = await quiet_since(tree, ("nobody",), after_tick(tmp_path))
    assert quiet.names == ("nobody",)


async def test_a_bucket_behind_a_symlink_is_looked_at(tree: PosixConfig, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tree.root / "linked").symlink_to(elsewhere)
    since_ns = after_tick(tmp_path)
    await a_tick()
    (elsewhere / "new").write_bytes(b"")
    linked = PosixConfig(root=tree.root, bucket_links=True)
    for buckets in ((), ("linked",)):
        assert "linked/new" in (await quiet_since(linked, buckets, since_ns)).names


async def test_many_changes_are_counted_and_some_named(tree: PosixConfig, tmp_path: Path) -> None:
    since_ns = after_tick(tmp_path)
    await a_tick()
    for number in range(NAMED + 5):
        (tree.root / "two" / f"n{number}").write_bytes(b"")
    quiet = await quiet_since(tree, ("two",), since_ns)
    assert (quiet.changed, len(quiet.names)) == (NAMED + 6, NAMED), "the folder changed as well"
    assert "and 6 more" in quiet.told


async def test_what_cannot_be_looked_at_is_no_silence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((Denied, NotADirectoryError)):
        await quiet_since(PosixConfig(root=tmp_path / "file"), (), 0)


def test_a_clock_of_whole_seconds_counts_by_its_second() -> None:
    assert moved(7 * SECOND, 7 * SECOND + 400)
    assert not moved(6 * SECOND, 7 * SECOND + 400)
    assert moved(7 * SECOND + 401, 7 * SECOND + 400)
    assert not moved(7 * SECOND + 400, 7 * SECOND + 400)
    assert moved(None, 0)
