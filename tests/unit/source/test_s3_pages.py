"""Listings are taken apart to the byte, and XML that could do harm is refused whole."""

from __future__ import annotations

import contextlib
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Broken
from core.source.s3.pages import objects_page, time_ns, versions_page
from core.source.s3.tagging import tags_of
from core.source.s3.xml import parse

NS = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
WHERE = "bucket b"


def _list(rows: str, more: str = "", ns: str = NS) -> bytes:
    return f"<ListBucketResult{ns}>{more}{rows}</ListBucketResult>".encode()


def _row(key: str) -> str:
    return (
        f"<Contents><Key>{key}</Key><LastModified>2026-11-26T01:34:25.678Z</LastModified>"
        "<ETag>&quot;abc&quot;</ETag><Size>5000000000</Size></Contents>"
    )


@given(st.binary(min_size=1, max_size=40))
def test_an_encoded_listing_tells_every_byte_of_a_key(key: bytes) -> None:
    shown = quote_from_bytes(key, safe="/").replace("%20", "+")
    page = objects_page(_list(_row(shown), "<EncodingType>url</EncodingType>"), WHERE)
    assert page.exact
    assert page.rows == [(key, b"", 5_000_000_000, "abc", time_ns("2026-11-26T01:34:25"))]


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40))
def test_a_plain_listing_tells_what_xml_can_hold(key: str) -> None:
    page = objects_page(_list(_row(escape(key)), ns=""), WHERE)
    assert not page.exact
    assert page.rows[0][0] == key.encode()


def test_times_are_cut_to_seconds_as_headers_are() -> None:
    assert time_ns("2026-11-26T01:34:25.678Z") == time_ns("2026-11-26T01:34:25Z") > 0
    assert time_ns("no time") == 0
    for far in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):  # what no ledger holds
        assert time_ns(far) == 0


@pytest.mark.parametrize("size", ["²", "9" * 5_000, "9" * 19, "-1", "", "many"])
def test_a_size_that_is_none_is_left_to_the_objects_own_answer(size: str) -> None:
    row = f"<Key>k</Key><Size>{size}</Size><ETag>e</ETag>"
    body = f"<ListBucketResult><Contents>{row}</Contents></ListBucketResult>".encode()
    assert objects_page(body, "w").rows == [(b"k", b"", 0, "e", 0)]


def test_a_page_names_prefixes_and_the_next_page() -> None:
    more = (
        "<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>"
        "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"
    )
    page = objects_page(_list("", more), WHERE)
    assert (page.prefixes, page.truncated, page.token) == ([b"a/"], True, "t&1")


def test_versions_tell_the_current_one_from_old_ones_and_markers() -> None:
    def row(kind: str, key: str, version: str, latest: str) -> str:
        return (
            f"<{kind}><Key>{key}</Key><VersionId>{version}</VersionId><IsLatest>{latest}"
            f"</IsLatest><LastModified>2026-11-26T01:34:25Z</LastModified><Size>7</Size></{kind}>"
        )

    rows = row("DeleteMarker", "k", "v3", "true") + row("Version", "k", "v2", "false")
    rows += row("Version", "k", "null", "false") + row("Version", "l", "v9", "true")
    marks = "<NextKeyMarker>l</NextKeyMarker><NextVersionIdMarker>v9</NextVersionIdMarker>"
    page = versions_page(f"<ListVersionsResult{NS}>{rows}{marks}</ListVersionsResult>".encode(), "")
    assert [one[:3] for one in page.rows] == [
        (b"k", b"", None),
        (b"k", b"v2", 7),
        (b"k", b"null", 7),
        (b"l", b"", 7),
    ]
    assert (page.key_marker, page.version_marker, page.truncated) == (b"l", b"v9", False)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "&{a};&{a};&{a};">' for a, b in zip("abcde", "bcdef", strict=True))
    + "]><b>&f;</b>"
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        BOMB.replace("<?xml version", "\ufeff<?xml version").encode(),
        BOMB.encode("utf-16"),
        BOMB.encode("utf-16-le"),
        BOMB.replace('"1.0"', '"1.0" encoding="cp037"', 1).encode("cp037"),
        b'<?xml version="1.0" encoding="cp037"?>' + BOMB[21:].encode("cp037"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"<a><b></a>",
        b"<a/><a/>",
        b"<a>\0</a>",
        b"<a>\xff</a>",
        b"",
        b"plain words",
        b'{"json": true}',
    ],
)
def test_xml_that_declares_or_hides_anything_is_refused(body: bytes) -> None:
    with pytest.raises(Broken, match="the endpoint's answer"):
        parse(body, WHERE)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_else(body: bytes) -> None:
    try:
        objects_page(body, WHERE)
        objects_page(_list(_row("k")) + body, WHERE)
        versions_page(b"<a>" + body + b"</a>", WHERE)
    except Broken:
        pass


def test_deep_nesting_is_read_or_refused_without_harm() -> None:
    deep = b"<a>" * 200_000 + b"</a>" * 200_000
    with contextlib.suppress(Broken):
        parse(deep, WHERE)


def test_tags_come_in_any_namespace() -> None:
    tags = "<TagSet><Tag><Key>a&amp;b</Key><Value>1</Value></Tag><Tag><Key>e</Key></Tag></TagSet>"
    for ns in ("", NS):
        assert tags_of(f"<Tagging{ns}>{tags}</Tagging>".encode(), "") == {"a&b": "1", "e": ""}
