"""Lists of objects in files: names and JSON lines, odd bytes, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.object_list import name_of, read_names
from core.control import snapshot
from core.display import object_name, parse_object_name
from core.errors import BadInput
from core.ledger.rows import Disposition, FailureRow

if TYPE_CHECKING:
    from pathlib import Path

BUCKETS = st.from_regex(rb"\A[a-z][a-z0-9.-]{2,20}\Z")
KEYS = st.binary(min_size=1, max_size=60).filter(lambda key: b"\0" not in key)
VERSIONS = st.sampled_from([b"", b"01JXYZ0123456789ABCDEFGHJK"])


@given(BUCKETS, KEYS, VERSIONS)
def test_every_name_reads_back_from_a_line(bucket: bytes, key: bytes, version: bytes) -> None:
    line = object_name(bucket, key, version).encode("utf-8", "surrogateescape")
    assert b"\n" not in line
    assert parse_object_name(name_of(line)) == (bucket, key, version)


@given(BUCKETS, KEYS, VERSIONS)
def test_what_errors_prints_as_json_reads_back(bucket: bytes, key: bytes, version: bytes) -> None:
    row = FailureRow(
        bucket_id=1,
        bucket=bucket,
        key=key,
        version=version,
        phase="copy",
        code="denied",
        text="no",
        tries=1,
        first_ns=1,
        last_ns=1,
        disposition=Disposition.FAILED,
    )
    line = msgspec.json.encode(snapshot.failure(row))
    assert parse_object_name(name_of(line)) == (bucket, key, version)


def test_a_file_is_read_in_order_each_name_once(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(
        b'photos/b\r\n\nphotos/a\n{"bucket":"photos","key":"c","x":1}\nphotos/b\nphotos/%61\n'
    )
    assert read_names(file) == ("photos/b", "photos/a", "photos/c")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"photos/a\nphotos\n", "line 2: photos names no object"),
        (b"/a\n", "line 1: /a names no object"),
        (b'{"bucket":"photos"}\n', "line 1: this is no object's line"),
        (b'{"bucket":"photos","key":"\xff"}\n', "line 1: this is no object's line"),
        (b"{photos/a\n", "line 1: this is no object's line"),
        (b"\n\n", "names no object"),
        (b"", "names no object"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, text: bytes, why: str) -> None:
    file = tmp_path / "list"
    file.write_bytes(text)
    with pytest.raises(BadInput, match=why):
        read_names(file)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        read_names(tmp_path / "none")
