"""The shape of a table: columns, types, key, index. Pure; imports nothing of the project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Value: TypeAlias = str | int | bool | None
"""What a cell holds. Json travels as text, a timestamp as microseconds UTC."""

Row: TypeAlias = tuple[Value, ...]
"""Cells in column order."""

RowKey: TypeAlias = tuple[str, str]
"""(bucket, key) as text: what a row is found by."""

TIMESTAMP_END_NS: Final = 4_291_747_200 * 1_000_000_000
"""2106-01-01: the first instant that a YDB Timestamp cannot hold; the first it can is 1970."""


class ColumnType(StrEnum):
    """The types that both databases know, by YDB's names."""

    UTF8 = "Utf8"
    JSON = "Json"
    TIMESTAMP = "Timestamp"
    UINT64 = "Uint64"
    UINT32 = "Uint32"
    INT64 = "Int64"
    INT32 = "Int32"
    BOOL = "Bool"


class IndexKind(StrEnum):
    """async lags behind and admits bulk upsert; sync does neither."""

    ASYNC = "async"
    SYNC = "sync"


class Source(StrEnum):
    """Where a column's value comes from (`docs/profile.md`)."""

    BUCKET = "bucket"
    KEY = "key"
    CID = "cid"
    SIZE = "size"
    CREATED = "created"
    MODIFIED = "modified"
    METADATA = "metadata"
    PIN_STATUS = "pin_status"
    CONTENT_TYPE = "content_type"
    CONTENT_ENCODING = "content_encoding"
    CONTENT_LANGUAGE = "content_language"
    CACHE_CONTROL = "cache_control"
    EXPIRES = "expires"
    VERSION_ID = "version_id"
    ETAG = "etag"
    MD5_HEX = "md5_hex"
    SHA256_HEX = "sha256_hex"
    CHECKSUM = "checksum"
    USER = "user"
    TAGS = "tags"
    BUCKET_OWNER = "bucket_owner"
    PINNED_COUNT = "pinned_count"
    PINNED_PEERS = "pinned_peers"
    NAME = "name"
    OWNER = "owner"
    ACL = "acl"
    POLICY = "policy"
    CORS = "cors"
    VERSIONING = "versioning"
    OBJECTS = "objects"
    BYTES = "bytes"
    REPLICATION_MIN = "replication_min"
    REPLICATION_MAX = "replication_max"
    NULL = "null"
    ZERO = "zero"
    TRUE = "true"
    FALSE = "false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column, and what fills it. Key columns are NOT NULL, all others take NULL.

    volatile: a gateway writes it by itself (accesses, pins), so a change there is nobody's edit.
    """

    name: str
    type: ColumnType
    source: Source
    volatile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A secondary index."""

    name: str
    columns: tuple[str, ...]
    kind: IndexKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table. The key columns stand first, in key order: a row's key is its head."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    index: Index | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What fills the columns, in order."""
        return tuple(column.source for column in self.columns)

    def position(self, source: Source) -> int | None:
        """Return the position of the first column that `source` fills, None without one."""
        return self.sources.index(source) if source in self.sources else None


def timestamp_us(time_ns: int) -> int | None:
    """Return microseconds UTC, None outside 1970..2106 (class `timestamp_range`)."""
    return time_ns // 1000 if 0 <= time_ns < TIMESTAMP_END_NS else None
