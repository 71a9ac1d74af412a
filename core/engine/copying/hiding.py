"""Objects that a delete marker hides: their rows, which an earlier copy wrote, leave the table.

May import the target and the ledger's rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.model import ObjectState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.ledger.rows import RecordRow
    from core.target.objects import ObjectTable
    from core.target.ours import Ours
    from core.target.shape import Row, RowKey


def hidden_keys(bucket: bytes, rows: Sequence[RecordRow]) -> list[RowKey]:
    """Return the keys whose current version is a delete marker, of a bundle's record."""
    name = bucket.decode()
    return [
        (name, row[9].decode())
        for row in rows
        if row[1] is None and not row[10] and row[0] == ObjectState.RECORDED
    ]


async def take_off(table: ObjectTable, ours: Ours, keys: Sequence[RowKey]) -> list[Row]:
    """Remove the rows of these keys that we wrote, while they are as they were read; return those.

    A profile whose rows carry no mark has none but ours before the cutover. Repeats safely.
    """
    found = await table.read(keys)
    mine = [row for row in found if ours.wrote(row) or not ours.names_roots]
    moved = set(await table.delete_if(mine))
    return [row for row in mine if (row[0], row[1]) not in moved]
