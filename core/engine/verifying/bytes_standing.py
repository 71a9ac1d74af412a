"""Where a look at bytes stands: what it counted and found, and the cursor, kept together.

May import the verification and the ledger's statements.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from core.display import safe
from core.engine.verifying.bytes_bundle import BAD, EXTRA, OBJECT_BYTES, UNREAD, WHOLE
from core.ledger.counters import CLASSES
from core.verify.bound import bound95
from core.verify.bytes_told import BytesFigures, Stratum
from core.verify.findings import Findings, Tally
from core.verify.sampling import Draw, Parts
from core.verify.size_classes import class_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.engine.verifying.bytes_task import BytesResult
    from core.ledger.rows import BucketRow
    from core.verify.bytes_told import BytesWish
    from core.verify.difference import Difference

KEEP_S: Final = 1.0
MOST_SHOWN: Final = 100
"""Parts of a kind that figures name: those with faults first, then the largest."""

_READ: Final = Tally("all", "", "read_bytes")
_MS: Final = Tally("all", "", "ms")
_BUNDLES: Final = Tally("all", "", "bundles")
_CURSOR: Final = "cursor"
_DRAW: Final = "draw"


class Standing:
    """What is kept, and what was read since. names: of the buckets, by id."""

    def __init__(self, store: Findings, wish: BytesWish, buckets: Iterable[BucketRow]) -> None:
        self._store = store
        self._wish = wish
        self._names = {row.id: safe(row.name) for row in buckets}
        self._total = Counter(store.tallies())
        self._fresh: Counter[Tally] = Counter()
        self._found: list[Difference] = []
        self._kept_s = time.monotonic()
        kept = store.get(_DRAW)
        self.draw = None if kept is None else msgspec.json.decode(kept, type=Draw)
        self.cursor = int((store.get(_CURSOR) or b"0").decode())
        self.bundles = 0

    def begin(self, draw: Draw) -> None:
        """Keep the limits of the sample: a look that goes on takes the same objects."""
        self.draw = draw
        self._store.keep((), {}, {_DRAW: msgspec.json.encode(draw)})

    async def add(self, result: BytesResult) -> None:
        """Take a bundle's answer; what came is kept once a second."""
        self.cursor = result.bundle
        self._found += result.found
        self._fresh.update(result.counted)
        self._fresh.update({_READ: result.read_bytes, _BUNDLES: 1})
        if time.monotonic() - self._kept_s >= KEEP_S:
            await self.keep()

    async def keep(self) -> None:
        """Keep all that came."""
        now_s = time.monotonic()
        self._fresh[_MS] += int((now_s - self._kept_s) * 1000)
        self._kept_s = now_s
        found, fresh = self._found, self._fresh
        self._found, self._fresh = [], Counter()
        self._total.update(fresh)
        kept = {_CURSOR: str(self.cursor).encode()}
        await asyncio.to_thread(self._store.keep, found, fresh, kept)

    def figures(self, *, whole: bool = False) -> BytesFigures:
        """Return what was read so far."""
        total = self._total + self._fresh
        n, bad, done = total[WHOLE], total[BAD], total[_BUNDLES]
        told = BytesFigures(
            full=self._wish.full,
            seed=self._wish.seed,
            n=n,
            bad=bad,
            unread=total[UNREAD],
            extra=total[EXTRA],
            object_bytes=total[OBJECT_BYTES],
            read_bytes=total[_READ],
            seconds=total[_MS] / 1000 + time.monotonic() - self._kept_s,
            bound95=bound95(n, bad),
            done=done,
            all=max(self.bundles, done),
            whole=whole,
            strata=tuple(self._strata(total)),
        )
        if not whole or told.unread:
            return told
        if self._reads_all:
            return _proved(told)
        return replace(told, strata=tuple(self._strata(total, whole=True)))

    @property
    def _reads_all(self) -> bool:
        return self.draw is None or self.draw.takes_all

    def _strata(self, total: Counter[Tally], *, whole: bool = False) -> list[Stratum]:
        """Return the parts. whole: all that was to be read was: a part taken whole has no bound."""
        parts = {tally[:2] for tally in total if tally.kind != "all"}
        told = [
            _exact(one) if whole and self._takes_whole(kind, name) else one
            for kind, name in sorted(parts)
            for one in (self._stratum(kind, name, total),)
        ]
        shown: list[Stratum] = []
        for kind in ("size", "bucket", "worker", "tries"):
            of_kind = [one for one in told if one.kind == kind]
            of_kind.sort(key=lambda one: (-one.bad, -one.n, one.name))
            shown += of_kind[:MOST_SHOWN]
        return shown

    def _stratum(self, kind: str, name: str, total: Counter[Tally]) -> Stratum:
        n, bad = total[Tally(kind, name, "n")], total[Tally(kind, name, "bad")]
        return Stratum(
            kind=kind,
            name=self._shown(kind, name),
            n=n,
            bad=bad,
            bound95=bound95(n, bad),
            denser=self.draw is not None and self.draw.denser(kind, name),
        )

    def _takes_whole(self, kind: str, name: str) -> bool:
        return self.draw is None or self.draw.takes_whole(kind, name)

    def _shown(self, kind: str, name: str) -> str:
        if kind == "size":
            return class_name(int(name))
        if kind == "bucket":
            return self._names.get(int(name), name)
        return safe(name) or "unknown"


def _proved(told: BytesFigures) -> BytesFigures:
    """Return figures of a set that was read as a whole: no bound is left but the share itself."""
    strata = tuple(map(_exact, told.strata))
    return replace(told, bound95=told.bad / told.n if told.n else 0.0, strata=strata)


def _exact(one: Stratum) -> Stratum:
    return replace(one, bound95=one.bad / one.n if one.n else 0.0)


def parts_of_all(
    shares: Sequence[tuple[int, str, bool, int]], sizes: Sequence[Sequence[int]]
) -> Parts:
    """Return how many objects each part has.

    shares: (bucket id, worker, whether tried again, objects). sizes: by class, of each bucket.
    """
    buckets: Counter[int] = Counter()
    workers: Counter[str] = Counter()
    retried: Counter[bool] = Counter()
    for bucket, worker, again, n in shares:
        buckets[bucket] += n
        workers[worker] += n
        retried[again] += n
    return Parts(
        total=buckets.total(),
        sizes=tuple(sum(of[at] for of in sizes) for at in range(CLASSES)),
        buckets=dict(buckets),
        workers=dict(workers),
        retried=dict(retried),
    )
