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

    carried: rows that somebody else wrote, and that the new table was given. filled: rows that it
    held before that. held: rows that it holds now.
    """

    same: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    carried: int = 0
    filled: int = 0
    held: int = 0


class Comparison:
    """Two tables in one merge. checkpoint: called at every page; raises where that is to end.

    carry: rows of others go into the new table as they are.
    """

    def __init__(
        self,
        profile: Profile,
        workspace: str,
        checkpoint: Callable[[], Awaitable[None]],
        *,
        carry: bool,
    ) -> None:
        self._workspace = workspace
        self._checkpoint = checkpoint
        self._carry = carry
        self._fixed = [
            at for at, column in enumerate(profile.objects.columns) if not column.volatile
        ]
        self._meta_at = profile.objects.position(Source.METADATA)
        self._told = Against()
        self._kept: list[Row] = []

    async def of(self, present: ObjectTable | None, new: ObjectTable) -> Against:
        """Return how they differ. present: None where no table is in use."""
        told = self._told
        old_rows, new_rows = self._rows(present), self._rows(new)
        old, row = await anext(old_rows, None), await anext(new_rows, None)
        while old is not None or row is not None:
            if old is not None and (row is None or _key(old) < _key(row)):
                self._only_there(old)
                old = await anext(old_rows, None)
            elif row is not None:
                told.filled += 1
                if old is None or _key(row) < _key(old):
                    told.added += 1
                else:
                    self._both(old, row)
                    old = await anext(old_rows, None)
                row = await anext(new_rows, None)
            if len(self._kept) >= PAGE:
                # behind them in order: the merge meets none of them again
                await self._give(new)
        await self._give(new)
        told.held += told.filled
        return told

    def _only_there(self, old: Row) -> None:
        if self._is_others(old):
            self._told.carried += 1
            self._told.held += 1
            self._kept.append(old)
        else:
            self._told.removed += 1

    def _both(self, old: Row, row: Row) -> None:
        if same_row(old, row, self._fixed):
            self._told.same += 1
        elif self._is_others(old):
            self._told.carried += 1
            self._kept.append(old)
        else:
            self._told.changed += 1

    def _is_others(self, row: Row) -> bool:
        """Tell whether a row is carried: readable, and written by somebody without our mark."""
        if not self._carry or self._meta_at is None:
            return False
        text = parted(row[self._meta_at])
        return text.bare is not None and text.mark.plan != self._workspace

    async def _give(self, new: ObjectTable) -> None:
        await new.upsert(self._kept)
        self._kept.clear()

    async def _rows(self, table: ObjectTable | None) -> AsyncIterator[Row]:
        after: RowKey = START
        while table is not None and (page := await table.scan(after, PAGE)):
            await self._checkpoint()
            after = _key(page[-1])
            for row in page:
                yield row


def _key(row: Row) -> RowKey:
    return str(row[0]), str(row[1])
