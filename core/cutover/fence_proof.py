"""Whether a fence holds: seen by writing, or shown without harm.

A proof tries what a fence has to stop, through every door: a PutObject, and a CopyObject, which a
gateway started with `--readonly` lets through. Both have to be refused, and the key has to be
absent. Silence proves nothing. Which refusals count: docs/fence.md.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.gateway import Hold
from core.cutover.proof_keys import first_object, forget, probe_key
from core.cutover.signing import Call
from core.display import safe
from core.errors import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Set as AbstractSet

    from core.cutover.door import Asker, Door, Reply

AT_ONCE: Final = 16

_NOT_FOUND: Final = 404
_DENIED: Final = 403
_PAUSED: Final = 503
_SERVER_ERROR: Final = 500
_OUR_FAULT: Final = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "XAdminUserNotFound",
        "RequestTimeTooSkewed",
        "NoSuchBucket",
        "InvalidBucketName",
        "BadDigest",
    }
)
"""Refusals that say something of us, and nothing of a fence."""


class Unproven(NamedTuple):
    """A door and a bucket at which the fence was not seen to hold. why, door: safe to show."""

    door: str
    bucket: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the harmless question found. hold: UNKNOWN where the answer fits neither."""

    door: str
    bucket: str
    hold: Hold
    why: str


async def look_fenced(
    asker: Asker, doors: Sequence[Door], buckets: Sequence[str]
) -> list[Shown]:
    """Ask at each door, for each bucket, to abort an upload that does not exist.

    404: open, and the account may write; 503 or 403: fenced, or the account may not write. Nothing
    changes whatever the answer; it does not show a read-only mount. For rehearsals.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(door: Door, bucket: str) -> Shown:
        call = Call(
            method="DELETE", bucket=bucket, key=probe_key("look"), query=(("uploadId", _UPLOAD),)
        )
        try:
            async with gate:
                reply = await asker.ask(door, call)
        except NoAnswer as error:
            return Shown(door=door.name, bucket=bucket, hold=Hold.UNKNOWN, why=error.what)
        return Shown(door=door.name, bucket=bucket, hold=_shown(reply), why=reply.told)

    return await asyncio.gather(*(one(door, bucket) for door in doors for bucket in buckets))


_UPLOAD: Final = "00000000-0000-4000-8000-000000000000"


def _shown(reply: Reply) -> Hold:
    if reply.code in _OUR_FAULT:
        return Hold.UNKNOWN
    if reply.status == _NOT_FOUND:
        return Hold.OPEN
    return Hold.FENCED if reply.status in {_PAUSED, _DENIED} else Hold.UNKNOWN


async def prove_fenced(
    asker: Asker,
    doors: Sequence[Door],
    buckets: Sequence[str],
    run: str,
    *,
    may_write: Collection[str] = (),
) -> list[Unproven]:
    """Try to write through each door into each bucket; return where that was not refused.

    Empty: the fence holds. buckets: all of the slice by name, for none would prove nothing. doors:
    every listener, and every gateway that was fenced. may_write: names of the doors at which
    `look_fenced` saw this account write before the fence: elsewhere a 403 may be the account's own
    lack of rights. What did get in is taken away again, or its name is said.
    """
    if not doors or not buckets:
        return [Unproven("none", "", "no door or no bucket was asked")]
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(at: int, door: Door, bucket: str) -> Unproven | None:
        async with gate:
            why = await _try(asker, door, bucket, f"{run}-{at}", door.name in may_write)
        return Unproven(door.name, bucket, why) if why else None

    tried = await asyncio.gather(
        *(one(at, door, bucket) for at, door in enumerate(doors) for bucket in buckets)
    )
    return [unproven for unproven in tried if unproven is not None]


async def _try(asker: Asker, door: Door, bucket: str, mark: str, able: bool) -> str:  # noqa: FBT001 - one fact
    """Return why the fence is not proven here, "" if it is."""
    try:
        kept = await first_object(asker, door, bucket)
        put = await asker.ask(
            door, Call(method="PUT", bucket=bucket, key=probe_key(f"{mark}-put"), body=b"vgwm")
        )
        whys = [_judge("PutObject", put)]
        statuses = {put.status}
        if kept is not None:
            copy = await asker.ask(door, _copy(bucket, kept, probe_key(f"{mark}-copy")))
            whys.append(_judge("CopyObject", copy))
            statuses.add(copy.status)
    except NoAnswer as error:
        whys, statuses = [error.what], set()
    left = [await forget(asker, door, bucket, probe_key(f"{mark}-{how}")) for how in _HOWS]
    whys += left
    if statuses == {_DENIED} and not able:
        whys.append("403, and the account was not seen to have the right to write")
    return "; ".join(why for why in whys if why)


_HOWS: Final = ("put", "copy")


def _copy(bucket: str, source: str, key: str) -> Call:
    from_ = Call(method="GET", bucket=bucket, key=source).path
    return Call(method="PUT", bucket=bucket, key=key, headers=(("x-amz-copy-source", from_),))


def _judge(what: str, reply: Reply) -> str:
    """Return why a reply is no refusal of a fence, "" if it is one."""
    if reply.code in _OUR_FAULT:
        return f"{what}: {reply.told}, which says nothing of a fence"
    if reply.status == _DENIED or reply.status >= _SERVER_ERROR:
        return ""
    return f"{what}: {reply.told}"


def summary(unproven: Sequence[Unproven], most: int = 5) -> str:
    """Return one line about where a fence was not proven, safe to show."""
    shown = "; ".join(f"{one.door} {safe(one.bucket)}: {one.why}" for one in unproven[:most])
    more = f"; {len(unproven) - most} more" if len(unproven) > most else ""
    return shown + more


def open_doors(shown: Sequence[Shown]) -> AbstractSet[str]:
    """Return the doors at which the account was seen to be able to write, in every bucket."""
    shut = {one.door for one in shown if one.hold is not Hold.OPEN}
    return {one.door for one in shown} - shut
