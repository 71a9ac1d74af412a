"""The bucket rows of a table that is made anew: the ledger's, and those that only the table has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.known_buckets import KnownBuckets

if TYPE_CHECKING:
    from core.ledger.rows import BucketRow
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row


class BucketBook:
    """What the ledger says of the source's buckets."""

    def __init__(self, rows: list[BucketRow], profile: Profile) -> None:
        self._profile = profile
        self._known = KnownBuckets()
        self._known.learn(rows)
        self._ids = {row.name: row.id for row in rows}

    @property
    def owners(self) -> dict[bytes, str]:
        """The buckets' owners by name."""
        return {name: self._known.owner(number) for name, number in self._ids.items()}

    def owner(self, bucket: str) -> str:
        """Return a bucket's owner, "" if the ledger does not know it."""
        number = self._ids.get(bucket.encode())
        return "" if number is None else self._known.owner(number)

    async def rows(self, present: ObjectTable | None) -> list[Row]:
        """Return the ledger's bucket rows, and those of the table in use that it does not know.

        present: None where there is no such table. None at all for a profile without bucket rows.
        """
        if self._profile.buckets is None:
            return []
        rows = [] if present is None else await present.scan_buckets()
        by_name = {str(row[0]): row for row in rows}
        by_name.update((str(row[0]), row) for row in self._known.rows(self._profile))
        return [by_name[name] for name in sorted(by_name)]
