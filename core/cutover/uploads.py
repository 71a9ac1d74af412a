"""Multipart uploads in progress: none of them survives a switch (gate `uploads`)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from core.cutover.gate import Gate
from core.cutover.listing import EXACT, uploads_in
from core.cutover.signing import Call
from core.display import safe
from core.errors import NoAnswer, VgwmError
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.door import Asker, Door

LIMIT_S: Final = 600.0

_AT_ONCE: Final = 8
_PAGE: Final = 250
_NAMED: Final = 5
_OK: Final = 200


async def uploads(asker: Asker, door: Door, buckets: Sequence[str]) -> Gate:
    """Count the uploads in progress at a blue gateway; some are a WARN that names the first.

    buckets: all of the slice by name. Of a bucket's only the first page is counted.
    """
    now_ns = time.time_ns()
    gate = asyncio.Semaphore(_AT_ONCE)
    whys: list[str] = []

    async def one(bucket: str) -> tuple[list[str], bool]:
        async with gate:
            try:
                return ([], False) if whys else await _of(asker, door, bucket)
            except VgwmError as error:
                whys.append(error.what)
                return [], False

    pages = await asyncio.gather(*(one(bucket) for bucket in buckets))
    if whys:
        return _gate(Verdict.UNKNOWN, f"{door.name}: {whys[0]}", now_ns)
    names = [name for page, _ in pages for name in page]
    if not names:
        return _gate(Verdict.PASS, f"none in {len(buckets)} buckets", now_ns)
    most = "at least " if any(more for _, more in pages) else ""
    shown = ", ".join(names[:_NAMED]) + (", .." if len(names) > _NAMED else "")
    evidence = f"{most}{len(names)} in progress, and lost by a switch: {shown}"
    return _gate(Verdict.WARN, evidence, now_ns)


async def _of(asker: Asker, door: Door, bucket: str) -> tuple[list[str], bool]:
    """Return what is in progress in a bucket, and whether there is more."""
    where = f"uploads of {safe(bucket)} at {door.name}"
    query = (EXACT, ("max-uploads", str(_PAGE)), ("uploads", ""))
    reply = await asker.ask(door, Call(method="GET", bucket=bucket, query=query))
    if reply.status != _OK:
        raise NoAnswer(
            what=f"the uploads of {safe(bucket)} are not listed: {reply.told}",
            where=where,
            remedy="Use an account that may list uploads, as the gateway's root.",
        )
    found = uploads_in(reply.body, where)
    return [f"{safe(bucket)}/{safe(each.key)}" for each in found.uploads], found.more


def _gate(verdict: Verdict, evidence: str, now_ns: int) -> Gate:
    remedy = "Let them end or abort them; or acknowledge: clients begin them anew on green."
    return Gate(
        name="uploads",
        verdict=verdict,
        evidence=evidence,
        at_ns=now_ns,
        limit_s=LIMIT_S,
        remedy="" if verdict is Verdict.PASS else remedy,
    )
