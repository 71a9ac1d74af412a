"""Rows in use that others wrote and that a restore takes away: a backup holds them not, or not so.

A page of each side at a time. May import the target.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from core.display import counted, object_name, safe
from core.target.objects import START, same_row
from core.target.shape import Source
from core.verify.row_mark import parted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from core.target.backup_file import BackupPage
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row, RowKey

PAGE = 2_000


class Others(NamedTuple):
    """Rows of others. first: the key of one, None where there is none."""

    rows: int = 0
    first: RowKey | None = None

    @property
    def warning(self) -> str:
        """What a plan says of them; "" where there are none."""
        if self.first is None:
            return ""
        name = safe(object_name(self.first[0].encode(), self.first[1].encode(), b""))
        return (
            f"{counted(self.rows, 'row')} in use that somebody else wrote, such as {name}, are not"
            " in the backup, or not as they are now: the restore does not carry them; they stay in"
            " the old tables. metadata rebuild carries them."
        )


async def taken_away(
    table: ObjectTable, profile: Profile, workspace: str, pages: Iterator[BackupPage]
) -> Others:
    """Return which rows in use are not ours, and not the same in a backup. pages: of the backup.

    A profile without the Json column shows no mark: there nothing is known to be another's. Raises
    what the file and the table do.
    """
    at = profile.objects.position(Source.METADATA)
    if at is None:
        return Others()
    fixed = [at for at, column in enumerate(profile.objects.columns) if not column.volatile]
    found, kept = Others(), _kept(pages)
    row = await anext(kept, None)
    after: RowKey = START
    while page := await table.scan(after, PAGE):
        after = _key(page[-1])
        for one in page:
            if parted(one[at]).mark.plan == workspace:
                continue
            while row is not None and _key(row) < _key(one):
                row = await anext(kept, None)
            if row is None or _key(row) != _key(one) or not same_row(one, row, fixed):
                found = Others(found.rows + 1, found.first or _key(one))
    return found


async def _kept(pages: Iterator[BackupPage]) -> AsyncIterator[Row]:
    """Yield a backup's object rows in order, its pages read beside the loop."""
    while (page := await asyncio.to_thread(next, pages, None)) is not None:
        for row in page.objects:
            yield row


def _key(row: Row) -> RowKey:
    return str(row[0]), str(row[1])
