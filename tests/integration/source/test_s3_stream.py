"""Large objects by their bytes: what breaks off goes on from there, and only of the same object."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NodeUnreachable
from core.source.posix.large import page_buffer
from core.source.posix.outcome import Gone, Unreadable
from core.source.s3.fetched import Wanted
from core.source.s3.handle import Door
from core.source.s3.stream import LargeStream, Streamer
from tests.fakes.s3_endpoint import Bucket, S3Endpoint, Say, answer, object_headers, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.s3_endpoint import Asked

    Serve = Callable[[Callable[[Asked], Say]], S3Endpoint]

BUCKET = b"bucket"
BODY = hashlib.shake_128(b"body").digest(300_000)
CHUNK = 64 << 10


def _open(endpoint: S3Endpoint) -> LargeStream:
    got = Streamer(Door(endpoint.config), sleep=lambda _s: None).open(BUCKET, Wanted(b"k"))
    assert isinstance(got, LargeStream), got
    return got


def _read(stream: LargeStream, **part: int) -> bytes:
    chunks = [bytes(chunk) for chunk in stream.chunks(page_buffer(CHUNK), **part)]
    assert all(len(chunk) == CHUNK for chunk in chunks[:-1])
    return b"".join(chunks)


def test_all_bytes_come_by_one_request(serve: Serve) -> None:
    endpoint = serve(Bucket({b"k": BODY}).says)
    with _open(endpoint) as stream:
        assert stream.head.size_bytes == len(BODY)
        assert _read(stream) == BODY
        assert stream.unchanged()
    assert len(endpoint.asked) == 1


@settings(max_examples=30)
@given(offset=st.integers(0, 300_001), length=st.none() | st.integers(0, 300_001))
def test_any_range_is_that_range(offset: int, length: int | None) -> None:
    endpoint = S3Endpoint(Bucket({b"k": BODY}).says)
    try:
        with _open(endpoint) as stream:
            buffer = page_buffer(CHUNK)
            got = b"".join(map(bytes, stream.chunks(buffer, offset=offset, length=length)))
    finally:
        endpoint.close()
    end = len(BODY) if length is None else offset + length
    assert got == BODY[offset:end]


@pytest.mark.parametrize("ranges", [True, False])
def test_what_breaks_off_goes_on_under_the_same_etag(serve: Serve, *, ranges: bool) -> None:
    bucket = Bucket({b"k": BODY})
    tries = Counter[str]()

    def says(asked: Asked) -> Say:
        tries["all"] += 1
        said = bucket.says(asked) if ranges else answer(200, BODY, object_headers(BODY))
        if tries["all"] <= 4:
            return Say(said.raw[: 300 + 70_000 * (tries["all"] if not ranges else 1)], close=True)
        return said

    endpoint = serve(says)
    with _open(endpoint) as stream:
        assert _read(stream) == BODY
        assert stream.unchanged()
    assert len(endpoint.asked) >= 4
    assert all("if-match" in asked.headers for asked in endpoint.asked[1:])


@pytest.mark.parametrize("told", ["412", "other etag", "other size", "gone"])
def test_an_object_replaced_meanwhile_is_not_mixed_with_another(serve: Serve, told: str) -> None:
    other = BODY[::-1]
    begun = [False]

    def says(asked: Asked) -> Say:
        if not begun[0]:
            begun[0] = True
            return Say(Bucket({b"k": BODY}).says(asked).raw[:100_000], close=True)
        first = int(asked.headers["range"].removeprefix("bytes=").partition("-")[0])
        shown = {"Content-Range": f"bytes {first}-299999/300000"}
        match told:
            case "412":
                return refusal(412, "PreconditionFailed")
            case "other etag":
                return answer(206, other[first:], object_headers(other, shown))
            case "other size":
                longer = {"Content-Range": f"bytes {first}-299999/300001"}
                return answer(206, BODY[first:], object_headers(BODY, longer))
            case _:
                return refusal(404, "NoSuchKey")

    with _open(serve(says)) as stream:
        got = _read(stream)
        assert not stream.unchanged()
    assert got == BODY[: len(got)]
    assert len(got) < len(BODY)


def test_one_that_never_comes_to_its_end_is_no_answer(serve: Serve) -> None:
    bucket = Bucket({b"k": BODY})

    def says(asked: Asked) -> Say:
        said = bucket.says(asked)
        head = said.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        return Say(head if "range" in asked.headers else said.raw[:50_000], close=True)

    endpoint = serve(says)
    with _open(endpoint) as stream, pytest.raises(NodeUnreachable):
        _read(stream)
    assert len(endpoint.asked) < 20


@pytest.mark.parametrize(
    ("said", "fault"),
    [(refusal(404, "NoSuchKey"), Gone), (refusal(403, "AccessDenied"), Unreadable)],
)
def test_an_object_that_does_not_come_is_its_own_failure(
    serve: Serve, said: Say, fault: type
) -> None:
    streamer = Streamer(Door(serve(lambda _asked: said).config))
    assert isinstance(streamer.open(BUCKET, Wanted(b"k")), fault)
    streamer.close()


@pytest.mark.parametrize("how", ["chunked", "to its end", "no number", "a part"])
def test_a_large_object_of_unknown_length_is_not_taken_for_an_empty_one(
    serve: Serve, how: str
) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in object_headers(BODY).items())
    head = f"HTTP/1.1 200 Word\r\n{lines}".encode()
    said = {
        "chunked": Say(
            head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"
        ),
        "to its end": Say(head + b"\r\n" + BODY, close=True),
        "no number": Say(
            head + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n" + BODY, close=True
        ),
        "a part": answer(
            206, BODY[:10], {**object_headers(BODY), "Content-Range": f"bytes 0-9/{len(BODY)}"}
        ),
    }[how]
    endpoint = serve(lambda _: said)
    got = Streamer(Door(endpoint.config), sleep=lambda _s: None).open(BUCKET, Wanted(b"k"))
    assert got == Unreadable("its answer does not tell its length")


def test_a_stream_given_up_leaves_the_next_one_whole(serve: Serve) -> None:
    bucket = Bucket({b"k": BODY, b"l": BODY[::-1]})
    streamer = Streamer(Door(serve(bucket.says).config))
    got = streamer.open(BUCKET, Wanted(b"k"))
    assert isinstance(got, LargeStream)
    next(iter(got.chunks(page_buffer(CHUNK))))
    got.close()
    got = streamer.open(BUCKET, Wanted(b"l"))
    assert isinstance(got, LargeStream)
    assert _read(got) == BODY[::-1]
    streamer.close()
