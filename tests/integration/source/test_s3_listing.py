"""A bucket's listing: every key once, in order, however it is parted; no endless one is taken."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, Broken, Denied
from core.model import Unrepresentable
from core.source.posix.buckets import make_bucket
from core.source.s3.client import S3Client
from core.source.s3.listing import PAGES_AHEAD
from core.source.s3.patience import TRIES
from core.source.s3.runs import EMPTY_PAGES
from core.source.s3.source import S3Source
from core.source.s3.splitting import RUNS
from tests.fakes.s3_endpoint import XMLNS, Bucket, S3Endpoint, Say, answer, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.s3_endpoint import Asked

    Serve = Callable[[Callable[[Asked], Say]], S3Endpoint]

BUCKET = b"bucket"
ROW = (
    "<Contents><Key>{}</Key><LastModified>2026-11-26T01:34:25Z</LastModified><Size>1</Size>"
    "</Contents>"
)
pieces = st.sampled_from(["a", "b", "c", ".", "-", "/", "0", "~", " ", "+", "%", "&", "ü", "\x01"])
names = st.lists(pieces, min_size=1, max_size=6).map("".join).map(str.encode)


def _keys(endpoint: S3Endpoint, after: bytes | None = None) -> list[bytes]:
    with S3Client(endpoint.config) as client:
        return [row[0] for page in client.listing(BUCKET, after=after) for row in page.rows]


@settings(max_examples=60)
@given(keys=st.sets(names, max_size=40), page=st.sampled_from([1, 2, 3, 7, 1_000]), at=names)
def test_i4_any_keys_come_once_and_in_byte_order(keys: set[bytes], page: int, at: bytes) -> None:
    bucket = Bucket(dict.fromkeys(keys, b"x"), page=page)
    endpoint = S3Endpoint(bucket.says)
    try:
        assert _keys(endpoint) == sorted(keys)
        assert _keys(endpoint, at) == sorted(key for key in keys if key > at)
    finally:
        endpoint.close()


def test_a_bucket_with_folders_is_listed_in_runs_at_once(serve: Serve) -> None:
    keys = [b"d%02d/k%03d" % (at % 20, at) for at in range(2_000)]
    bucket = Bucket(dict.fromkeys(keys, b"x"), page=100)
    endpoint = serve(bucket.says)
    assert _keys(endpoint) == sorted(keys)
    begun = {asked.query["start-after"] for asked in endpoint.asked if "start-after" in asked.query}
    assert len(begun) == RUNS - 1
    assert len(endpoint.asked) <= 20 + 2 * RUNS  # pages, and what parting them costs


def test_a_flat_bucket_costs_one_request_more_than_its_pages(serve: Serve) -> None:
    bucket = Bucket({b"k%04d" % at: b"x" for at in range(1_000)}, page=100)
    endpoint = serve(bucket.says)
    assert len(_keys(endpoint)) == 1_000
    assert len(endpoint.asked) == 11


def test_keys_at_and_just_before_a_border_come_once(serve: Serve) -> None:
    folders = [b"a", b"b", b"c", b"d"]
    around = [b"/", b"/1", b".~", b".~a", b".", b".a", b"0", b""]
    keys = {folder + end for folder in folders for end in around}
    endpoint = serve(Bucket(dict.fromkeys(keys, b"x")).says)
    assert _keys(endpoint) == sorted(keys)
    assert any("start-after" in asked.query for asked in endpoint.asked)
    for after in sorted(keys):
        assert _keys(endpoint, after) == sorted(key for key in keys if key > after)


def test_runs_wait_for_those_before_them_with_some_pages(serve: Serve) -> None:
    keys = [b"d%02d/k%03d" % (at % 8, at) for at in range(4_000)]
    bucket = Bucket(dict.fromkeys(keys, b"x"), page=10)
    endpoint = serve(bucket.says)
    taken = 30
    with S3Client(endpoint.config) as client:
        pages = client.listing(BUCKET)
        for _ in range(taken):
            next(pages)
        assert len(endpoint.asked) <= taken + (RUNS + 1) * (PAGES_AHEAD + 1)  # of 400
        pages.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", [2, 1_000])
def test_keys_that_xml_cannot_carry_are_told_apart_not_planned(serve: Serve, page: int) -> None:
    true = "true-\ufffd".encode()
    objects = dict.fromkeys([b"a", b"b\x01/x", b"b\x02", b"\x03/z", true, b"z/1", b"y/1"], b"x")
    bucket = Bucket(objects, page=page, url_encoded=False)

    def says(asked: Asked) -> Say:
        said = bucket.says(asked)
        return said if asked.key else _replaced(said)  # as Go writes what XML has no place for

    endpoint = serve(says)
    with S3Client(endpoint.config) as client:
        pages = list(client.listing(BUCKET))
    rows = [row[0] for one in pages for row in one.rows]
    assert rows == [b"a", true, b"y/1", b"z/1"]
    shown = sorted(hidden.shown for one in pages for hidden in one.unnamed)
    other = "\ufffd".encode()
    assert shown == sorted([b"b" + other + b"/x", b"b" + other, other + b"/z"])


@pytest.mark.parametrize("page", [2, 1_000])
def test_keys_that_are_no_utf8_are_told_apart_not_planned(serve: Serve, page: int) -> None:
    odd = [b"a\xff", b"b/\xfe", b"c\xc3", b"\xa9"]  # the last two are a letter, put together
    bucket = Bucket(dict.fromkeys([b"a", b"b", *odd, b"d"], b"x"), page=page)
    with S3Client(serve(bucket.says).config) as client:
        pages = list(client.listing(BUCKET))
    assert [row[0] for one in pages for row in one.rows] == [b"a", b"b", b"d"]
    assert sorted(hidden.shown for one in pages for hidden in one.unnamed) == sorted(odd)
    source = S3Source(serve(bucket.says).config)
    plain = make_bucket(BUCKET, {}, mtime_ns=0, root_account="")
    skips = [skip for one in source.walk(plain) for skip in one.skips]
    assert {skip.reason for skip in skips} == {Unrepresentable.KEY_NOT_UTF8}
    assert sorted(skip.key for skip in skips) == sorted(odd)


def _replaced(said: Say) -> Say:
    body = said.raw.partition(b"\r\n\r\n")[2]
    for byte in (b"\x01", b"\x02", b"\x03"):
        body = body.replace(byte, "\ufffd".encode())
    return answer(200, body)


def _page(rows: str, token: str) -> Say:
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
    return answer(
        200, f'<ListBucketResult xmlns="{XMLNS}">{more}{rows}</ListBucketResult>'.encode()
    )


@pytest.mark.parametrize(
    "kind", ["same page", "same token", "empty pages", "backwards", "no token"]
)
def test_a_listing_that_never_ends_is_refused(serve: Serve, kind: str) -> None:
    said = [0]

    def says(_asked: Asked) -> Say:
        said[0] += 1
        row = ROW.format(f"k{said[0]:06}")
        match kind:
            case "same page":
                return _page(ROW.format("k"), f"t{said[0]}")
            case "same token":
                return _page(row, "t")
            case "empty pages":
                return _page("", f"t{said[0]}")
            case "backwards":
                return _page(ROW.format(f"k{999_999 - said[0]}"), f"t{said[0]}")
            case _:
                return _page(row, "")

    endpoint = serve(says)
    with pytest.raises(Broken, match="does not advance"):
        _keys(endpoint)
    assert len(endpoint.asked) < EMPTY_PAGES + 10


def test_a_versions_listing_that_never_ends_is_refused(serve: Serve) -> None:
    def says(asked: Asked) -> Say:
        if "versions" not in asked.query:
            return answer(200, f'<ListBucketResult xmlns="{XMLNS}"/>'.encode())
        rows = "<Version><Key>k</Key><VersionId>v</VersionId><IsLatest>true</IsLatest></Version>"
        marks = "<NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>"
        more = f"<IsTruncated>true</IsTruncated>{marks}"
        return answer(200, f"<ListVersionsResult>{more}{rows}</ListVersionsResult>".encode())

    endpoint = serve(says)
    with S3Client(endpoint.config) as client, pytest.raises(Broken, match="does not advance"):
        list(client.listing(BUCKET, versions=True))
    assert len(endpoint.asked) == 3


def test_versions_that_are_repeated_across_pages_come_once(serve: Serve) -> None:
    rows = [
        f"<Version><Key>k{at:02}</Key><VersionId>v{version}</VersionId>"
        f"<IsLatest>{str(version == 2).lower()}</IsLatest><Size>1</Size></Version>"
        for at in range(20)
        for version in (2, 1, 0)
    ]

    def says(asked: Asked) -> Say:
        if "versions" not in asked.query:
            return answer(200, f'<ListBucketResult xmlns="{XMLNS}"/>'.encode())
        begin = int(asked.query.get("version-id-marker", "0"))
        end = begin + 7
        more = f"<IsTruncated>{str(end < len(rows)).lower()}</IsTruncated><NextKeyMarker>k"
        more += f"</NextKeyMarker><NextVersionIdMarker>{end - 2}</NextVersionIdMarker>"
        body = f"<ListVersionsResult>{more}{''.join(rows[begin:end])}</ListVersionsResult>"
        return answer(200, body.encode())

    with S3Client(serve(says).config) as client:
        got = [row[:2] for page in client.listing(BUCKET, versions=True) for row in page.rows]
    want = [(b"k%02d" % at, version) for at in range(20) for version in (b"", b"v1", b"v0")]
    assert got == want


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (refusal(404, "NoSuchBucket"), BadInput),
        (refusal(403, "AccessDenied"), Denied),
        (refusal(403, "SignatureDoesNotMatch"), Denied),
        (answer(200, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), Broken),
        (answer(200, b"words"), Broken),
        (answer(200, b"<html><body>Sign in</body></html>"), Broken),
        (answer(200, b"<Error><Code>InternalError</Code></Error>"), Broken),
        (answer(200, b"<ListAllMyBucketsResult/>"), Broken),
    ],
)
def test_a_listing_that_is_refused_or_hostile_is_an_error(
    serve: Serve, said: Say, error: type[Exception]
) -> None:
    with pytest.raises(error):
        _keys(serve(lambda _asked: said))


def test_a_page_longer_than_any_is_not_read_to_its_end(serve: Serve) -> None:
    def says(asked: Asked) -> Say:
        del asked
        return type(answer())(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n<a>", close=True
        )

    endpoint = serve(says)
    with pytest.raises(Broken, match="longer"):
        _keys(endpoint)


def test_a_busy_endpoint_is_listed_to_the_end(serve: Serve) -> None:
    bucket = Bucket({b"d%d/k%04d" % (at % 5, at): b"x" for at in range(500)}, page=20)
    chance = random.Random(7)  # noqa: S311 - a schedule, no secret
    refused = Counter[frozenset[tuple[str, str]]]()  # which page meets what depends on threads

    def says(asked: Asked) -> Say:
        page = frozenset(asked.query.items())
        if refused[page] < TRIES - 1 and chance.random() < 0.2:
            refused[page] += 1
            return refusal(503, "SlowDown", {"Retry-After": "0"})
        return bucket.says(asked)

    assert _keys(serve(says)) == sorted(bucket.objects)
    assert refused.total() > 2


def _named(name: str, inner: str) -> bytes:
    return f"<{name}>{inner}</{name}>".encode()


def test_buckets_and_uploads_are_listed_to_the_end(serve: Serve) -> None:
    def says(asked: Asked) -> Say:
        if not asked.bucket:
            second = "continuation-token" in asked.query
            token = "" if second else "<ContinuationToken>t</ContinuationToken>"
            name = "a" if second else "b"
            one = f"<Bucket><Name>{name}</Name><CreationDate>2026-11-26T01:34:25Z</CreationDate>"
            return answer(
                200, _named("ListAllMyBucketsResult", f"<Buckets>{one}</Bucket></Buckets>{token}")
            )
        second = "key-marker" in asked.query
        marks = "<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>"
        more = "" if second else f"<IsTruncated>true</IsTruncated>{marks}"
        one = f"<Upload><Key>{int(second)}</Key><UploadId>u</UploadId></Upload>"
        return answer(200, _named("ListMultipartUploadsResult", f"{more}{one}"))

    with S3Client(serve(says).config) as client:
        assert [one.name for one in client.buckets()] == [b"a", b"b"]
        assert [one.key for one in client.uploads(BUCKET)] == [b"0", b"1"]
