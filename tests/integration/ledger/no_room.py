"""A ledger on a disk without room: `python -m tests.integration.ledger.no_room HOW FOLDER`.

`tmpfs`: run under `unshare --mount`; mounts a small file system of its own on FOLDER (root only).
`limit`: RLIMIT_FSIZE makes writes fail beyond a size; needs no rights.
Prints "held" after: the error is ours, everything that waited failed, nothing was half written, and
once there is room again the same ledger goes on.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.errors import CapacityExhausted
from core.ledger.rows import EventDraft
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from core.ledger.ledger import Ledger

SMALL = 16 << 20
LEFT = 1 << 20
BUNDLE = 200


async def fill(ledger: Ledger, bucket: int) -> int:
    """Plan until there is no room; return how many bundles were acknowledged."""
    done = 0
    while True:
        try:
            await scene.planned(ledger, bucket, scene.entries(BUNDLE * done, BUNDLE))
        except CapacityExhausted:
            return done
        done += 1
        assert done < 1_000, "there was room without end"


async def all_wait(ledger: Ledger, bucket: int, done: int) -> None:
    """Let several changes wait for one commit without room: all are told."""
    waiting = [
        scene.planned(ledger, bucket, scene.entries(BUNDLE * (done + n), BUNDLE)) for n in range(8)
    ]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    told = [each for each in found if isinstance(each, CapacityExhausted)]
    assert told, found
    kept = len(found) - len(told)
    assert (await ledger.counters()).objects == BUNDLE * (done + kept)


class Room(Protocol):
    """A disk whose room can be made and taken."""

    def make(self) -> None:
        """Let writes go through."""

    def take(self) -> None:
        """Let the next larger write fail."""


async def scenario(folder: Path, room: Room) -> None:
    """Fill a ledger, look at what is there, make room, go on; then close it when it is full."""
    ledger = await scene.opened(folder)
    (bucket,) = await ledger.add_buckets([(b"photos", "{}")])
    room.take()
    done = await fill(ledger, bucket)
    assert done > 1
    assert (await ledger.counters()).objects == BUNDLE * done
    await ledger.recount()
    await all_wait(ledger, bucket, done)
    await ledger.recount()
    await ledger.verify_chain()
    assert len(await ledger.open_bundles(0, 10_000)) == await ledger.last_seq()
    room.make()
    seq = await ledger.last_seq()
    assert await ledger.event(EventDraft(kind="room", text="room again")) == seq + 1
    objects = (await ledger.counters()).objects
    await scene.planned(ledger, bucket, scene.entries(objects, BUNDLE))
    await end_without_room(folder, ledger, room, objects + BUNDLE)


async def end_without_room(folder: Path, ledger: Ledger, room: Room, objects: int) -> None:
    """Close a ledger that cannot be written: no error, and the next start looks at everything."""
    room.take()
    for n in range(10_000):
        try:
            await ledger.set_meta("fill", n)  # one page, as the mark of a clean end
        except CapacityExhausted:
            break
    else:
        message = "there was room without end"
        raise AssertionError(message)
    await ledger.close()
    room.make()
    again = await scene.opened(folder)
    assert not again.clean or isinstance(room, Limit)  # the mark is a small file
    assert (await again.counters()).objects == objects
    await again.verify_chain()
    await again.close()


class SmallDisk:
    """A file system of a few MiB; a file that fills it makes and takes room."""

    def __init__(self, folder: Path) -> None:
        mount = shutil.which("mount") or "mount"
        subprocess.run(  # noqa: S603 - arguments of this file; it ends with this namespace
            [mount, "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)], check=True
        )
        self._folder = folder

    def make(self) -> None:
        (self._folder / "filler").unlink()

    def take(self) -> None:
        # A write that finds no room stores what fits: not all of it, so that a ledger can begin.
        free = shutil.disk_usage(self._folder).free
        (self._folder / "filler").write_bytes(bytes(max(free - LEFT, 4_096)))


class Limit:
    """A file-size limit of this process; its WAL and its database meet it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def take(self) -> None:
        largest = max(path.stat().st_size for path in self._folder.glob("ledger.db*"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + LEFT, resource.RLIM_INFINITY))


if __name__ == "__main__":
    where = Path(sys.argv[2])
    room: Room = SmallDisk(where) if sys.argv[1] == "tmpfs" else Limit(where)
    asyncio.run(scenario(where, room))
    sys.stdout.write("held\n")
