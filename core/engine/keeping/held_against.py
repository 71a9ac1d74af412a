"""A new object table held against the one in use, row by row, before it takes its place.

May import the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.target.objects import START, same_row
from core.target.shape import Source
from core.verify.row_mark import parted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row, RowKey

PAGE: Final = 2_000


@dataclass(slots=True)
class Against:
    """What the new table is beside the old one, in rows; accesses and pins are not compared.

    carried: rows that somebody else wrote, and that the new table was given.
    """

    same: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    carried: int = 0


class Comparison:
    """Two tables in one merge. checkpoint: called at every page; raises where that is to end."""

    def __init__(
        self, profile: Profile, workspace: str, checkpoint: Callable[[], Awaitable[None]]
    ) -> None:
        self._workspace = workspace
        self._checkpoint = checkpoint
        self._fixed = [
            at for at, column in enumerate(profile.objects.columns) if not column.volatile
        ]
        self._meta_at = profile.objects.position(Source.METADATA)

    async def of(self, present: ObjectTable, new: ObjectTable, *, carry: bool) -> Against:
        """Return how they differ. carry: rows of others go into the new table as they are."""
        told = Against()
        kept: list[Row] = []
        old_rows, new_rows = self._rows(present), self._rows(new)
        old, row = await anext(old_rows, None), await anext(new_rows, None)
        while old is not None or row is not None:
            if row is None or (old is not None and _key(old) < _key(row)):
                assert old is not None  # noqa: S101 - one of them is there
                await self._only_there(old, told, kept, carry=carry, new=new)
                old = await anext(old_rows, None)
                continue
            if old is None or _key(row) < _key(old):
                told.added += 1
            else:
                self._both(old, row, told, kept, carry=carry)
                old = await anext(old_rows, None)
            row = await anext(new_rows, None)
        await new.upsert(kept)
        return told

    async def _only_there(
        self, old: Row, told: Against, kept: list[Row], *, carry: bool, new: ObjectTable
    ) -> None:
        if not carry or not self._is_others(old):
            told.removed += 1
            return
        told.carried += 1
        kept.append(old)
        if len(kept) >= PAGE:
            # behind them in order: the merge meets none of them again
            await new.upsert(kept)
            kept.clear()

    def _both(self, old: Row, row: Row, told: Against, kept: list[Row], *, carry: bool) -> None:
        if same_row(old, row, self._fixed):
            told.same += 1
        elif carry and self._is_others(old):
            told.carried += 1
            kept.append(old)
        else:
            told.changed += 1

    def _is_others(self, row: Row) -> bool:
        """Tell whether a row was written by somebody else: readable, and without our mark."""
        if self._meta_at is None:
            return False
        text = parted(row[self._meta_at])
        return text.bare is not None and text.mark.plan != self._workspace

    async def _rows(self, table: ObjectTable) -> AsyncIterator[Row]:
        after: RowKey = START
        while page := await table.scan(after, PAGE):
            await self._checkpoint()
            after = _key(page[-1])
            for row in page:
                yield row


def _key(row: Row) -> RowKey:
    return str(row[0]), str(row[1])
