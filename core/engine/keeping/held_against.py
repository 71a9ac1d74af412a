"""A new object table held against the one in use, row by row, before it takes its place.

May import the target.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.target.objects import START, same_row
from core.target.shape import Source
from core.verify.row_mark import parted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row, RowKey

PAGE: Final = 2_000

Checkpoint = Callable[[], Awaitable[None]]
"""Holds while a job is paused; raises where it is to end."""


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
        checkpoint: Checkpoint,
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
        async for old, row in merged(present, new, self._checkpoint):
            told.filled += row is not None
            if old is None:
                told.added += 1
            elif row is None:
                self._only_there(old)
            else:
                self._both(old, row)
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


async def merged(
    old: ObjectTable | None, new: ObjectTable, checkpoint: Checkpoint
) -> AsyncIterator[tuple[Row | None, Row | None]]:
    """Yield each key's row in both tables, in key order; None where one has none.

    old: None for a table that is not there. checkpoint: called at every page.
    """
    old_rows, new_rows = _rows(old, checkpoint), _rows(new, checkpoint)
    was, row = await anext(old_rows, None), await anext(new_rows, None)
    while was is not None or row is not None:
        before = was is not None and (row is None or _key(was) < _key(row))
        behind = row is not None and (was is None or _key(row) < _key(was))
        yield None if behind else was, None if before else row
        was = was if behind else await anext(old_rows, None)
        row = row if before else await anext(new_rows, None)


async def _rows(table: ObjectTable | None, checkpoint: Checkpoint) -> AsyncIterator[Row]:
    after: RowKey = START
    while table is not None and (page := await table.scan(after, PAGE)):
        await checkpoint()
        after = _key(page[-1])
        for row in page:
            yield row


def _key(row: Row) -> RowKey:
    return str(row[0]), str(row[1])
