"""What others wrote on blue is told from what was migrated and what the reverse copy put there."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest

from core.engine.watching.strangers import strangers
from core.ledger.greenlog import Carried, Green, GreenOp
from core.source.posix.config import PosixConfig
from tests.integration.ledger.scene import opened, planned, recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.ledger.ledger import Ledger
    from core.ledger.rows import EntryRow

KEYS = (b"deep/kept", b"plain")


class Ground:
    """A bucket of migrated files, and a flip just now."""

    def __init__(self, ledger: Ledger, root: Path) -> None:
        self.ledger = ledger
        self.folder = root / "films"
        self.tree = PosixConfig(root=root)
        self.bucket = 0
        self.since_ns = 0

    async def begin(self) -> None:
        [self.bucket] = await self.ledger.add_buckets([(b"films", "{}")])
        for key in KEYS:
            self.put(key)
        entries = [self.entry(key) for key in KEYS]
        number = await planned(self.ledger, self.bucket, entries)
        await recorded(self.ledger, self.bucket, number, entries)
        await self.ledger.green.begin([self.bucket])
        await asyncio.sleep(0.01)  # a tick of the file system's clock
        self.since_ns = time.time_ns()
        await asyncio.sleep(0.01)

    def put(self, key: bytes, body: bytes = b"bytes") -> None:
        path = self.folder / key.decode()
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".fresh")
        fresh.write_bytes(body)
        fresh.rename(path)  # as the gateway does: another inode

    def entry(self, key: bytes) -> EntryRow:
        seen = (self.folder / key.decode()).stat()
        return (key, b"", seen.st_size, seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns)

    async def heard(self, key: bytes) -> None:
        change = Green(self.bucket, key, GreenOp.PUT, time.time_ns(), b"cid", 5, b"digest")
        await self.ledger.green.heard("merge", [change], 1, to_end=True)

    async def carried(self, key: bytes) -> None:
        _, _, _, ino, mtime_ns, ctime_ns = self.entry(key)
        done = Carried(self.bucket, key, b"digest", b"digest", "", ino, mtime_ns, ctime_ns)
        await self.ledger.green.settle([done], [])

    async def foreign(self) -> tuple[str, ...]:
        """Return their names, which are the same for the slice and for all."""
        found, every = [
            await strangers(self.ledger, self.tree, buckets, self.since_ns)
            for buckets in ([b"films"], [])
        ]
        assert found == every
        assert found.foreign == len(found.names)
        return found.names


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    ledger = await opened(tmp_path)
    made = Ground(ledger, tmp_path / "tree")
    await made.begin()
    yield made
    await ledger.close()


async def test_an_untouched_blue_has_no_strangers(ground: Ground) -> None:
    assert await ground.foreign() == ()


async def test_a_new_and_a_replaced_file_are_named(ground: Ground) -> None:
    ground.put(b"by-nfs")
    ground.put(b"plain", b"other")
    assert set(await ground.foreign()) == {"films/by-nfs", "films/plain"}


async def test_a_file_that_took_the_place_of_its_folder_meanwhile_ends_no_look(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = (b"films/plain/below", time.time_ns())
    monkeypatch.setattr("core.engine.watching.strangers.stamps", lambda *_: iter([seen]))
    assert await ground.foreign() == ()


async def test_what_the_reverse_copy_put_there_is_ours(ground: Ground) -> None:
    ground.put(b"from-green")
    await ground.heard(b"from-green")
    assert await ground.foreign() == (), "it waits: the copy may be at it"
    await ground.carried(b"from-green")
    assert await ground.foreign() == ()
    ground.put(b"from-green", b"somebody's")
    assert await ground.foreign() == ("films/from-green",)


async def test_attributes_that_a_read_rewrites_are_no_strangers_work(ground: Ground) -> None:
    os.setxattr(ground.folder / "plain", "user.checksums", b"{}")
    assert await ground.foreign() == ()


async def test_uploads_in_progress_are_no_keys(ground: Ground) -> None:
    ground.put(b".sgwtmp/multipart/part")
    assert await ground.foreign() == ()
