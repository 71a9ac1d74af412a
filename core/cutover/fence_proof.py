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
from core.errors import Broken, Denied, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Set as AbstractSet

    from core.cutover.door import Asker, Door, Reply

AT_ONCE: Final = 16

_UPLOAD: Final = "00000000-0000-4000-8000-000000000000"

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
    """What the harmless question found. hold: UNKNOWN where the answer fits neither.

    of_us: it answers, but of our account or of a bucket that is gone, and of no fence.
    """

    door: str
    bucket: str
    hold: Hold
    why: str
    of_us: bool = False


async def look_fenced(asker: Asker, doors: Sequence[Door], buckets: Sequence[str]) -> list[Shown]:
    """Ask at each door, for each bucket, to abort an upload that does not exist.

    404: open, and the account may write; 503 or 403: fenced, or the account may not write. Nothing
    changes whatever the answer; it does not show a read-only mount. For rehearsals.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    silent: dict[str, str] = {}

    async def one(door: Door, bucket: str) -> Shown:
        call = Call(
            method="DELETE", bucket=bucket, key=probe_key("look"), query=(("uploadId", _UPLOAD),)
        )
        hold, why, of_us = Hold.UNKNOWN, "", False
        async with gate:
            if door.name not in silent:
                try:
                    reply = await asker.ask(door, call)
                    hold, why, of_us = _shown(reply), reply.told, reply.code in _OUR_FAULT
                except NoAnswer as error:
                    silent[door.name] = error.what
        why = why or silent[door.name]
        return Shown(door=door.name, bucket=bucket, hold=hold, why=why, of_us=of_us)

    return await asyncio.gather(*(one(door, bucket) for door in doors for bucket in buckets))


def _shown(reply: Reply) -> Hold:
    if reply.code in _OUR_FAULT:
        return Hold.UNKNOWN
    if reply.status == _NOT_FOUND and reply.code == "NoSuchUpload":
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
    silent: dict[str, str] = {}

    async def one(at: int, door: Door, bucket: str) -> Unproven | None:
        attempt = _Attempt(asker, door, bucket, f"{run}-{at}")
        async with gate:
            if door.name in silent:  # what hangs for one bucket would hang for each
                return Unproven(door.name, bucket, silent[door.name])
            why = await attempt.why(able=door.name in may_write)
            if attempt.silence:
                silent[door.name] = attempt.silence
        return Unproven(door.name, bucket, why) if why else None

    tried = await asyncio.gather(
        *(one(at, door, bucket) for at, door in enumerate(doors) for bucket in buckets)
    )
    return [unproven for unproven in tried if unproven is not None]


class _Attempt:
    """Trying to write into a bucket through a door. silence: what did not answer, "" if all did."""

    def __init__(self, asker: Asker, door: Door, bucket: str, mark: str) -> None:
        self._asker = asker
        self._door = door
        self._bucket = bucket
        self._mark = mark
        self._sent: list[str] = []
        self._statuses: set[int] = set()
        self.silence = ""

    async def why(self, *, able: bool) -> str:
        """Return why the fence is not proven here, "" if it is."""
        whys = []
        try:
            kept = await first_object(self._asker, self._door, self._bucket)
            whys.append(await self._write("PutObject", "put", b"vgwm"))
            if kept is not None:
                source = Call(method="GET", bucket=self._bucket, key=kept).path
                whys.append(await self._write("CopyObject", "copy", b"", source))
        except (Broken, Denied) as error:
            whys.append(error.what)
        except NoAnswer as error:
            self.silence = error.what
            whys.append(error.what)
        whys += [await forget(self._asker, self._door, self._bucket, key) for key in self._sent]
        if self._statuses == {_DENIED} and not able:
            whys.append("403, and the account was not seen to have the right to write")
        return "; ".join(why for why in whys if why)

    async def _write(self, what: str, how: str, body: bytes, source: str = "") -> str:
        """Try one write; return why its answer is no refusal of a fence, "" if it is one."""
        key = probe_key(f"{self._mark}-{how}")
        self._sent.append(key)
        headers = (("x-amz-copy-source", source),) if source else ()
        reply = await self._asker.ask(
            self._door,
            Call(method="PUT", bucket=self._bucket, key=key, headers=headers, body=body),
        )
        self._statuses.add(reply.status)
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
