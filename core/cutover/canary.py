"""A canary: an object put, read, listed and deleted, as a client would (gate `canary`)."""

from __future__ import annotations

import time
from hashlib import md5, sha256
from typing import TYPE_CHECKING, Final

from core.cutover.gate import Gate
from core.cutover.listing import EXACT, objects_of
from core.cutover.proof_keys import forget, probe_key
from core.cutover.signing import Call
from core.display import safe
from core.errors import Broken, NoAnswer
from core.verdict import Verdict

if TYPE_CHECKING:
    from core.cutover.door import Asker, Door

LIMIT_S: Final = 300.0

_OK: Final = 200
_NOTE: Final = "x-amz-meta-vgwm-canary"


async def canary(asker: Asker, door: Door, bucket: str, run: str) -> Gate:
    """Put an object with metadata, read and list it, delete it; say what of it fails.

    What could not be deleted is named. For a side that accepts writes: green before the
    flip, blue in R4.
    """
    began_ns, began_s = time.time_ns(), time.monotonic()
    key = probe_key(f"{run}-canary")
    try:
        wrong = await _round(asker, door, bucket, key)
        verdict = Verdict.FAIL if wrong else Verdict.PASS
    except NoAnswer as error:
        verdict, wrong = Verdict.UNKNOWN, error.what
    except Broken as error:
        verdict, wrong = Verdict.FAIL, error.what
    took_ms = (time.monotonic() - began_s) * 1000
    if wrong:
        left = await forget(asker, door, bucket, key)
        wrong = f"{wrong}; {left}" if left else wrong
    told = f"put, get, list and delete in {safe(bucket)} took {took_ms:.0f} ms"
    return Gate(
        name="canary",
        verdict=verdict,
        evidence=f"{door.name}: {wrong or told}",
        at_ns=began_ns,
        limit_s=LIMIT_S,
        remedy="Look into that gateway's log, and at the rights of the account." if wrong else "",
    )


async def _round(asker: Asker, door: Door, bucket: str, key: str) -> str:
    """Return what went wrong first, "" for nothing."""
    body = f"vgwm {time.time_ns()}".encode()
    note = sha256(body).hexdigest()
    put = await asker.ask(
        door,
        Call(
            method="PUT",
            bucket=bucket,
            key=key,
            headers=(("content-type", "text/x-vgwm"), (_NOTE, note)),
            body=body,
        ),
    )
    if put.status != _OK:
        return f"PUT: {put.told}"
    got = await asker.ask(door, Call(method="GET", bucket=bucket, key=key))
    if got.status != _OK:
        return f"GET: {got.told}"
    etag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
    seen = {
        "bytes": got.sha256 == sha256(body).digest(),
        "metadata": got.headers.get(_NOTE) == note,
        "Content-Type": got.headers.get("Content-Type") == "text/x-vgwm",
        "ETag": got.headers.get("ETag") == etag,
    }
    other = [name for name, same in seen.items() if not same]
    if other:
        return f"GET: {', '.join(other)} came back otherwise"
    return await _listed_and_deleted(asker, door, bucket, key)


async def _listed_and_deleted(asker: Asker, door: Door, bucket: str, key: str) -> str:
    query = (EXACT, ("list-type", "2"), ("prefix", key))
    listed = await asker.ask(door, Call(method="GET", bucket=bucket, query=query))
    if listed.status != _OK:
        return f"LIST: {listed.told}"
    if [one.key for one in objects_of(listed.body, f"LIST at {door.name}")] != [key]:
        return "LIST: it is not listed"
    gone = await asker.ask(door, Call(method="DELETE", bucket=bucket, key=key))
    if gone.status not in {_OK, 204}:
        return f"DELETE: {gone.told}"
    after = await asker.ask(door, Call(method="HEAD", bucket=bucket, key=key))
    return "" if after.status == 404 else f"HEAD after DELETE: {after.told}"  # noqa: PLR2004 - HTTP's own
