"""The object table: one Protocol, two databases, one suite of tests that both pass.

Only the coordinator holds a table (I3). Rows are tuples in the profile's column order; times are
microseconds UTC, Json is text and comes back as the text that went in.
Source: ydb.md 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from core.errors import BadInput, SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.model import Finding
    from core.target.shape import Row, RowKey, TableShape
    from core.target.table_sets import Beside

START: Final[RowKey] = ("", "")
"""Where a scan begins: before every row."""


class ObjectTable(Protocol):
    """Where the gateway looks names up. Every write repeats safely."""

    async def ensure(self) -> None:
        """Create what is absent, then compare. Raises SchemaMismatch, Denied, NoAnswer."""
        ...

    async def check(self) -> list[Finding]:
        """Compare tables, columns, types, keys and indexes with the profile; change nothing."""
        ...

    async def upsert(self, rows: Sequence[Row]) -> None:
        """Write object rows; on return they are durable. Never two rows of one key in a call."""
        ...

    async def delete(self, bucket: str, keys: Sequence[str]) -> None:
        """Remove the rows of some keys of one bucket; absent keys are no error."""
        ...

    async def replace_if(self, rows: Sequence[Row], expected: Sequence[Row | None]) -> list[RowKey]:
        """Write each row whose present row still is the expected one (None: absent).

        One transaction. Returns the keys that had moved; their rows stay as they are. Volatile
        columns (accesses, pins) are not compared.
        """
        ...

    async def delete_if(self, expected: Sequence[Row]) -> list[RowKey]:
        """Remove each row whose present one still is the expected; absent ones are no error.

        One transaction. Returns the keys that had moved; their rows stay as they are. Volatile
        columns (accesses, pins) are not compared.
        """
        ...

    async def scan(self, after: RowKey, limit: int) -> list[Row]:
        """Return up to `limit` rows after a key, in byte order of (bucket, key)."""
        ...

    async def read(self, keys: Sequence[RowKey]) -> list[Row]:
        """Return the rows of those keys that exist, in key order."""
        ...

    async def build_index(self) -> None:
        """Build the profile's index on CIDs, once the rows are there; nothing to do if it is."""
        ...

    async def count(self) -> int:
        """Return how many object rows there are."""
        ...

    async def upsert_buckets(self, rows: Sequence[Row]) -> None:
        """Write bucket rows. Raises BadInput for a profile without a bucket table."""
        ...

    async def delete_buckets_if(self, expected: Sequence[Row]) -> list[str]:
        """Remove each bucket row that still is the expected one; return the names that had moved.

        One transaction; absent rows are no error.
        """
        ...

    async def scan_buckets(self) -> list[Row]:
        """Return every bucket row, by name; none for a profile without a bucket table."""
        ...

    async def clock_us(self) -> int | None:
        """Return the database's own time, microseconds UTC; None for a file, which has none."""
        ...

    async def version(self) -> str:
        """Return the database's version in its own words, safe to show."""
        ...

    async def beside(self, tag: str) -> ObjectTable:
        """Return the set of tables with this tag, over the same connection; it may not be there.

        Whoever closes this table closes that one. See `core.target.table_sets`.
        """
        ...

    async def sets(self) -> list[Beside]:
        """Return the sets of tables that stand beside those in use, by tag."""
        ...

    async def swap(self, old: str) -> None:
        """Put the new set in the place of the tables in use, which become the set `old`.

        One step: whoever looks finds all old tables or all new ones. Repeats safely. Raises Broken
        if the new set is not whole, Refused if there is a set `old`.
        """
        ...

    async def drop(self, tag: str) -> None:
        """Remove the tables of a set; none of them is no error."""
        ...

    async def close(self) -> None:
        """Let go of files, threads and connections; a second call does nothing."""
        ...


def refuse_mismatch(findings: Sequence[Finding], where: str) -> None:
    """Raise SchemaMismatch naming each finding that blocks, if there is one."""
    blocking = [f for f in findings if f.verdict == "fail"]
    if blocking:
        raise SchemaMismatch(
            what="; ".join(f"{f.subject}: {f.evidence}" for f in blocking),
            where=where,
            remedy=" ".join(dict.fromkeys(f.remedy for f in blocking)),
        )


def same_row(present: Row | None, expected: Row | None, compared: Sequence[int]) -> bool:
    """Say whether two rows agree in the columns at those positions; None is an absent row."""
    if present is None or expected is None:
        return present is expected
    return all(present[at] == expected[at] for at in compared)


def bucket_table(shape: TableShape | None) -> TableShape:
    """Return the shape; raise BadInput for a profile without a bucket table."""
    if shape is None:
        raise BadInput(
            what="this profile has no bucket table",
            where="target profile",
            remedy="Bucket attributes stay in the plan's list (class bucket_attr).",
        )
    return shape
