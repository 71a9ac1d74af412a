"""The body lane against a stand-in endpoint that is slow, busy, breaks off, and lies."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput, Denied, NodeBusy, NodeUnreachable
from core.source.posix.outcome import Changed, Gone, Unreadable
from core.source.s3.client import S3Client
from core.source.s3.fetched import Head, Larger, Looked, Missed, Wanted, Whole
from core.source.s3.handle import Door
from core.source.s3.lane import AHEAD_BYTES, Lane
from tests.fakes.s3_endpoint import (
    Bucket,
    Say,
    answer,
    config_of,
    object_headers,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.s3_endpoint import Asked, S3Endpoint

    Serve = Callable[[Callable[[Asked], Say]], S3Endpoint]

MIB = 1 << 20
BUCKET = b"bucket"


def _bodies(count: int) -> dict[bytes, bytes]:
    return {b"k/%05d" % i: b"%d" % i * (i % 50) for i in range(count)}


def test_every_object_comes_once_in_the_order_wanted(serve: Serve) -> None:
    bucket = Bucket(_bodies(700))
    wanted = [Wanted(key) for key in sorted(bucket.objects, key=lambda key: key[::-1])]
    with S3Client(serve(bucket.says).config) as client:
        got = list(client.fetch(BUCKET, wanted, MIB))
    assert [one.wanted for one in got] == wanted
    assert all(type(one) is Whole for one in got)
    assert [one.body for one in got if type(one) is Whole] == [
        bucket.objects[one.key] for one in wanted
    ]


def test_a_slow_object_in_front_does_not_stop_those_behind_it(serve: Serve) -> None:
    bucket = Bucket(_bodies(40))
    behind = threading.Event()
    seen: Counter[bytes] = Counter()

    def says(asked: Asked) -> Say:
        seen[asked.key] += 1
        if asked.key == b"k/00000":
            assert behind.wait(30)
        elif len(seen) > 8:
            behind.set()
        return bucket.says(asked)

    with S3Client(serve(says).config, handles=4) as client:
        got = list(client.fetch(BUCKET, map(Wanted, sorted(bucket.objects)), MIB))
    assert len(got) == 40
    assert behind.is_set()


def test_no_more_is_read_ahead_than_there_is_room_for(serve: Serve) -> None:
    bucket = Bucket({b"%03d" % i: bytes(MIB) for i in range(60)})
    endpoint = serve(bucket.says)
    wanted = [Wanted(key, b"", MIB) for key in sorted(bucket.objects)]
    with S3Client(endpoint.config) as client:
        flow = client.fetch(BUCKET, wanted, MIB)
        next(flow)
        assert len(endpoint.asked) <= AHEAD_BYTES // MIB + 1
        assert sum(type(one) is Whole for one in flow) == 59


def test_a_key_goes_out_as_it_is(serve: Serve) -> None:
    keys = [b"a/../b", b"a/./b", b"a//b", b"/a", b"..", b"a?b=c#d", b"%2F", b"\xff\x00", b" "]
    bucket = Bucket(dict.fromkeys(keys, b"x"))
    with S3Client(serve(bucket.says).config) as client:
        got = list(client.fetch(BUCKET, map(Wanted, keys), MIB))
    assert all(type(one) is Whole for one in got)


def test_what_is_larger_than_the_limit_is_told_not_read(serve: Serve) -> None:
    bodies = {b"a": bytes(100), b"b": bytes(101), b"c": bytes(5 * MIB), b"d": b"", b"e": b"1"}
    bucket = Bucket(bodies)
    endpoint = serve(bucket.says)
    with S3Client(endpoint.config) as client:
        wanted = [
            Wanted(b"a"),
            Wanted(b"b"),
            Wanted(b"c"),
            Wanted(b"c", b"", 5 * MIB),
            Wanted(b"d"),
        ]
        got = list(client.fetch(BUCKET, wanted, 100))
        assert [type(one) for one in got] == [Whole, Larger, Larger, Larger, Whole]
        assert sum(asked.key == b"c" for asked in endpoint.asked) == 1  # its size was known
        none = list(client.fetch(BUCKET, [Wanted(b"a"), Wanted(b"d"), Wanted(b"e")], 0))
    assert [type(one) for one in none] == [Larger, Whole, Larger]


def test_tags_are_asked_for_where_the_headers_count_some(serve: Serve) -> None:
    bucket = Bucket(_bodies(100), tags={b"k/00007": {"a&b": "ü"}, b"k/00050": {"z": "1", "y": ""}})
    endpoint = serve(bucket.says)
    with S3Client(endpoint.config) as client:
        got = list(client.fetch(BUCKET, map(Wanted, sorted(bucket.objects)), MIB))
        looked = list(client.heads(BUCKET, [Wanted(b"k/00007"), Wanted(b"k/00008")]))
    told = {one.wanted.key: one.tags for one in got if type(one) is Whole and one.tags}
    assert told == {b"k/00007": '{"a&b": "ü"}'.encode(), b"k/00050": b'{"y": "", "z": "1"}'}
    assert [one.tags for one in looked if type(one) is Looked] == ['{"a&b": "ü"}'.encode(), b""]


def test_a_busy_endpoint_is_asked_again_after_as_long_as_it_wishes(serve: Serve) -> None:
    bucket = Bucket(_bodies(200))
    tries: Counter[bytes] = Counter()

    def says(asked: Asked) -> Say:
        tries[asked.key] += 1
        if asked.key[-1:] in b"37" and tries[asked.key] == 1:
            return refusal(503, "SlowDown", {"Retry-After": "7"})
        return bucket.says(asked)

    now = [0.0]
    lane = Lane(
        Door(serve(says).config),
        clock=lambda: now[0],
        sleep=lambda wait_s: now.__setitem__(0, now[0] + wait_s),
    )
    got = list(lane.fetch(BUCKET, map(Wanted, sorted(bucket.objects)), MIB))
    lane.close()
    assert all(type(one) is Whole for one in got)
    assert len(got) == 200
    assert set(tries.values()) == {1, 2}
    assert now[0] >= 7


def test_an_endpoint_that_stays_busy_ends_in_an_error(serve: Serve) -> None:
    endpoint = serve(lambda _asked: refusal(503, "SlowDown", {"Retry-After": "0"}))
    with S3Client(endpoint.config) as client, pytest.raises(NodeBusy, match="SlowDown"):
        list(client.fetch(BUCKET, [Wanted(b"k")], MIB))
    assert 1 < len(endpoint.asked) < 10


def test_connections_that_were_closed_meanwhile_cost_no_object(serve: Serve) -> None:
    bucket = Bucket(_bodies(300))

    def says(asked: Asked) -> Say:
        said = bucket.says(asked)
        return Say(said.raw, close=asked.key[-1:] == b"0")

    with S3Client(serve(says).config) as client:
        got = list(client.fetch(BUCKET, map(Wanted, sorted(bucket.objects)), MIB))
    assert sum(type(one) is Whole for one in got) == 300


def _cut(said: Say, at: int) -> Say:
    return Say(said.raw[: len(said.raw) - at], close=True)


def test_a_body_that_breaks_off_is_read_again_never_taken(serve: Serve) -> None:
    bucket = Bucket({b"k": b"x" * 5_000})
    tries = [0]

    def says(asked: Asked) -> Say:
        tries[0] += 1
        said = bucket.says(asked)
        return _cut(said, 100) if tries[0] == 1 else said

    with S3Client(serve(says).config) as client:
        [got] = client.fetch(BUCKET, [Wanted(b"k")], MIB)
    assert type(got) is Whole
    assert got.body == bucket.objects[b"k"]
    assert tries[0] == 2


def test_one_object_that_always_breaks_off_fails_by_name_and_the_others_come(serve: Serve) -> None:
    bucket = Bucket(_bodies(100))

    def says(asked: Asked) -> Say:
        said = bucket.says(asked)
        return _cut(said, 1) if asked.key == b"k/00042" else said

    now = [0.0]
    lane = Lane(
        Door(serve(says).config),
        clock=lambda: now[0],
        sleep=lambda wait_s: now.__setitem__(0, now[0] + wait_s),
    )
    got = list(lane.fetch(BUCKET, map(Wanted, sorted(bucket.objects)), MIB))
    lane.close()
    [missed] = [one for one in got if type(one) is Missed]
    assert missed.wanted.key == b"k/00042"
    assert isinstance(missed.fault, Unreadable)
    assert len(got) == 100


def test_a_lying_length_takes_bytes_of_no_other_answer(serve: Serve) -> None:
    bucket = Bucket({b"a": b"A" * 1_000, b"b": b"B" * 1_000, b"c": b"C" * 1_000})

    def says(asked: Asked) -> Say:
        said = bucket.says(asked)
        if asked.key == b"b":
            return Say(said.raw.replace(b"Content-Length: 1000", b"Content-Length: 900"))
        return said

    with S3Client(serve(says).config, handles=1) as client:
        got = list(client.fetch(BUCKET, [Wanted(b"a"), Wanted(b"b"), Wanted(b"c")], MIB))
    whole = [one for one in got if type(one) is Whole]
    assert [one.body[:1] for one in whole] == [b"A", b"B", b"C"]
    assert [len(one.body) for one in whole] == [1_000, 900, 1_000]  # its ETag does not hold


@pytest.mark.parametrize(
    "head",
    [
        b"200 OK",
        b"206 Partial\r\nContent-Length: 4\r\nContent-Range: bytes 0-3/8",
    ],
    ids=["none", "a part"],
)
def test_an_answer_without_a_length_is_not_trusted(serve: Serve, head: bytes) -> None:
    def says(asked: Asked) -> Say:
        del asked
        return Say(
            b"HTTP/1.1 " + head + b'\r\nETag: "x"\r\nConnection: close\r\n\r\nhalf', close=True
        )

    with S3Client(serve(says).config) as client:
        [got] = client.fetch(BUCKET, [Wanted(b"k")], MIB)
    assert type(got) is Missed


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (refusal(404, "NoSuchKey"), Gone),
        (refusal(405, "MethodNotAllowed", {"x-amz-delete-marker": "true"}), Gone),
        (refusal(403, "AccessDenied"), Unreadable),
        (refusal(412, "PreconditionFailed"), Changed),
    ],
)
def test_an_objects_own_failure_is_its_own(serve: Serve, said: Say, fault: type) -> None:
    bucket = Bucket(_bodies(3))
    endpoint = serve(lambda asked: said if asked.key == b"k/00001" else bucket.says(asked))
    with S3Client(endpoint.config) as client:
        got = list(client.fetch(BUCKET, map(Wanted, sorted(bucket.objects)), MIB))
    assert [type(one) for one in got] == [Whole, Missed, Whole]
    assert isinstance(got[1], Missed)
    assert isinstance(got[1].fault, fault)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (refusal(403, "InvalidAccessKeyId"), Denied, "InvalidAccessKeyId"),
        (refusal(403, "RequestTimeTooSkewed"), Denied, "NTP"),
        (refusal(404, "NoSuchBucket"), BadInput, "no such bucket"),
        (refusal(301, "PermanentRedirect", {"x-amz-bucket-region": "eu-1"}), BadInput, "eu-1"),
    ],
)
def test_what_is_wrong_with_every_request_is_raised(
    serve: Serve, said: Say, error: type[Exception], words: str
) -> None:
    endpoint = serve(lambda _asked: said)
    with S3Client(endpoint.config) as client, pytest.raises(error, match=words):
        list(client.fetch(BUCKET, [Wanted(b"a")], MIB))
    assert len(endpoint.asked) == 1


def test_nobody_there_is_no_answer() -> None:
    with (
        S3Client(config_of("http://127.0.0.1:9")) as client,
        pytest.raises(NodeUnreachable, match="no answer"),
    ):
        list(client.fetch(BUCKET, [Wanted(b"a")], MIB))


@pytest.mark.parametrize(
    "url",
    ["", "ftp://h", "http://", "http://h:0", "http://h:99999", "http://u:p@h", "http://h/x", "h:1"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="no address"):
        S3Client(config_of(url))


def test_a_reading_that_is_given_up_leaves_the_client_usable(serve: Serve) -> None:
    bucket = Bucket(_bodies(200))
    with S3Client(serve(bucket.says).config) as client:
        flow = client.fetch(BUCKET, map(Wanted, sorted(bucket.objects)), MIB)
        next(flow)
        flow.close()
        got = list(client.fetch(BUCKET, map(Wanted, sorted(bucket.objects)), MIB))
    assert [one.body for one in got if type(one) is Whole] == list(bucket.objects.values())


def test_i9_no_error_and_no_path_shows_the_secret(serve: Serve) -> None:
    endpoint = serve(lambda _asked: refusal(403, "SignatureDoesNotMatch"))
    with S3Client(endpoint.config) as client, pytest.raises(Denied) as raised:
        list(client.fetch(BUCKET, [Wanted(b"a")], MIB))
    secret = endpoint.config.keys()[1].reveal()
    assert secret not in str(raised.value)
    assert all(secret not in repr(asked) for asked in endpoint.asked)


def test_headers_of_an_old_version_come_by_its_first_byte(serve: Serve) -> None:
    body = b"0123456789"

    def says(asked: Asked) -> Say:
        if asked.method == "HEAD":
            return Say(answer(404).raw)  # as VersityGW, where the current one has no id
        if asked.key == b"empty":
            if "range" in asked.headers:
                return refusal(416, "InvalidRange")
            return answer(200, b"", object_headers(b""))
        return answer(206, body[:1], object_headers(body, {"Content-Range": "bytes 0-0/10"}))

    with S3Client(serve(says).config) as client:
        got = list(
            client.heads(BUCKET, [Wanted(b"k", b"v1"), Wanted(b"empty", b"v1"), Wanted(b"x")])
        )
    assert [type(one) for one in got] == [Looked, Looked, Missed]
    assert [one.head.size_bytes for one in got if type(one) is Looked] == [10, 0]


@pytest.mark.parametrize(("total", "kind"), [("10", Looked), ("*", Missed)])
def test_headers_without_a_length_are_asked_for_by_the_first_byte(
    serve: Serve, total: str, kind: type
) -> None:
    body = b"0123456789"

    def says(asked: Asked) -> Say:
        if asked.method == "HEAD":
            lines = "".join(f"{name}: {text}\r\n" for name, text in object_headers(body).items())
            return Say(f"HTTP/1.1 200 Word\r\n{lines}\r\n".encode())
        more = object_headers(body, {"Content-Range": f"bytes 0-0/{total}"})
        return answer(206, body[:1], more)

    with S3Client(serve(says).config) as client:
        [got] = client.heads(BUCKET, [Wanted(b"k")])
    assert type(got) is kind
    assert not isinstance(got, Looked) or got.head.size_bytes == len(body)


@pytest.mark.parametrize("kind", ["told", "whole each time", "other etag", "none"])
def test_the_parts_of_an_upload_are_known_where_each_can_be_looked_at(
    serve: Serve, kind: str
) -> None:
    etag = {"ETag": f'"{"0" * 32}-3"'}
    sizes = {"1": 50, "2": 60, "3": 7}

    def says(asked: Asked) -> Say:
        number = asked.query.get("partNumber")
        if kind == "none" and number:
            return Say(answer(501).raw)
        size = 117 if not number or kind == "whole each time" else sizes[number]
        other = {"ETag": '"else"'} if kind == "other etag" and number == "2" else etag
        return Say(answer(206 if number else 200, b"", {"Content-Length": str(size), **other}).raw)

    with S3Client(serve(says).config) as client:
        wanted = Wanted(b"k")
        head = client.head(BUCKET, wanted)
        assert isinstance(head, Head)
        parts = client.parts(BUCKET, wanted, head)
    assert parts == ((50, 110, 117) if kind == "told" else ())
