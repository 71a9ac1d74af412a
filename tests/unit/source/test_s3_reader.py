"""The reader of an endpoint's objects: what is expected is fetched ahead, nothing is mixed up.

Against a stand-in; `tests/real/test_s3_source.py` reads a real VersityGW.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pytest

from core.errors import NodeUnreachable
from core.source.posix.outcome import Gone, SmallRead, Unreadable
from core.source.s3.fetched import Head, Larger, Looked, Missed, Wanted, Whole
from core.source.s3.large import S3Large
from core.source.s3.marks import etag_number
from core.source.s3.reader import CAREFUL, S3Reader

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from types import TracebackType

    from core.source.posix.outcome import Fault
    from core.source.s3.fetched import Fetched

SECOND = 10**9
ETAG = "0123456789abcdef0123456789abcdef"
LIMIT = 100
BUCKET = b"bucket"


class Flow:
    """A large object on its way. other: it is replaced while it is read."""

    def __init__(self, head: Head, body: bytes, *, other: bool) -> None:
        self.head = head
        self._body = body
        self._other = other
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closed = True

    def chunks(
        self, buffer: memoryview, *, offset: int = 0, length: int | None = None
    ) -> Iterator[memoryview]:
        del length
        while offset < len(self._body):
            part = self._body[offset : offset + len(buffer)]
            buffer[: len(part)] = part
            yield buffer[: len(part)]
            offset += len(part)

    def unchanged(self) -> bool:
        return not self._other


class Shop:
    """A stand-in of an endpoint. bodies: by key; tags: of some; asked: each request, its kind."""

    def __init__(self, bodies: dict[bytes, bytes], tags: dict[bytes, bytes] | None = None) -> None:
        self.bodies = bodies
        self.tagged = tags or {}
        self.asked: list[tuple[str, bytes]] = []
        self.flows: list[Flow] = []
        self.silent = False
        self.replaces = False
        self.locked = False
        self.breaking: set[bytes] = set()
        self.closed = False

    def head_of(self, key: bytes) -> Head:
        body = self.bodies[key]
        fields = {"etag": f'"{ETAG}"'.encode(), "content-type": b"text/x"}
        return Head(len(body), ETAG, 7 * SECOND, b"", len(self.tagged.get(key, b"")), fields)

    def fetch(
        self, bucket: bytes, wanted: Iterable[Wanted], limit_bytes: int
    ) -> Generator[Fetched, None, None]:
        assert bucket == BUCKET
        for one in wanted:
            self.asked.append(("get", one.key))
            if self.silent or one.key in self.breaking:
                raise NodeUnreachable(what="no answer", where="shop", remedy="Wait.")
            if one.key not in self.bodies:
                yield Missed(one, Gone())
            elif len(self.bodies[one.key]) > limit_bytes:
                yield Larger(one)
            else:
                tags = self.tagged.get(one.key, b"")
                yield Whole(one, self.head_of(one.key), self.bodies[one.key], tags)

    def heads(
        self, bucket: bytes, wanted: Iterable[Wanted]
    ) -> Generator[Looked | Missed, None, None]:
        assert bucket == BUCKET
        for one in wanted:
            self.asked.append(("head", one.key))
            if one.key in self.bodies:
                yield Looked(one, self.head_of(one.key), self.tagged.get(one.key, b""))
            else:
                yield Missed(one, Gone())

    def stream(self, bucket: bytes, wanted: Wanted) -> Flow | Fault:
        assert bucket == BUCKET
        self.asked.append(("stream", wanted.key))
        if wanted.key not in self.bodies:
            return Gone()
        flow = Flow(self.head_of(wanted.key), self.bodies[wanted.key], other=self.replaces)
        self.flows.append(flow)
        return flow

    def parts(self, bucket: bytes, wanted: Wanted, head: Head) -> tuple[int, ...]:
        del bucket, wanted, head
        return ()

    def has_lock(self, bucket: bytes) -> bool:
        assert bucket == BUCKET
        return self.locked

    def version_locks(self, bucket: bytes, wanted: Wanted) -> dict[str, bytes]:
        assert (bucket, bool(wanted.version)) == (BUCKET, True)
        lock = "x-amz-object-lock-"
        return {f"{lock}mode": b"GOVERNANCE", f"{lock}retain-until-date": b"2031-05-06T07:08:09Z"}

    def head(self, bucket: bytes, wanted: Wanted) -> Head | Fault:
        assert bucket == BUCKET
        self.asked.append(("lock", wanted.key))
        if self.silent:
            raise NodeUnreachable(what="no answer", where="shop", remedy="Wait.")
        told = self.head_of(wanted.key)
        return told._replace(fields=told.fields | {"x-amz-object-lock-legal-hold": b"ON"})

    def tags(self, bucket: bytes, wanted: Wanted) -> bytes:
        assert bucket == BUCKET
        self.asked.append(("tags", wanted.key))
        return self.tagged.get(wanted.key, b"")

    def close(self) -> None:
        self.closed = True


def _reader(shop: Shop) -> S3Reader:
    return S3Reader(shop, BUCKET)


def _seen(shop: Shop, *keys: bytes) -> list[tuple[bytes, bytes, int | None, int, int, int]]:
    return [(key, b"", len(shop.bodies[key]), 1, 2, 0) for key in keys]


def test_an_object_comes_with_the_fingerprint_that_a_listing_shows() -> None:
    shop = Shop({b"a": b"alpha"}, {b"a": b'{"t":"1"}'})
    with _reader(shop) as reader:
        reader.expect([(b"a", b"")], (), LIMIT)
        got = reader.read_small(b"a", b"", LIMIT)
    assert isinstance(got, SmallRead)
    assert (got.body, got.size_bytes) == (b"alpha", 5)
    assert (got.ino, got.mtime_ns, got.ctime_ns) == (etag_number(ETAG), 7 * SECOND, 0)
    assert got.attributes["X-Amz-Tagging"] == b'{"t":"1"}'
    assert shop.closed


def test_a_key_with_a_slash_at_its_end_is_a_directory_object() -> None:
    shop = Shop({b"d/": b""})
    with _reader(shop) as reader:
        got = reader.read_small(b"d/", b"", LIMIT)
    assert isinstance(got, SmallRead)
    assert got.is_dir


def test_what_was_asked_for_out_of_order_is_read_all_the_same_and_is_itself() -> None:
    shop = Shop({key: key * 3 for key in (b"a", b"b", b"c", b"d")})
    with _reader(shop) as reader:
        reader.expect([(b"a", b""), (b"b", b""), (b"c", b"")], (), LIMIT)
        bodies = []
        for key in (b"a", b"d", b"b", b"c"):
            got = reader.read_small(key, b"", LIMIT)
            assert isinstance(got, SmallRead)
            bodies.append(got.body)
    assert bodies == [b"aaa", b"ddd", b"bbb", b"ccc"]


def test_a_marker_is_taken_from_the_listing_and_never_asked_for() -> None:
    shop = Shop({b"a": b"x"})
    seen = [(b"m", b"", None, 0, 9 * SECOND, 0), *_seen(shop, b"a"), (b"m", b"7", None, 0, 5, 0)]
    with _reader(shop) as reader:
        reader.expect([(b"m", b""), (b"a", b""), (b"m", b"7")], seen, LIMIT)
        marker = reader.read_small(b"m", b"", LIMIT)
        assert isinstance(reader.read_small(b"a", b"", LIMIT), SmallRead)
        old = reader.read_small(b"m", b"7", LIMIT)
    assert isinstance(marker, SmallRead)
    assert isinstance(old, SmallRead)
    assert (marker.size_bytes, marker.mtime_ns, marker.body) == (None, 9 * SECOND, b"")
    assert old.attributes["version-id"] == b"7"
    assert shop.asked == [("get", b"a")]


def test_a_large_object_is_streamed_and_its_replacement_is_seen() -> None:
    shop = Shop({b"big": bytes(range(256))})
    for shop.replaces in (False, True):
        with _reader(shop) as reader:
            got = reader.read_small(b"big", b"", LIMIT)
            assert isinstance(got, S3Large)
            with got:
                buffer = memoryview(bytearray(100))
                body = b"".join(bytes(chunk) for chunk in got.chunks(buffer))
                assert got.unchanged() is not shop.replaces
        assert body == shop.bodies[b"big"]
        assert shop.flows[-1].closed


def test_attributes_alone_are_asked_for_by_head_and_no_byte_is_read() -> None:
    shop = Shop({b"a": b"alpha", b"b": b""}, {b"a": b'{"t":"1"}'})
    with _reader(shop) as reader:
        reader.expect([(b"a", b""), (b"b", b"")], (), 0)
        for key in (b"a", b"b"):
            got = reader.read_small(key, b"", 0)
            assert isinstance(got, S3Large)
            with got:
                assert got.size_bytes == len(shop.bodies[key])
                assert ("X-Amz-Tagging" in got.attributes) is (key in shop.tagged)
    assert {kind for kind, _ in shop.asked} == {"head"}


def test_a_vanished_object_is_gone_and_a_large_one_that_vanishes_later_has_changed() -> None:
    shop = Shop({b"big": bytes(256)})
    with _reader(shop) as reader:
        assert isinstance(reader.read_small(b"none", b"", LIMIT), Gone)
        looked = reader.read_small(b"big", b"", 0)
        del shop.bodies[b"big"]
        assert isinstance(looked, S3Large)
        assert list(looked.chunks(memoryview(bytearray(10)))) == []
        assert not looked.unchanged()


def test_a_silent_endpoint_is_no_objects_fault_and_the_next_bundle_begins_anew() -> None:
    shop = Shop({b"a": b"alpha"})
    shop.silent = True
    with _reader(shop) as reader:
        reader.expect([(b"a", b"")], (), LIMIT)
        with pytest.raises(NodeUnreachable):
            reader.read_small(b"a", b"", LIMIT)
        shop.silent = False
        reader.expect([(b"a", b"")], (), LIMIT)
        assert isinstance(reader.read_small(b"a", b"", LIMIT), SmallRead)


def test_where_a_bucket_has_a_lock_each_object_and_version_is_asked_for_its_own() -> None:
    shop = Shop({b"a": b"alpha"})
    shop.locked = True
    for version, lock in ((b"", "object-legal-hold"), (b"7", "object-retention")):
        with _reader(shop) as reader:
            got = reader.read_small(b"a", version, LIMIT)
        assert isinstance(got, SmallRead)
        assert lock in got.attributes


def test_an_object_that_breaks_off_beside_an_endpoint_that_answers_fails_by_itself() -> None:
    keys = [b"%03d" % n for n in range(2 * CAREFUL)]
    shop = Shop(dict.fromkeys(keys, b"x"))
    shop.breaking = {keys[5]}
    with _reader(shop) as reader:
        reader.expect([(key, b"") for key in keys], (), LIMIT)
        got = {key: reader.read_small(key, b"", LIMIT) for key in keys}
    assert [key for key in keys if not isinstance(got[key], SmallRead)] == [keys[5]]
    assert isinstance(got[keys[5]], Unreadable)
