"""SQLite statements that write many rows at once.

`executemany` lets go of the interpreter's lock at each row and has to win it back from the event
loop; a statement of fifty rows does so once, and costs a third less by itself.
"""

from __future__ import annotations

import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS: Final = 50
"""A statement: more gain nothing, and a row of 31 columns stays far below SQLite's 32,766."""

# For a type without an adapter sqlite3 looks for two attributes that are not there, at every
# value: 0.4 us. These give back what they get.
sqlite3.register_adapter(bytes, bytes)
_nothing: dict[None, None] = {}
sqlite3.register_adapter(type(None), _nothing.get)


class ManyRows:
    """An INSERT, with the words around its rows and the places of one row.

    row: `(?,0,?)`. Places that are numbered (`?1`) stand for the values shared by all rows; they
    come first.
    """

    def __init__(self, head: str, row: str, tail: str = "") -> None:
        self._one = f"{head} VALUES{row}{tail}"
        self._many = f"{head} VALUES{','.join([row] * ROWS)}{tail}"

    def run(
        self,
        conn: sqlite3.Connection,
        rows: Sequence[Sequence[object]],
        shared: tuple[object, ...] = (),
    ) -> int:
        """Write the rows in order; return how many were inserted or changed.

        Raises what SQLite raises, with some rows written: the caller's transaction takes them back.
        """
        changed = 0
        whole = len(rows) - len(rows) % ROWS
        for start in range(0, whole, ROWS):
            values = chain(shared, chain.from_iterable(rows[start : start + ROWS]))
            changed += conn.execute(self._many, tuple(values)).rowcount
        for row in rows[whole:]:
            changed += conn.execute(self._one, (*shared, *row)).rowcount
        return changed
