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
from typing import TYPE_CHECKING

from core.errors import CapacityExhausted
from core.ledger.rows import EventDraft
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.ledger.ledger import Ledger

SMALL = 3 << 20
FILLER = 1 << 20
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


async def scenario(folder: Path, make_room: Callable[[], None]) -> None:
    """Fill a ledger, look at what is there, make room, go on."""
    ledger = await scene.opened(folder)
    (bucket,) = await ledger.add_buckets([(b"photos", "{}")])
    done = await fill(ledger, bucket)
    assert done > 1
    assert (await ledger.counters()).objects == BUNDLE * done
    await ledger.recount()
    await all_wait(ledger, bucket, done)
    await ledger.recount()
    await ledger.verify_chain()
    assert len(await ledger.open_bundles(0, 10_000)) == await ledger.last_seq()
    make_room()
    seq = await ledger.last_seq()
    assert await ledger.event(EventDraft(kind="room", text="room again")) == seq + 1
    objects = (await ledger.counters()).objects
    await scene.planned(ledger, bucket, scene.entries(objects, BUNDLE))
    await ledger.close()
    again = await scene.opened(folder)
    assert again.clean
    assert (await again.counters()).objects == objects + BUNDLE
    await again.recount()
    await again.quick_check()
    await again.close()


def on_tmpfs(folder: Path) -> None:
    """Fill a small file system; a file that is removed makes room."""
    mount = shutil.which("mount") or "mount"
    subprocess.run(  # noqa: S603 - arguments of this file; the mount ends with this namespace
        [mount, "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)], check=True
    )
    filler = folder / "filler"
    filler.write_bytes(bytes(FILLER))
    asyncio.run(scenario(folder, filler.unlink))


def under_a_limit(folder: Path) -> None:
    """Let writes beyond a file size fail, as a quota does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL // 2, resource.RLIM_INFINITY))
    whole = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    asyncio.run(scenario(folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, whole)))


if __name__ == "__main__":
    {"tmpfs": on_tmpfs, "limit": under_a_limit}[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.write("held\n")
