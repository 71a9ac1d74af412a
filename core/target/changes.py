"""What an object table tells of its own changes, in order: one promise, kept in two ways.

`core.target.change_list` keeps it for SQLite, `core.target.ydb_feed` for YDB. Both name keys, not
contents: whoever reads them looks at the row as it is then, so a change may come twice.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from core.errors import BadInput

TRIGGERS: Final = "triggers"
CHANGEFEED: Final = "changefeed"
MERGE: Final = "merge"
"""By which way green's changes are known; the last is no list: the whole table is compared."""


class NoFeed(BadInput):
    """The database does not tell its changes: the whole table is compared instead."""


class Change(NamedTuple):
    """A row was written or removed. position: of the change in the list; at_ns: UTC."""

    position: int
    bucket: str
    key: str
    at_ns: int


class ChangePage(NamedTuple):
    """The next changes, oldest first. position: behind them all.

    whole: all that was acknowledged before the first page was asked for is in these pages. gap: why
    something may be missing, "" for nothing: then what is here counts for nothing.
    """

    changes: list[Change]
    position: int
    whole: bool
    gap: str = ""


class Changes(Protocol):
    """The changes of one object table. Every method raises the errors of the table itself."""

    @property
    def way(self) -> str:
        """By which way: TRIGGERS or CHANGEFEED."""
        ...

    async def arm(self, keeps_s: float = 0.0) -> int:
        """Have every change told from now on; return the position before the next. Repeatable.

        keeps_s: how long an unread change has to be kept; what is lost of an older list is not
        looked for. Raises NoFeed where the database refuses.
        """
        ...

    async def disarm(self) -> None:
        """Have nothing told any more, and forget what was. Repeatable."""
        ...

    async def gap(self, position: int | None) -> str:
        """Return why changes behind a position may be missing, "" if all of them will come.

        position: as the reader has it stored; None asks only whether the list itself is whole.
        """
        ...

    async def page(self, after: int, limit: int) -> ChangePage:
        """Return the changes behind a position, at most so many."""
        ...

    async def trim(self, position: int) -> None:
        """Forget changes up to the end of the last page, once they are stored elsewhere."""
        ...

    async def rest(self) -> None:
        """Hold nothing between two looks: another reader may come."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
