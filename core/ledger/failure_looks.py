"""What can be asked of the failures: pages, counts, causes, bundles, and objects by name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from core.ledger import failure_pages, failures
from core.ledger.rows import Disposition
from core.model import ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from core.ledger.failure_pages import FailureFilter, FailurePlace
    from core.ledger.failures import Cause, FailedBundle
    from core.ledger.reader import Reader
    from core.ledger.rows import FailureRow


class Standing(NamedTuple):
    """How an object stands, as far as an act on failures asks. disposition "": it has no row."""

    bucket_id: int
    key: bytes
    version: bytes
    state: ObjectState
    size_bytes: int | None
    disposition: str
    phase: str
    code: str
    tries: int
    last_ns: int
    ino: int
    mtime_ns: int
    ctime_ns: int

    @property
    def place(self) -> FailurePlace:
        """Where it stands in the list."""
        return (self.bucket_id, self.key, self.version)


class FailureLooks:
    """Reads the failures. Every call sees one committed state, and costs what it returns."""

    def __init__(self, reader: Reader, scanner: Reader) -> None:
        self._reader = reader
        self._scanner = scanner

    async def nth(
        self, wanted: FailureFilter, n: int, *, after: FailurePlace | None = None
    ) -> FailurePlace | None:
        """Return the n-th place behind `after`, n from 1 on; None if there are fewer."""
        return await self._reader.read(partial(failure_pages.nth, wanted=wanted, n=n, after=after))

    async def page(
        self,
        wanted: FailureFilter,
        limit: int,
        *,
        after: FailurePlace | None = None,
        before: FailurePlace | None = None,
    ) -> list[FailureRow]:
        """Return up to limit failures in order: behind `after`, or the last before `before`."""

        def query(conn: sqlite3.Connection) -> list[FailureRow]:
            at = failure_pages.places(conn, wanted, limit=limit, after=after, before=before)
            return failure_pages.rows(conn, at)

        return await self._reader.read(query)

    async def count(self, wanted: FailureFilter) -> tuple[int, bool]:
        """Return how many failures there are, and whether that is exact: else at least so many."""
        return await self._reader.read(partial(failure_pages.count, wanted=wanted))

    async def causes(self, disposition: str = "") -> list[Cause]:
        """Return failures by class and phase, the largest first."""
        return await self._reader.read(partial(failures.causes, disposition=disposition))

    async def tallies(self) -> Mapping[tuple[str, str, str], int]:
        """Return (disposition, phase, class) to objects."""
        return await self._reader.read(failures.tallies)

    async def ever(self) -> Mapping[tuple[str, str], int]:
        """Return (phase, class) to how often an object failed so; it only grows."""
        return await self._reader.read(failures.ever)

    async def bundles(self, at: int, limit: int) -> tuple[list[FailedBundle], int]:
        """Return bundles with failed objects from the at-th on, and how many there are."""
        return await self._reader.read(partial(failures.bundle_page, at=at, limit=limit))

    async def standings(
        self, wanted: FailureFilter, limit: int, *, after: FailurePlace | None = None
    ) -> list[Standing]:
        """Return how the next failures behind a place stand: a step of a long look at all."""

        def query(conn: sqlite3.Connection) -> list[Standing]:
            found = failure_pages.standing(conn, wanted, limit=limit, after=after)
            return list(map(_standing, found))

        return await self._scanner.read(query)

    async def named(self, names: Sequence[tuple[int, bytes, bytes | None]]) -> list[list[Standing]]:
        """Return how objects stand, by bucket id, key and version; an empty list: unknown.

        version None: every version of the key that has a row in the failures, else the current one.
        """

        def query(conn: sqlite3.Connection) -> list[list[Standing]]:
            return [_named(conn, *name) for name in names]

        return await self._scanner.read(query)


_NAMED = (
    f"{failure_pages.STANDING} FROM objects o LEFT JOIN failures f USING(bid,key,ver)"
    " WHERE o.bid=? AND o.key=?"
)


def _named(
    conn: sqlite3.Connection, bucket_id: int, key: bytes, version: bytes | None
) -> list[Standing]:
    found = _standings(conn, (bucket_id, key), version)
    if version is not None or len(found) < 2:  # noqa: PLR2004 - one is what was asked for
        return found
    told = [one for one in found if one.disposition in {Disposition.FAILED, Disposition.WAIVED}]
    return told or [one for one in found if not one.version] or found[:1]


def _standings(
    conn: sqlite3.Connection, key: tuple[int, bytes], version: bytes | None
) -> list[Standing]:
    """Return one version of a key, or all of them, as they stand."""
    if version is None:
        rows = conn.execute(f"{_NAMED} ORDER BY o.ver", key)
    else:
        rows = conn.execute(f"{_NAMED} AND o.ver=?", (*key, version))
    return list(map(_standing, rows))


def _standing(row: tuple[Any, ...]) -> Standing:
    return Standing(row[0], row[1], row[2], ObjectState(row[3]), *row[4:])
