"""The keys that probes try to write: how they are called, and how they are taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.cutover.listing import EXACT, objects_of
from core.cutover.signing import Call
from core.display import safe
from core.errors import Broken, Denied, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.door import Asker, Door

PREFIX: Final = "vgwm-probe-"
"""How every key of ours begins; no client has reason to use it."""

_NOT_FOUND: Final = 404
_OK: Final = 200
_LOOKED_AT: Final = 50


def probe_key(mark: str) -> str:
    """Return the key of a probe. mark: letters, digits and dashes."""
    return f"{PREFIX}{mark}"


async def first_object(asker: Asker, door: Door, bucket: str) -> str | None:
    """Return the smallest of a bucket's first objects, None if there is none.

    Whatever its size: a copy that a fence refuses costs nothing, and one that is not tried proves
    nothing of a gateway that lets copies alone through.
    Raises NoAnswer; Denied where it does not list; Broken for a listing that is none.
    """
    call = Call(
        method="GET",
        bucket=bucket,
        query=(EXACT, ("list-type", "2"), ("max-keys", str(_LOOKED_AT))),
    )
    where = f"GET at {door.name}"
    reply = await asker.ask(door, call)
    if reply.status != _OK:
        raise Denied(
            what=f"bucket {safe(bucket)} is not listed there: {reply.told}",
            where=where,
            remedy="Use an account that may list and write, as the gateway's root.",
        )
    listed = objects_of(reply.body, where)
    usable = [one for one in listed if one.key[-1:] != "/"]
    return min(usable, key=lambda one: one.size_bytes).key if usable else None


async def sweep(asker: Asker, door: Door, buckets: Sequence[str], mark: str) -> list[str]:
    """Take away what probes left whose name begins with a mark; return what was wrong there.

    A write that was not answered may have been done later, and one of an engine that was killed may
    stand: to be called once the door is open again. mark: a workspace's id, or a run. At most 50 of
    a bucket.
    """
    found: list[str] = []
    for bucket in buckets:
        query = (EXACT, ("list-type", "2"), ("max-keys", "50"), ("prefix", probe_key(f"{mark}-")))
        try:
            reply = await asker.ask(door, Call(method="GET", bucket=bucket, query=query))
            if reply.status != _OK:
                found.append(f"{safe(bucket)} is not listed: {reply.told}")
                continue
            listed = objects_of(reply.body, f"GET at {door.name}")
        except (NoAnswer, Broken) as error:
            return [*found, error.what]
        whys = [await forget(asker, door, bucket, one.key) for one in listed]
        found += [why for why in whys if why]
    return found


async def forget(asker: Asker, door: Door, bucket: str, key: str) -> str:
    """See that a probe's key is absent, and take it away if it is not.

    Return what was wrong, "" if it was absent. A version that a versioned bucket made of it goes
    with it. Never raises silence: it is in the answer.
    """
    named = f"{safe(bucket)}/{safe(key)}"
    try:
        seen = await asker.ask(door, Call(method="HEAD", bucket=bucket, key=key))
        if seen.status == _NOT_FOUND:
            return ""
        if seen.status != _OK:
            return f"whether {named} is there is unknown: {seen.told}"
        version = seen.headers.get("x-amz-version-id", "")
        query = (("versionId", version),) if version else ()
        await asker.ask(door, Call(method="DELETE", bucket=bucket, key=key, query=query))
        after = await asker.ask(door, Call(method="HEAD", bucket=bucket, key=key))
    except NoAnswer as error:
        return f"whether {named} is there is unknown: {error.what}"
    if after.status == _NOT_FOUND:
        return f"{named} was written; it was taken away again"
    return f"{named} was written and is still there: delete it by hand"
