"""What the front's parts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.front.faults import S3Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.front.blocks import Blocks
    from tests.lab.front.gate import Gate
    from tests.lab.front.journal import Journal
    from tests.lab.front.table import Bucket, Entry, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """spool: a folder for bodies and parts. account: the access key that owns what has no owner."""

    table: Table
    blocks: Blocks
    gate: Gate
    journal: Journal
    spool: Path
    account: str
    region: str

    def bucket(self, name: str) -> Bucket:
        """Return a bucket; NoSuchBucket if it is not there."""
        found = self.table.bucket(name)
        if found is None:
            raise S3Fault("NoSuchBucket")
        return found

    def entry(self, bucket: str, key: str) -> Entry:
        """Return an object's row; NoSuchBucket, NoSuchKey."""
        self.bucket(bucket)
        found = self.table.get(bucket, key)
        if found is None:
            raise S3Fault("NoSuchKey")
        return found

    def owner(self, bucket: Bucket) -> str:
        """Return the access key that owns a bucket."""
        found = bucket.document.get("owner")
        return found if isinstance(found, str) else self.account
