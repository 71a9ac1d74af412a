from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from core.cutover.green_object import GreenRows
from core.dag import cid as cids
from core.errors import Broken
from core.target.profile import load

if TYPE_CHECKING:
    from core.target.shape import Row

CID = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
ROWS = GreenRows(load("guide"))


def row(document: object, *, cid: str | None = CID, status: int = 2) -> Row:
    return ("data", "k", cid, 5, 1_000, 2_000, json.dumps(document), status)


def test_every_attribute_becomes_what_a_put_says() -> None:
    found = ROWS.described(
        row(
            {
                "etag": "abc",
                "content_type": "text/plain",
                "cache_control": "no-cache",
                "user": {"One": "1", "raw": {"b64": "eA=="}},
                "tags": {"b": "x y", "a": "1"},
                "checksums": {"md5": "m", "crc32": "c==", "type": "FULL_OBJECT"},
            }
        )
    )
    assert dict(found.headers) == {
        "content-type": "text/plain",
        "cache-control": "no-cache",
        "x-amz-meta-one": "1",
        "x-amz-meta-raw": "x",
        "x-amz-tagging": "a=1&b=x%20y",
    }
    assert found.checksum == ("x-amz-checksum-crc32", "c==")
    assert (found.etag, found.size_bytes, found.modified_us) == ("abc", 5, 2_000)
    assert found.root == found.cid == cids.parse(CID)


def test_a_checksum_of_checksums_is_not_sent_as_one_of_the_whole() -> None:
    found = ROWS.described(row({"checksums": {"crc32": "c==", "type": "COMPOSITE"}}))
    assert found.checksum == ("", "")


@pytest.mark.parametrize(
    ("etag", "parts", "by_parts"),
    [
        ("abc-2", [5, 9], True),
        ("abc-2", None, False),
        ("abc", [5, 9], False),
        ("abc-2", ["x"], False),
    ],
)
def test_parts_are_made_anew_only_where_their_ends_are_known(
    etag: str, parts: object, *, by_parts: bool
) -> None:
    assert ROWS.described(row({"etag": etag, "parts": parts})).by_parts is by_parts


def test_a_row_without_content_is_refused_by_name() -> None:
    with pytest.raises(Broken, match="CID"):
        ROWS.described(row({}, cid=None))


def test_a_row_is_told_from_every_other_but_for_its_volatile_columns() -> None:
    one = ROWS.digest(row({"etag": "a"}, status=1))
    assert ROWS.digest(row({"etag": "a"}, status=2)) == one
    assert ROWS.digest(row({"etag": "b"}, status=1)) != one
