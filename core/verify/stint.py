"""An end for statements that read a stretch without a limit: so many steps of SQLite's machine.

A limit in the statement costs a fourth of its time; stretches that need one are rare. Pure.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS_A_ROW: Final = 40
"""A row of ten columns takes some thirty."""

T = TypeVar("T")


class Stint:
    """Bounds what one connection does at once. rows: at least as many can be read."""

    def __init__(self, conn: sqlite3.Connection, rows: int) -> None:
        self._under_way = self._begun = False
        conn.set_progress_handler(self._told, rows * _STEPS_A_ROW)

    def run(self, work: Callable[[], T]) -> T | None:
        """Return what comes of it; None where it would take too long. Raises sqlite3.Error."""
        self._under_way, self._begun = True, False
        try:
            return work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            self._under_way = False

    def _told(self) -> int:
        """Say whether to end: SQLite goes on counting where the statement before had ended."""
        ends, self._begun = self._under_way and self._begun, True
        return int(ends)
