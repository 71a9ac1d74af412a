"""The buckets at hand: what each object and the bucket table need of them.

May import the ledger's rows, the source's buckets and the target's bucket rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.dag.canonical import dumps
from core.target.bucket_rows import BucketFacts, bucket_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.ledger.rows import BucketRow
    from core.source.posix.buckets import Bucket
    from core.target.profile import Profile
    from core.target.shape import Row


class KnownBuckets:
    """The source's buckets, as the ledger keeps them.

    Of one that was made on green nothing is kept: no owner, no settings, no time.
    """

    def __init__(self) -> None:
        self._rows: dict[int, BucketRow] = {}
        self._facts: dict[int, Mapping[str, object]] = {}

    def learn(self, rows: list[BucketRow]) -> None:
        """Keep these, and no others."""
        self._rows = {row.id: row for row in rows}
        self._facts = {row.id: json.loads(row.attrs) for row in rows}

    def owner(self, bucket: int) -> str:
        """Return a bucket's owner, "" if it has none."""
        return str(self._facts[bucket].get("owner", ""))

    @property
    def owners(self) -> dict[bytes, str]:
        """The buckets' owners by name."""
        return {row.name: self.owner(number) for number, row in self._rows.items()}

    def rows(self, profile: Profile, *, gone: bool = False) -> list[Row]:
        """Return the rows of the bucket table, of the buckets that the source has.

        gone: of those that it has no more.
        """
        rows = []
        for bucket in self._rows.values():
            if bucket.state.there is gone:
                continue
            kept = self._facts[bucket.id]
            rows.append(
                bucket_row(
                    profile,
                    BucketFacts(
                        name=bucket.name.decode(),
                        document=dumps(kept.get("document", {})),
                        made_ns=int(str(kept.get("mtime_ns", 0))),
                    ),
                )
            )
        return rows


def bucket_text(bucket: Bucket) -> str:
    """Return what the ledger keeps of a bucket: its owner, its time, its settings."""
    return dumps(
        {
            "document": json.loads(bucket.attrs.document(bucket.owner)),
            "mtime_ns": bucket.mtime_ns,
            "owner": bucket.owner,
        }
    )
