"""Objects that are read through a gateway to see that it serves what the ledger says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.reading import Trouble
from core.cutover.signing import Call
from core.display import object_name, safe
from core.errors import NoAnswer
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.door import Asker, Door
    from core.cutover.mode import Mode
    from core.ledger.picks import Pick

AT_ONCE: Final = 8

_OK: Final = 200
_MD5: Final = 16


class Sample(NamedTuple):
    """A current object. etag: as the ledger has it, without quotes, "" if it has none.

    modified_s: when blue says that it was modified, if it is still what was copied; 0: unknown.
    """

    bucket: str
    key: str
    size_bytes: int
    etag: str = ""
    modified_s: int = 0

    @property
    def name(self) -> str:
        """Return its name, safe to show."""
        return object_name(self.bucket.encode(), self.key.encode("utf-8", "surrogateescape"))


def sample_of(pick: Pick) -> Sample:
    """Return what the ledger knows of an object, as a gateway shows it."""
    etag = pick.etag.hex() if len(pick.etag) == _MD5 else pick.etag.decode("utf-8", "replace")
    return Sample(
        bucket=pick.bucket.decode(),
        key=pick.key.decode("utf-8", "surrogateescape"),
        size_bytes=pick.size,
        etag=etag,
        modified_s=pick.mtime_ns // NS_PER_S,
    )


async def read_back(
    asker: Asker, doors: Sequence[Door], samples: Sequence[Sample], mode: Mode | None = None
) -> list[Trouble]:
    """Ask for each sample at each door: there, with its size and ETag; return what is not so.

    mode: by which each load balancer has to say that it routed, None where none stands between.
    A door that is silent is a trouble once, not once a sample.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(door: Door, sample: Sample) -> str:
        async with gate:
            return await _seen(asker, door, sample, mode)

    found: dict[Trouble, None] = {}
    for door in doors:
        for why in await asyncio.gather(*(one(door, sample) for sample in samples)):
            if why:
                found[Trouble(door.name, why)] = None
    return list(found)


async def _seen(asker: Asker, door: Door, sample: Sample, mode: Mode | None) -> str:
    """Return what is wrong with a sample at a door, "" for nothing."""
    try:
        reply = await asker.ask(door, Call(method="HEAD", bucket=sample.bucket, key=sample.key))
    except NoAnswer as error:
        return error.what
    if mode is not None and reply.route != mode.value:
        return f"it routes by {reply.route or 'no mode that it names'}, not {mode}"
    if reply.status != _OK:
        return f"{sample.name}: {reply.told}"
    size, etag = reply.headers.get("Content-Length", ""), reply.headers.get("ETag", "").strip('"')
    if size != str(sample.size_bytes):
        return f"{sample.name}: {safe(size)} bytes, not {sample.size_bytes}"
    if sample.etag and etag != sample.etag:
        return f"{sample.name}: ETag {safe(etag)}, not {safe(sample.etag)}"
    return ""
