"""The join of one part of a bucket: five sides merged in key order, equal keys written down.

What is not plainly equal is only named here; it is looked at again after some seconds, and judged
then (`core.verify.again`). Memory: some pages of each side. May import its own room.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from core.ledger.rows import RACY
from core.model import ObjectState
from core.verify.difference import Listed
from core.verify.feed import Feed
from core.verify.key_judge import Case
from core.verify.table_side import row_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.model import Entry
    from core.target.shape import Row
    from core.verify.difference import Difference
    from core.verify.key_judge import KeyJudge
    from core.verify.ledger_row import LedgerRow
    from core.verify.page_match import PageMatch
    from core.verify.part_files import JoinPart
    from core.verify.segments import Segment
    from core.verify.sides import (
        FoundSide,
        LedgerCut,
        LedgerSide,
        PinSeen,
        PinSide,
        SourceSide,
        TableCursor,
        TableCut,
        TableSide,
    )

    _AnyFeed: TypeAlias = Feed[Entry] | Feed[Row] | Feed[Difference]

PAGE: Final = 1_000
"""Keys of a stretch, about."""

SMALL: Final = 64
"""A stretch with a difference is halved until it is smaller than this."""

_KEY: Final = itemgetter(0)
_NAME: Final = itemgetter(0, 1)
_ENDED: Final = frozenset(
    {int(ObjectState.SKIPPED), int(ObjectState.GONE), int(ObjectState.GONE_APPLIED)}
)


class Stretch(NamedTuple):
    """Some keys on all sides, each side in order of key. pins: of the bundles of kept."""

    kept: list[LedgerRow]
    seen: list[Entry]
    rows: list[Row]
    found: list[Difference]
    pins: dict[int, PinSeen]

    def halves(self) -> tuple[Stretch, ...]:
        """Return two parts of it, cut at a key of the ledger; none where it is small."""
        if len(self.kept) < SMALL:
            return ()
        middle = self.kept[len(self.kept) // 2][0]
        at = [
            bisect_left(self.kept, middle, key=_KEY),
            bisect_left(self.seen, middle, key=_KEY),
            bisect_left(self.rows, middle, key=row_key),
            bisect_left(self.found, middle, key=_found_key),
        ]
        if not at[0]:
            return ()  # versions of one key
        first = Stretch(
            self.kept[: at[0]],
            self.seen[: at[1]],
            self.rows[: at[2]],
            self.found[: at[3]],
            self.pins,
        )
        rest = Stretch(
            self.kept[at[0] :],
            self.seen[at[1] :],
            self.rows[at[2] :],
            self.found[at[3] :],
            self.pins,
        )
        return (first, rest)


class _Cut(NamedTuple):
    """The same as they come: rows are read one by one only where columns are not equal."""

    kept: LedgerCut
    seen: list[Entry]
    rows: TableCut
    found: list[Difference]


class Sides:
    """Every side of a join. recorded_only: what is under way is left out."""

    def __init__(  # noqa: PLR0913 - one side each
        self,
        *,
        source: SourceSide,
        ledger: LedgerSide,
        table: TableSide,
        pins: PinSide,
        found: FoundSide,
        match: PageMatch,
        judge: KeyJudge,
        recorded_only: bool,
    ) -> None:
        self.source = source
        self.ledger = ledger
        self.table = table
        self.pins = pins
        self.found = found
        self.match = match
        self.judge = judge
        self.recorded_only = recorded_only

    def close(self) -> None:
        """Close every side."""
        for side in (self.source, self.ledger, self.table, self.pins, self.found):
            side.close()


class Join:
    """Joins parts one after the other. A walk goes on from one part into the next."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._walk: Feed[Entry] | None = None
        self._walked: tuple[bytes, bytes | None] = (b"", None)

    def run(self, segment: Segment, part: JoinPart, told: Callable[[int], None]) -> None:
        """Join a part's keys into `part`. told: called with the keys of each stretch."""
        sides, bucket = self._sides, segment.bucket
        table = sides.table.open(bucket.decode(), segment.after.decode())
        found = Feed(sides.found.pages(bucket, segment.after), _found_key, several=True)
        source = self._source(segment)
        feeds: list[_AnyFeed] = [source, found]
        if table.feed is not None:
            feeds.append(table.feed)
        end = None if segment.upto is None else segment.upto + b"\0"
        low = segment.after + b"\0" if segment.after else b""
        while True:
            wanted, last = _next_cut(feeds, end)
            kept, rows = self._cuts(segment.bucket_id, (low, wanted), table)
            low, last = rows.end or b"", last and rows.end == wanted
            seen, ills = source.below(rows.end), found.below(rows.end)
            keys = self._cut(segment, part, _Cut(kept, seen, rows, ills))
            part.keys += keys
            told(keys)
            if last:
                break
        self._walked = (bucket, segment.upto)

    def _source(self, segment: Segment) -> Feed[Entry]:
        """Return the walk: the one at work, if the part begins where the last one ended."""
        here = (segment.bucket, segment.after or None)
        if self._walk is None or self._walked != here or segment.after == b"":
            pages = self._sides.source.pages(segment.bucket, segment.after)
            self._walk = Feed(pages, _KEY, several=True)
        return self._walk

    def _cuts(
        self, bucket_id: int, span: tuple[bytes, bytes | None], table: TableCursor
    ) -> tuple[LedgerCut, TableCut]:
        """Return what ledger and table hold of the same keys, from the first of a span on.

        They end at its end, or where one of them has more than a cut may have.
        """
        ledger, low, packed = self._sides.ledger, span[0], table.feed is None
        kept = ledger.cut(bucket_id, low, span[1], packed=packed)
        rows = table.cut(kept.end)
        if rows.end != kept.end:
            kept = ledger.cut(bucket_id, low, rows.end, packed=packed, whole=True)
        return kept, rows

    def _cut(self, segment: Segment, part: JoinPart, cut: _Cut) -> int:
        """Write a stretch down if its columns are equal; else look at the rows. Return its keys."""
        match, pins, sound = self._sides.match, self._sides.pins, not cut.found
        columns, packed = cut.kept.packed, cut.rows.packed
        if columns is not None and packed is not None and sound:
            of = pins.of(sorted({its for its, _ in columns.bundles}))
            if match.all_packed_equal(columns, cut.seen, packed, of):
                part.equal_packed(columns.keys, columns.rows)
                return columns.rows
        cut.seen.sort()  # the walk lists a key's versions newest first
        kept = cut.kept.rows()
        of = pins.of(sorted({one[7] for one in kept if one[7] is not None}))
        if packed is not None and sound and match.packed_equal(kept, cut.seen, packed, of):
            part.equal([one[0] for one in kept], [one[1] for one in kept])
            if packed.rows != len(kept):
                part.count_forms(kept)
            return len(kept)
        stretch = Stretch(kept, cut.seen, cut.rows.rows(), cut.found, of)
        if any(stretch[:4]):
            self._stretch(segment, part, stretch)
        return len(kept)

    def _equal(self, part: JoinPart, cut: Stretch) -> None:
        part.equal([one[0] for one in cut.kept], [one[1] for one in cut.kept])
        part.count_forms(cut.kept)

    def _stretch(self, segment: Segment, part: JoinPart, cut: Stretch) -> None:
        """Write a stretch down if it is equal as a whole; else halve it, and look at each key."""
        sides = self._sides
        if sides.match.exact and not cut.found and sides.match.equal(*cut[:3], cut.pins):
            self._equal(part, cut)
            return
        halves = cut.halves() if sides.match.exact else ()
        for half in halves:
            self._stretch(segment, part, half)
        if not halves:
            self._by_key(segment, part, cut)

    def _by_key(self, segment: Segment, part: JoinPart, cut: Stretch) -> None:
        kept = {_NAME(one): one for one in cut.kept}
        seen = {_NAME(one): one for one in cut.seen}
        rows = {(row_key(row), b""): row for row in cut.rows}
        ill = {(one.key, one.version) for one in cut.found}
        equal: list[tuple[bytes, bytes]] = []
        for name in sorted({*kept, *seen, *rows, *ill}):
            one, entry, row = kept.get(name), seen.get(name), rows.get(name)
            if one is None or entry is None or name in ill:
                same = False
            else:
                same = self._is_equal(segment, one, entry, row, cut.pins)
            if one is not None and same:
                equal.append(name)
                part.count_forms([one])
            elif not self._settled(part, one, entry, row):
                part.look_again(*name)
        part.equal([name[0] for name in equal], [name[1] for name in equal])

    def _is_equal(
        self,
        segment: Segment,
        kept: LedgerRow,
        entry: Entry,
        row: Row | None,
        pins: dict[int, PinSeen],
    ) -> bool:
        """Tell whether one key is equal; where stamps or columns cannot tell, by its attributes."""
        sides, bundle = self._sides, kept[7]
        racy = kept[5] == RACY and kept[2:5] == entry[2:5]
        if not racy and sides.match.exact:
            its = {} if bundle is None or bundle not in pins else {bundle: pins[bundle]}
            return sides.match.equal([kept], [entry], [] if row is None else [row], its)
        if kept[2:5] != entry[2:5] or (kept[5] != entry[5] and not racy):
            return False
        look = sides.source.look(segment.bucket, kept[0], kept[1])
        pin = None if bundle is None else pins.get(bundle)
        case = Case(segment.bucket, kept[0], kept[1], kept, look, row, pin, (), segment.owner)
        return sides.judge.judge(case).listed is Listed.EQUAL

    def _settled(
        self, part: JoinPart, kept: LedgerRow | None, entry: Entry | None, row: Row | None
    ) -> bool:
        """Count a key that needs no second look: at neither end, or not of what was asked for."""
        if row is not None:
            return False
        if kept is None:
            return self._sides.recorded_only
        if kept[6] == ObjectState.SKIPPED:
            part.skipped += 1
            return True
        if kept[6] in _ENDED and entry is None:
            part.gone += 1
            return True
        return self._sides.recorded_only and kept[6] != ObjectState.RECORDED


def _next_cut(feeds: Sequence[_AnyFeed], end: bytes | None) -> tuple[bytes | None, bool]:
    """Return the key below which every side is held, and whether that is the part's end.

    Reads on where a side holds nothing but versions of one key.
    """
    for feed in feeds:
        feed.fill(PAGE)
    while True:
        limits = [limit for feed in feeds if (limit := feed.limit()) is not None]
        lowest = min(limits, default=None)
        if lowest is None or (end is not None and lowest >= end):
            return end, True
        if any(feed.holds_below(lowest) for feed in feeds):
            return lowest, False
        for feed in feeds:
            if feed.limit() == lowest:
                feed.grow()


def _found_key(one: Difference) -> bytes:
    return one.key
