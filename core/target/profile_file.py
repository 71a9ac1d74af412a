"""The YAML of a target profile, field by field. Unknown fields are refused (guide.md 5)."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

# msgspec reads the annotations at run time, so these are no typing-only imports.
from core.target.shape import ColumnType, IndexKind, Source  # noqa: TC001

# Names stand in DDL: letters, digits and underscores only, so that none can break out of it.
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,126}\Z")]
Age = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+[smh]\Z")]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Code = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

_AGE = re.compile(r"([0-9]+)([smh])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600}


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every part of the file refuses a field that it does not know."""


class CidFile(_Strict, frozen=True, kw_only=True):
    """How bytes become a CID."""

    version: Literal[0, 1]
    raw_leaves: bool
    chunk: Positive
    max_links: Positive
    hash: Literal["sha2-256"]


class PinFile(_Strict, frozen=True, kw_only=True):
    """What is pinned, and on how many peers."""

    unit: Literal["bundle"]
    replication_min: Positive
    replication_max: Positive


class ColumnFile(_Strict, frozen=True, kw_only=True):
    """A column and what fills it. volatile: a gateway writes it by itself."""

    name: Name
    type: ColumnType
    source: Source = msgspec.field(name="from")
    volatile: bool = False


class IndexFile(_Strict, frozen=True, kw_only=True):
    """A secondary index."""

    name: Name
    columns: tuple[Name, ...]
    kind: IndexKind


class TableFile(_Strict, frozen=True, kw_only=True):
    """A table."""

    table: Name
    key: tuple[Name, ...]
    columns: tuple[ColumnFile, ...]
    index: IndexFile | None = None


class TtlFile(_Strict, frozen=True, kw_only=True):
    """How long the cache keeps each kind of entry, as `30m`."""

    mapping: Age
    metadata: Age
    bucket: Age
    pin_status: Age

    def seconds(self, kind: Literal["mapping", "metadata", "bucket", "pin_status"]) -> int:
        """Return the age of one kind in seconds."""
        found = _AGE.fullmatch(getattr(self, kind))
        return int(found[1]) * _UNIT_S[found[2]] if found else 0


class CacheFile(_Strict, frozen=True, kw_only=True):
    """The cache beside the table."""

    compress: Literal["none"]
    ttl: TtlFile


class ProfileFile(_Strict, frozen=True, kw_only=True):
    """The whole file."""

    profile: Name
    version: Positive
    cid: CidFile
    pin: PinFile
    objects: TableFile
    buckets: TableFile | None = None
    cids: TableFile | None = None
    pin_status: dict[Name, Code]
    cache: CacheFile
    versions: Literal["archive", "skip"]
