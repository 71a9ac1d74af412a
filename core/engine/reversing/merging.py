"""Green's changes found by comparing the whole object table with the ledger, bucket by bucket.

For databases that do not tell their changes, and for a list of changes that had a gap. Memory: a
page of each side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.ledger.greenlog import Green, GreenOp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.engine.reversing.judging import RowJudge
    from core.ledger.greenlog import GreenRow
    from core.ledger.known import Known
    from core.ledger.reading import LedgerReader
    from core.ledger.rows import BucketRow
    from core.target.objects import ObjectTable
    from core.target.shape import Row

PAGE: Final = 1_000


class Merge:
    """Compares one bucket. now_ns: what changes are dated by, UTC: their own time is not known."""

    def __init__(
        self, ledger: LedgerReader, table: ObjectTable, judge: RowJudge, bucket: BucketRow
    ) -> None:
        self._ledger = ledger
        self._table = table
        self._judge = judge
        self._bucket = bucket
        self._name = bucket.name.decode()

    async def pages(self, now_ns: int) -> AsyncIterator[list[Green]]:
        """Yield what is green's, a page of keys at a time; some pages are empty."""
        after = b""
        while True:
            rows, rows_end = await self._rows(after)
            known, known_end = await self._known(after)
            logged, logged_end = await self._logged(after)
            # all three are whole up to the nearest of their ends
            ends = [end for end in (rows_end, known_end, logged_end) if end is not None]
            upto = min(ends) if ends else None
            keys = sorted(key for key in {*rows, *known, *logged} if upto is None or key <= upto)
            yield [
                found
                for key in keys
                if (found := self._one(key, rows.get(key), known.get(key), logged, now_ns))
            ]
            if upto is None:
                return
            after = upto

    def _one(
        self,
        key: bytes,
        row: Row | None,
        known: Known | None,
        logged: dict[bytes, GreenRow],
        now_ns: int,
    ) -> Green | None:
        at = logged.get(key)
        if row is None and known is None and (at is None or at.op is GreenOp.DELETE):
            return None
        if row is None and at is not None and at.op is GreenOp.DELETE:
            return None  # known already, and nothing came back since
        return self._judge.change(self._bucket.id, key, row, known, now_ns, logged=at is not None)

    async def _rows(self, after: bytes) -> tuple[dict[bytes, Row], bytes | None]:
        page = await self._table.scan((self._name, after.decode()), PAGE)
        mine = [row for row in page if row[0] == self._name]
        found = {str(row[1]).encode(): row for row in mine}
        whole = len(mine) == PAGE
        return found, str(mine[-1][1]).encode() if whole else None

    async def _known(self, after: bytes) -> tuple[dict[bytes, Known], bytes | None]:
        page = await self._ledger.greenlog.known_page(self._bucket.id, after, PAGE)
        end = page[-1].key if len(page) == PAGE else None
        return {one.key: one for one in page}, end

    async def _logged(self, after: bytes) -> tuple[dict[bytes, GreenRow], bytes | None]:
        page = await self._ledger.greenlog.page(None, (self._bucket.id, after), PAGE)
        mine = [row for row in page if row.bucket_id == self._bucket.id]
        end = mine[-1].key if len(mine) == PAGE else None
        return {row.key: row for row in mine}, end
