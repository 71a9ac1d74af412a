"""Rows to write, of any profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.model import MetaText
from core.target.rows import PinnedBundle, RowEntry, RowMaker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.target.profile import Profile
    from core.target.shape import Row, RowKey, Source, Value

WORKSPACE = "9f2c1a7e"
MTIME_NS = 1_764_590_400_123_456_789


def make_rows(profile: Profile, bucket: str, keys: Iterable[str], *, cid: str = "") -> list[Row]:
    """One row a key; its CID is `cid`, or made of the key."""
    entries = [
        RowEntry(
            key=key,
            cid_text=cid or f"bafkrei-{at}",
            size=at,
            mtime_ns=MTIME_NS,
            created_ns=MTIME_NS,
            meta=MetaText(f'"etag":"{at:032x}"', ',"user":{"a":"é\\u0000"},"v":1', ""),
            name=f"{at:06d}",
        )
        for at, key in enumerate(keys)
    ]
    bundle = PinnedBundle(bucket, "bafyroot", 17, ("peer-1", "peer-2"), "alice")
    return RowMaker(profile, WORKSPACE).rows(bundle, entries)


def with_value(profile: Profile, row: Row, source: Source, value: Value) -> Row:
    """The row with another value in the column that `source` fills."""
    at = profile.objects.sources.index(source)
    return (*row[:at], value, *row[at + 1 :])


def keys_of(rows: list[Row]) -> list[RowKey]:
    return [(str(row[0]), str(row[1])) for row in rows]
