"""One value per attribute, and what a profile with such columns cannot show."""

from __future__ import annotations

import json

import pytest

from core.model import Unrepresentable
from core.target.attributes import attribute_values, expires_us, lost_attributes
from core.target.shape import Source


def values_of(**fields: object) -> dict[Source, object]:
    return dict(attribute_values(json.dumps(fields), ()))


@pytest.mark.parametrize(
    ("raw", "us"),
    [
        ("Thu, 01 Dec 1994 16:00:00 GMT", 786_297_600_000_000),
        ("1994-12-01T16:00:00Z", 786_297_600_000_000),
        ("1994-12-01T17:00:00.5+01:00", 786_297_600_500_000),
        ("1994-12-01", 786_240_000_000_000),
        ("Thu, 01 Dec 1960 16:00:00 GMT", None),
        ("Thu, 01 Dec 2200 16:00:00 GMT", None),
        ("tomorrow", None),
        ("", None),
        (7, None),
        ({"b64": "/w=="}, None),
    ],
)
def test_expires_is_a_time_or_absent(raw: object, us: int | None) -> None:
    assert expires_us(raw) == us


def test_an_etag_of_one_part_is_the_md5() -> None:
    etag = "5eb63bbbe01eeed093cb22bb8f5acdc3"
    assert values_of(etag=etag)[Source.MD5_HEX] == etag


@pytest.mark.parametrize("etag", ["5eb63bbbe01eeed093cb22bb8f5acdc3-2", "ETAG", ""])
def test_any_other_etag_is_no_md5(etag: str) -> None:
    assert values_of(etag=etag)[Source.MD5_HEX] is None


def test_a_whole_sha256_is_shown_in_hex_and_a_composite_one_is_not() -> None:
    encoded = "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="
    whole = values_of(checksums={"sha256": encoded, "type": "FULL_OBJECT"})
    assert whole[Source.SHA256_HEX] == (
        "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
    )
    assert whole[Source.CHECKSUM] == f"SHA256:{encoded}"
    composite = values_of(checksums={"sha256": encoded, "type": "COMPOSITE"})
    assert composite[Source.SHA256_HEX] is None
    assert composite[Source.CHECKSUM] == f"SHA256-COMPOSITE:{encoded}"


def test_a_checksum_that_is_no_base64_is_shown_but_not_in_hex() -> None:
    shown = values_of(checksums={"sha256": "%", "type": "FULL_OBJECT"})
    assert (shown[Source.SHA256_HEX], shown[Source.CHECKSUM]) == (None, "SHA256:%")


def test_what_is_not_set_is_absent() -> None:
    shown = values_of(v=1)
    filled = {source for source, value in shown.items() if value is not None}
    assert filled == {Source.PINNED_COUNT, Source.PINNED_PEERS}


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"content_type": "text/plain", "etag": "x", "user": {}}, set()),
        ({"content_disposition": "inline"}, {Unrepresentable.CONTENT_DISPOSITION}),
        ({"website_redirect": "/x"}, {Unrepresentable.WEBSITE_REDIRECT}),
        ({"retention": {"mode": "COMPLIANCE"}}, {Unrepresentable.OBJECT_LOCK}),
        ({"legal_hold": True}, {Unrepresentable.OBJECT_LOCK}),
        ({"parts": [5, 9]}, {Unrepresentable.PART_LAYOUT}),
        ({"expires": "soon"}, {Unrepresentable.EXPIRES_UNPARSABLE}),
        ({"expires": "Thu, 01 Dec 1994 16:00:00 GMT"}, set()),
        ({"content_type": {"b64": "/w=="}}, {Unrepresentable.VALUE_NOT_UTF8}),
    ],
)
def test_what_has_no_column_is_counted_by_its_class(
    fields: dict[str, object], lost: set[Unrepresentable]
) -> None:
    assert lost_attributes(json.dumps(fields)) == lost


def test_a_value_that_is_not_utf8_leaves_its_column_empty() -> None:
    assert values_of(content_type={"b64": "/w=="})[Source.CONTENT_TYPE] is None
