"""Shadow reads: the same requests to both sides, their answers compared (gate `shadow`).

HEAD, GET and LIST of each sample. Equal are statuses, headers that clients see, and the hash of the
bytes; of an object above 8 MiB its first 8 MiB. Blue's times are the baseline of green's.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from core.cutover.gate import Gate
from core.cutover.listing import EXACT, objects_of
from core.cutover.signing import Call
from core.display import safe
from core.errors import Broken, NoAnswer, NodeSlow
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.door import Asker, Door, Reply
    from core.cutover.samples import Sample

LIMIT_S: Final = 3600.0
KEYS: Final = 1_000

SLOWER: Final = 2.0
"""How many times blue's p99 green's may be."""

NOISE_S: Final = 0.02
"""A p99 below this is quick enough whatever the baseline is."""

_GONE: Final = 404
_AT_ONCE: Final = 8
_AGAIN: Final = 500
_AGAIN_S: Final = 20.0
_LEAST: Final = 150
"""Of the second look: how many keys at most, for how long, and how many whatever that takes."""

_PAUSE_S: Final = 1.0
"""What held up the first look may be over by then."""

_LATE: Final = 100
_NAMED: Final = 5
_WHOLE_BYTES: Final = 8 << 20
_COMPARED: Final = (
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Content-Encoding",
    "Content-Disposition",
    "Content-Language",
    "Cache-Control",
    "Expires",
    "ETag",
    "Last-Modified",
    "x-amz-tagging-count",
)
_META: Final = "x-amz-meta-"


@dataclass(slots=True)
class Times:
    """How long a side's answers took, in seconds."""

    seconds: list[float] = field(default_factory=list)

    @property
    def p99_s(self) -> float:
        """Return the time that 99 of 100 stay below; 0 without any."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else 0.0


@dataclass(slots=True, kw_only=True)
class Compared:
    """What came of comparing. differ: of so many samples, the first named in `names`, safe.

    moved: that are not on blue any more what the ledger knows: dirty, not different. spare: late
    answers that may still be asked for again.
    """

    keys: int = 0
    differ: int = 0
    moved: int = 0
    names: list[str] = field(default_factory=list)
    silent: str = ""
    spare: int = 0
    blue: Times = field(default_factory=Times)
    green: Times = field(default_factory=Times)


async def compare(  # noqa: PLR0913 - both sides, and how they are asked
    asker: Asker,
    blue: Door,
    green: Door,
    samples: Sequence[Sample],
    *,
    at_once: int = _AT_ONCE,
    limit_s: float | None = None,
) -> Compared:
    """Ask both sides for each sample. Silence ends it: `silent` then says whose.

    Each request goes to both, one behind the other, to either first in turn: what holds up this
    host for a moment meets both alike. Late answers are asked for again, one of a hundred, and as
    many as such a moment meets. limit_s: from when on 150 keys are enough; None: never.
    """
    found = Compared(spare=max(at_once, len(samples) // _LATE))
    gate = asyncio.Semaphore(at_once)
    until_s = None if limit_s is None else time.monotonic() + limit_s

    async def one(number: int, sample: Sample) -> None:
        async with gate:
            over = until_s is not None and found.keys >= _LEAST and time.monotonic() >= until_s
            if found.silent or over:
                return
            try:
                why, moved = await _asked(asker, (blue, green), sample, found, first=number % 2)
            except (NoAnswer, Broken) as error:
                found.silent = f"{error.where}: {error.what}"
                return
        if moved:
            found.moved += 1
            return
        found.keys += 1
        if why:
            found.differ += 1
            if len(found.names) < _NAMED:
                found.names.append(f"{sample.name} ({why})")

    await asyncio.gather(*(one(number, sample) for number, sample in enumerate(samples)))
    return found


async def _asked(
    asker: Asker, doors: tuple[Door, Door], sample: Sample, found: Compared, *, first: int
) -> tuple[str, bool]:
    """Return in what a key differs, "" if in nothing, and whether it has moved on blue."""
    while True:
        try:
            why = await _differs(asker, doors, sample, found, first=first)
            return why, bool(why) and await _has_moved(asker, doors[0], sample)
        except NodeSlow:
            if not found.spare:
                raise
            found.spare -= 1


async def shadow(asker: Asker, blue: Door, green: Door, samples: Sequence[Sample]) -> Gate:
    """Compare both sides by samples, and judge it.

    Where only green's times are wrong, some are asked for once more, a moment later and one by one:
    on a busy host requests of ours wait for each other, and that is neither side's. The second look
    counts, with more answers than a p99 hangs on.
    """
    began_ns = time.time_ns()
    found = await compare(asker, blue, green, samples)
    if not found.silent and not found.differ and is_slow(found.blue.p99_s, found.green.p99_s):
        await asyncio.sleep(_PAUSE_S)
        again = await compare(asker, blue, green, samples[:_AGAIN], at_once=1, limit_s=_AGAIN_S)
        found = replace(again, keys=found.keys)
    return judge(found, began_ns)


def judge(found: Compared, at_ns: int) -> Gate:
    """Judge what came of comparing."""
    remedy = ""
    blue_ms, green_ms = found.blue.p99_s * 1000, found.green.p99_s * 1000
    moved = f", {found.moved:,} have changed on blue since their copy" if found.moved else ""
    times = f"p99 blue {blue_ms:.1f} ms, green {green_ms:.1f} ms"
    if found.silent:
        verdict, evidence = Verdict.UNKNOWN, f"{found.silent}, after {found.keys:,} keys"
        remedy = "Let both sides answer, and look again."
    elif not found.keys:
        verdict, evidence = Verdict.UNKNOWN, f"no key was there to compare{moved}"
        remedy = "Copy something first."
    elif found.differ:
        verdict = Verdict.FAIL
        evidence = f"{found.differ:,} of {found.keys:,} keys differ: {'; '.join(found.names)}"
        remedy = "Verify, and repair what differs."
    elif is_slow(found.blue.p99_s, found.green.p99_s):
        verdict, evidence = Verdict.FAIL, f"{found.keys:,} keys equal, but {times}"
        remedy = "Look at green's cache, its nodes and its table: it is too slow for these clients."
    else:
        verdict = Verdict.PASS
        evidence = f"{found.keys:,} keys, HEAD GET LIST equal{moved}; {times}"
    return Gate(
        name="shadow",
        verdict=verdict,
        evidence=evidence,
        at_ns=at_ns,
        limit_s=LIMIT_S,
        remedy=remedy,
    )


def is_slow(baseline_s: float, now_s: float) -> bool:
    """Tell whether a p99 is too much beside its baseline."""
    return now_s > NOISE_S and now_s > SLOWER * baseline_s


async def _differs(
    asker: Asker, sides: tuple[Door, Door], sample: Sample, found: Compared, *, first: int
) -> str:
    """Return in what a sample differs, "" if in nothing. first: which side is asked first."""
    blue, green = sides
    for number, call in enumerate(_calls(sample), first):
        # One after the other: asked together, the two sides would share this host's cores.
        if number % 2:
            there = await asker.ask(green, call)
            here = await asker.ask(blue, call)
        else:
            here = await asker.ask(blue, call)
            there = await asker.ask(green, call)
        found.blue.seconds.append(here.took_s)
        found.green.seconds.append(there.took_s)
        listing = not call.key
        why = _listed(here, there, blue, green) if listing else _answered(here, there)
        if why:
            return f"{'LIST' if listing else call.method}: {why}"
    return ""


async def _has_moved(asker: Asker, blue: Door, sample: Sample) -> bool:
    """Tell whether blue has another object by now than the ledger: the next round brings it."""
    reply = await asker.ask(blue, Call(method="HEAD", bucket=sample.bucket, key=sample.key))
    if reply.status == _GONE:
        return True
    size, etag = reply.headers.get("Content-Length", ""), reply.headers.get("ETag", "").strip('"')
    if size != str(sample.size_bytes) or bool(sample.etag and etag != sample.etag):
        return True
    modified = reply.headers.get("Last-Modified", "")
    return bool(sample.modified_s) and formatdate(sample.modified_s, usegmt=True) != modified


def _calls(sample: Sample) -> tuple[Call, ...]:
    cut = (("range", f"bytes=0-{_WHOLE_BYTES - 1}"),) if sample.size_bytes > _WHOLE_BYTES else ()
    query = (EXACT, ("list-type", "2"), ("max-keys", "1"), ("prefix", sample.key))
    return (
        Call(method="HEAD", bucket=sample.bucket, key=sample.key),
        Call(method="GET", bucket=sample.bucket, key=sample.key, headers=cut),
        Call(method="GET", bucket=sample.bucket, query=query),
    )


def _answered(here: Reply, there: Reply) -> str:
    """Return in what two answers differ, with blue's and green's value."""
    if here.told != there.told:
        return f"{here.told} and {there.told}"
    if here.sha256 != there.sha256:
        return "other bytes"
    own = {name for reply in (here, there) for name in reply.headers if _is_meta(name)}
    names = [*_COMPARED, *sorted({name.lower() for name in own})]
    other = [name for name in names if here.headers.get(name) != there.headers.get(name)]
    if not other:
        return ""
    first, second = (reply.headers.get(other[0], "none") for reply in (here, there))
    return f"{safe(other[0])} {safe(first)[:60]} and {safe(second)[:60]}"


def _is_meta(name: str) -> bool:
    return name.lower().startswith(_META)


def _listed(here: Reply, there: Reply, blue: Door, green: Door) -> str:
    if here.told != there.told:
        return f"{here.told} and {there.told}"
    mine = objects_of(here.body, f"LIST at {blue.name}")
    other = objects_of(there.body, f"LIST at {green.name}")
    return "" if mine == other else "listed otherwise"
