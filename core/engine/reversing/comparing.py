"""Whether blue still holds what was carried to it, key by key (R3).

A fingerprint that stands still was read back already; one that moved is looked at again through the
private writer, and held against green's row where that can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cutover.uncarriable import why_not
from core.engine.reversing.seen_on_blue import differs
from core.engine.reversing.undoing import Fingerprint
from core.ledger.greenlog import GreenOp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.cutover.green_object import GreenRows
    from core.cutover.private_writer import PrivateWriter
    from core.engine.reversing.undoing import Blue
    from core.ledger.greenlog import GreenRow
    from core.ledger.reading import LedgerReader
    from core.target.objects import ObjectTable


class Comparer:
    """Compares rows of the greenlog. table: green's, None where green is dead."""

    def __init__(
        self,
        ledger: LedgerReader,
        writer: PrivateWriter,
        blue: Blue | None,
        rows: GreenRows,
        table: ObjectTable | None,
    ) -> None:
        self._ledger = ledger
        self._writer = writer
        self._blue = blue
        self._rows = rows
        self._table = table

    async def differs(self, rows: Sequence[GreenRow]) -> list[tuple[GreenRow, str]]:
        """Return those that differ on blue, and in what."""
        names = {row.id: row.name.decode() for row in await self._ledger.buckets()}
        found: list[tuple[GreenRow, str]] = []
        for row in rows:
            why = await self._one(row, names)
            if why:
                found.append((row, why))
        return found

    async def _one(self, row: GreenRow, names: Mapping[int, str]) -> str:
        bucket, key = names[row.bucket_id], row.key.decode()
        if row.op is GreenOp.DELETE:
            gone = why_not(key) or await self._writer.head(bucket, key) is None
            return "" if gone else "it is there, and green has deleted it"
        if self._blue is not None and row.ino is not None:
            kept = Fingerprint(row.ino, row.mtime_ns or 0, row.ctime_ns or 0)
            if await self._blue.fingerprint(bucket, key) == kept:
                return ""
        return await self._again(bucket, key, row)

    async def _again(self, bucket: str, key: str, row: GreenRow) -> str:
        seen = await self._writer.head(bucket, key)
        if seen is None:
            return "it is not there"
        if self._table is None:
            return "it was changed since it was carried, and green cannot be asked"
        present = await self._table.read([(bucket, key)])
        if not present or self._rows.digest(present[0]) != row.digest:
            return "green has changed it again"
        wanted = self._rows.described(present[0])
        # an ETag that blue has made of other parts was noted when it was carried
        return differs(wanted, seen, seen.etag if row.why else wanted.etag or seen.etag)
