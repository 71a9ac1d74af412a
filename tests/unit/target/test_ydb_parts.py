"""The pure parts of the YDB table: address, statements, meanings of errors, the pinned source.

Tested against a stand-in and documentation, not against YDB.
"""

from __future__ import annotations

import pytest
import ydb
from ydb._session_impl import bulk_upsert_request_factory

from core.errors import BadInput
from core.target import profile as profiles
from core.target import ydb_statements as yql
from core.target import ydb_wire
from core.target.shape import Column, ColumnType, Value
from core.target.ydb_address import YdbAddress, parse
from core.target.ydb_errors import Meaning, meaning, said, to_error

GUIDE = profiles.load("guide").objects


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("grpc://h:2136/local", YdbAddress(host="h", port=2136, database="/local", tls=False)),
        ("grpc://h/local/", YdbAddress(host="h", port=2136, database="/local", tls=False)),
        ("grpcs://h/a/b", YdbAddress(host="h", port=2135, database="/a/b", tls=True)),
        (
            "grpc://[::1]:5/d?discovery=off",
            YdbAddress(host="::1", port=5, database="/d", tls=False, discovery=False),
        ),
    ],
)
def test_an_address_is_taken_apart(text: str, address: YdbAddress) -> None:
    assert parse(text) == address


def test_an_address_of_numbers_keeps_its_brackets() -> None:
    assert parse("grpc://[::1]:5/d").endpoint == "grpc://[::1]:5"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h:2136/local",
        "http://h/local",
        "grpc://h",
        "grpc://h/",
        "grpc:///local",
        "grpc://h:port/local",
        "grpc://h:99999/local",
        "grpc://h/local?x=1",
        "grpc://h/local?discovery=maybe",
    ],
)
def test_anything_else_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        parse(text)


def test_i9_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(BadInput, match="by reference") as caught:
        parse("grpc://user:canary@h:2136/local")
    assert "canary" not in str(caught.value)
    with pytest.raises(BadInput) as caught:
        parse("grpc://user:canary@h:port/local")
    assert "canary" not in str(caught.value)


def test_the_ddl_is_the_documented_one() -> None:
    assert yql.create(GUIDE, "versitygw_objects", partitioned=True) == (
        "CREATE TABLE IF NOT EXISTS `versitygw_objects` (bucket Utf8 NOT NULL, "
        "s3_key Utf8 NOT NULL, cid Utf8, size Uint64, created_at Timestamp, "
        "updated_at Timestamp, metadata Json, pin_status Uint32, "
        "INDEX idx_cid GLOBAL ASYNC ON (cid), PRIMARY KEY (bucket, s3_key)) "
        "WITH (AUTO_PARTITIONING_BY_LOAD = ENABLED, AUTO_PARTITIONING_MIN_PARTITIONS_COUNT = 16, "
        "AUTO_PARTITIONING_MAX_PARTITIONS_COUNT = 500)"
    )


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_no_statement_comes_near_the_limit_of_10_kb(name: str) -> None:
    shape = profiles.load(name).objects
    texts = [
        yql.create(shape, shape.name, partitioned=True),
        yql.upsert(shape.name, yql.row_type(shape)),
        yql.page(shape, shape.name),
        yql.read(shape, shape.name),
        yql.delete(shape, shape.name),
    ]
    assert max(map(len, texts)) < 5_000


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ydb.issues.Overloaded(""), Meaning.BUSY),
        (ydb.issues.Unavailable("Cannot perform writes: out of disk space"), Meaning.FULL),
        (ydb.issues.SessionPoolEmpty(""), Meaning.BUSY),
        (ydb.issues.Aborted(""), Meaning.AGAIN),
        (ydb.issues.Undetermined(""), Meaning.AGAIN),
        (ydb.issues.ConnectionLost(""), Meaning.LOST),
        (ydb.issues.DeadlineExceed(""), Meaning.LOST),
        (TimeoutError(), Meaning.LOST),
        (ydb.issues.SchemeError(""), Meaning.SCHEMA),
        (ydb.issues.BadRequest(""), Meaning.ROW),
        (ydb.issues.PreconditionFailed(""), Meaning.ROW),
        (ydb.issues.Unauthorized(""), Meaning.DENIED),
        (ydb.issues.ConnectionError("StaticCredentials: Invalid password"), Meaning.DENIED),
        (ydb.issues.ConnectionError("StaticCredentials: Deadline Exceeded"), Meaning.LOST),
        (ydb.issues.ConnectionFailure("Access denied"), Meaning.DENIED),
        (ydb.issues.ConnectionFailure("database not exists: /x"), Meaning.ABSENT),
        (ydb.issues.NotFound(""), Meaning.ABSENT),
        (ydb.issues.Unimplemented(""), Meaning.OTHER),
        (ydb.issues.GenericError(""), Meaning.OTHER),
        (RuntimeError(), Meaning.OTHER),
    ],
)
def test_an_error_means_one_thing(error: Exception, what: Meaning) -> None:
    assert meaning(error) is what


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (ydb.issues.Overloaded(""), 4),
        (TimeoutError(), 4),
        (ydb.issues.SchemeError(""), 2),
        (ydb.issues.NotFound(""), 2),
        (ydb.issues.Unauthorized(""), 6),
        (ydb.issues.GenericError(""), 7),
    ],
)
def test_an_error_has_the_exit_code_of_its_meaning(error: Exception, exit_code: int) -> None:
    assert to_error(error, "here").exit_code == exit_code


def test_a_servers_text_is_shown_without_its_wrapping_and_made_safe() -> None:
    wrapped = 'message: "No \\"x\\"\x1b[2J here" severity: 1 (server_code: 400070)'
    assert said(ydb.issues.SchemeError(wrapped)) == 'No \\\\"x\\\\"\\u{1b}[2J here'
    assert said(TimeoutError()) == "TimeoutError"
    assert to_error(TimeoutError(), "table").what == "YDB gave no answer in time"
    assert len(said(ydb.issues.GenericError("x" * 10_000))) == 300


def test_the_sdk_is_the_one_whose_private_parts_were_read() -> None:
    """If this fails after an upgrade: read the functions that ydb_wire names, then pin anew."""
    assert ydb_wire.source_sha256() == ydb_wire.SOURCE_SHA256
    assert ydb_wire.PINNED


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_the_hand_built_request_equals_the_sdks(name: str) -> None:
    shape = profiles.load(name).objects
    rows = [
        tuple(_sample(column, at, key=column.name in shape.key) for column in shape.columns)
        for at in range(3)
    ]
    built = ydb_wire.BulkRequests(shape, "/local/t").build(rows)
    named = [dict(zip(shape.names, row, strict=True)) for row in rows]
    assert built == bulk_upsert_request_factory("/local/t", named, ydb_wire.column_types(shape))


def _sample(column: Column, at: int, *, key: bool) -> Value:
    if at == 0 and not key:
        return None
    if column.type is ColumnType.BOOL:
        return at == 1
    return f'{{"a":"é{at}"}}' if column.type in {ColumnType.UTF8, ColumnType.JSON} else at
