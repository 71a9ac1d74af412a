"""The YQL of the object table: pure texts from a profile's shapes.

Rows and keys are parameters, never text; names come from a checked profile. Query texts stay far
below YDB's 10 KB. Source: ydb.md 2, 3, 8. Tested against a stand-in, not against YDB.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.target.shape import Column, TableShape

# BY_LOAD is off and the maximum 50 by default: sorted rows would meet one partition, one core.
_PARTITIONS: Final = (
    "WITH (AUTO_PARTITIONING_BY_LOAD = ENABLED, AUTO_PARTITIONING_MIN_PARTITIONS_COUNT = 16, "
    "AUTO_PARTITIONING_MAX_PARTITIONS_COUNT = 500)"
)

_HOUR_S: Final = 3_600
MOST_KEPT_S: Final = 30 * 24 * _HOUR_S
"""A changefeed keeps nothing for longer."""


def create(shape: TableShape, table: str, *, partitioned: bool) -> str:
    """Return the DDL. table: the name to create it by, a directory before it allowed.

    NOT NULL on key columns only: older servers take it nowhere else.
    """
    columns = ", ".join(_definition(shape, column) for column in shape.columns)
    index = ""
    if shape.index:
        names = ", ".join(shape.index.columns)
        index = f"INDEX {shape.index.name} GLOBAL {shape.index.kind.upper()} ON ({names}), "
    return (
        f"CREATE TABLE IF NOT EXISTS `{table}` ({columns}, {index}"
        f"PRIMARY KEY ({', '.join(shape.key)})) {_PARTITIONS if partitioned else ''}"
    ).rstrip()


def upsert(table: str, row_type: str) -> str:
    """Return the transactional write of the rows in $rows; row_type as `row_type` returns it."""
    return (
        f"DECLARE $rows AS List<{row_type}>; "  # noqa: S608 - checked names
        f"UPSERT INTO `{table}` SELECT * FROM AS_TABLE($rows)"
    )


def row_type(shape: TableShape) -> str:
    """Return the Struct of one row, in YQL."""
    members = ", ".join(
        f"{c.name}: {c.type}{'' if c.name in shape.key else '?'}" for c in shape.columns
    )
    return f"Struct<{members}>"


def page(shape: TableShape, table: str) -> str:
    """Return the next rows in key order. The tuple is in key order, or it were a full scan."""
    bucket, key = shape.key
    return (
        "DECLARE $b AS Utf8; DECLARE $k AS Utf8; DECLARE $n AS Uint64; "
        f"{_select(shape, table)} WHERE ({bucket}, {key}) > ($b, $k) "
        f"ORDER BY {bucket}, {key} LIMIT $n"
    )


def read(shape: TableShape, table: str) -> str:
    """Return the rows of some keys of one bucket, in key order."""
    bucket, key = shape.key
    return (
        "DECLARE $b AS Utf8; DECLARE $keys AS List<Utf8>; "
        f"{_select(shape, table)} WHERE {bucket} = $b AND {key} IN $keys ORDER BY {bucket}, {key}"
    )


def every(shape: TableShape, table: str) -> str:
    """Return all rows of a small table, in key order."""
    return f"{_select(shape, table)} ORDER BY {', '.join(shape.key)}"


def drop(table: str) -> str:
    """Return the removal of a whole table; an absent one is no error."""
    return f"DROP TABLE IF EXISTS `{table}`"


def add_changefeed(table: str, feed: str, keeps_s: float) -> str:
    """Return the DDL of a changefeed that keeps unread changes so long, 30 days at most.

    Barriers tell when all that was committed before a moment is in it; they come in whole seconds:
    a part of one turns them off.
    """
    hours = max(math.ceil(min(keeps_s, MOST_KEPT_S) / _HOUR_S), 1)
    return (
        f"ALTER TABLE `{table}` ADD CHANGEFEED `{feed}` WITH (MODE = 'NEW_AND_OLD_IMAGES',"
        " FORMAT = 'JSON', VIRTUAL_TIMESTAMPS = TRUE, BARRIERS_INTERVAL = Interval('PT1S'),"
        f" RETENTION_PERIOD = Interval('PT{hours}H'))"
    )


def drop_changefeed(table: str, feed: str) -> str:
    """Return the removal of a changefeed, with what it kept."""
    return f"ALTER TABLE `{table}` DROP CHANGEFEED `{feed}`"


def count(table: str) -> str:
    """Return how many rows there are."""
    return f"SELECT COUNT(*) AS n FROM `{table}`"  # noqa: S608 - a checked name


def delete(shape: TableShape, table: str) -> str:
    """Return the removal of some keys of one bucket: at most 1,000 a call."""
    bucket, key = shape.key
    return (
        "DECLARE $b AS Utf8; DECLARE $keys AS List<Utf8>; "  # noqa: S608 - checked names
        f"DELETE FROM `{table}` WHERE {bucket} = $b AND {key} IN $keys"
    )


def delete_named(shape: TableShape, table: str) -> str:
    """Return the removal of rows of a table whose key is one name: at most 1,000 a call."""
    (name,) = shape.key
    return f"DECLARE $names AS List<Utf8>; DELETE FROM `{table}` WHERE {name} IN $names"  # noqa: S608 - checked names


def forget_cids(shape: TableShape, table: str) -> str:
    """Return the removal of the CID table's entries of some keys of one bucket.

    Every pair of the CIDs and keys goes: such a pair is an old one, or written again right after.
    """
    cid, bucket, key = shape.key
    return (
        "DECLARE $cids AS List<Utf8>; DECLARE $b AS Utf8; DECLARE $keys AS List<Utf8>; "  # noqa: S608 - checked names
        f"DELETE FROM `{table}` WHERE {cid} IN $cids AND {bucket} = $b AND {key} IN $keys"
    )


def _select(shape: TableShape, table: str) -> str:
    return f"SELECT {', '.join(shape.names)} FROM `{table}`"  # noqa: S608 - checked names


def _definition(shape: TableShape, column: Column) -> str:
    return f"{column.name} {column.type}{' NOT NULL' if column.name in shape.key else ''}"
