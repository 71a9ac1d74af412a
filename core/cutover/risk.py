"""Data at risk: what green acknowledged and blue has not been seen to hold.

May import the ledger and the model.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from core.ledger.at_risk import summed
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.ledger.at_risk import GreenTally
    from core.ledger.greenlog import Stand
    from core.ledger.reading import LedgerReader

SILENT_NS: Final = 30_000_000_000
"""After this long without a word from the feed, nothing is known of green's newest writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Counted from the ledger's greenlog; never a guess (I7).

    since_ns: T_flip, 0 before the flip. writes, deletes: acknowledged by green, not verified on
    blue. oldest_ns: when the oldest of them was seen, 0 without any. uncarriable: those of them
    that blue cannot hold. silent_since_ns: from when on the feed of green's changes says nothing, 0
    while it speaks: then every figure is "unknown since", never 0.
    """

    since_ns: int
    writes: int = 0
    deletes: int = 0
    size_bytes: int = 0
    oldest_ns: int = 0
    uncarriable: int = 0
    carried: int = 0
    silent_since_ns: int = 0


def judge(at: Stand, open_: GreenTally, now_ns: int) -> Risk:
    """Return the risk of what is counted, at a time. Pure."""
    if not at.buckets:
        return Risk(since_ns=0, carried=at.carried)
    return Risk(
        since_ns=at.since_ns,
        writes=open_.puts,
        deletes=open_.deletes,
        size_bytes=open_.size_bytes,
        oldest_ns=open_.oldest_ns,
        uncarriable=open_.uncarriable,
        carried=at.carried,
        silent_since_ns=silent_since(at, now_ns),
    )


def silent_since(at: Stand, now_ns: int) -> int:
    """Return since when nothing is heard of green's changes; 0 while it is. Pure."""
    heard_ns = at.heard_ns or at.since_ns
    # a clock that was set back does not make an old word a new one
    return heard_ns if abs(now_ns - heard_ns) > SILENT_NS else 0


def unknown_since(at: Stand) -> str:
    """Return since when nobody knows what green took, for a sentence: `unknown since 12:00:03 UTC`.

    at: where the reverse copy stands; its feed was read to the end then.
    """
    heard_ns = at.heard_ns or at.since_ns
    if not heard_ns:
        return "unknown"
    return f"unknown since {datetime.fromtimestamp(heard_ns // NS_PER_S, UTC):%H:%M:%S} UTC"


async def risk(
    ledger: LedgerReader, now_ns: int | None = None, *, buckets: Collection[int] | None = None
) -> Risk:
    """Return the data at risk now. now_ns: UTC, None for the clock's.

    buckets: ids of those that count, such as a slice's; None for all. `carried` is of all.
    """
    return (await risks(ledger, (buckets,), now_ns))[0]


async def risks(
    ledger: LedgerReader, groups: Sequence[Collection[int] | None], now_ns: int | None = None
) -> list[Risk]:
    """Return the data at risk of each group of buckets, all as of one look."""
    stand, counted = await ledger.greenlog.stand(), await ledger.at_risk.tallies()
    at_ns = time.time_ns() if now_ns is None else now_ns
    found = []
    for buckets in groups:
        ours = tuple(one for one in stand.buckets if buckets is None or one in buckets)
        open_ = summed(counted[one] for one in ours if one in counted)
        found.append(judge(msgspec.structs.replace(stand, buckets=ours), open_, at_ns))
    return found
