"""What an endpoint's answers come to: attributes, an object's own failure, a wait, or our error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, Broken, Denied, NodeBusy, NodeUnreachable, VgwmError
from core.source.posix.integrity import verdict_small
from core.source.posix.meta import MetaWriter
from core.source.posix.outcome import Changed, Gone, Unreadable
from core.source.s3.fetched import Head
from core.source.s3.handle import STALLED, TLS_FAULTS, TOO_LARGE
from core.source.s3.headers import attributes
from core.source.s3.patience import pause_or_raise
from core.source.s3.refusals import LONGEST_WAIT_S, Again, judge
from core.source.s3.reply import Reply, fields_of, head_of, http_time_ns

WHERE = "bucket b"
PLAIN = (
    b"HTTP/1.1 200 OK\r\n",
    b"Content-Length: 2\r\n",
    b'ETag: "49f68a5c8493ec2c0bf489821c21fc3b"\r\n',
    b"Content-Type: text/plain\r\n",
    b"Last-Modified: Thu, 26 Nov 2026 01:34:25 GMT\r\n",
    b"x-amz-checksum-crc32: 2JMqrA==\r\n",
    b"x-amz-checksum-type: FULL_OBJECT\r\n",
    b"X-Amz-Meta-Foo: B\xc3\xa4r\r\n",
    b"x-amz-tagging-count: 3\r\n",
    b"x-amz-object-lock-mode: GOVERNANCE\r\n",
    b"x-amz-object-lock-retain-until-date: 2030-01-01T00:00:00Z\r\n",
    b"x-amz-object-lock-legal-hold: ON\r\n",
    b"\r\n",
)


def _error(status: int, code: str = "", *lines: bytes) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode() if code else b""
    return Reply(status, (b"HTTP/1.1 x\r\n", *lines), body)


def test_headers_become_the_attributes_that_a_backend_keeps() -> None:
    head = head_of(Reply(200, PLAIN, b"hi"))
    assert (head.size_bytes, head.etag, head.tags) == (2, "49f68a5c8493ec2c0bf489821c21fc3b", 3)
    told = attributes(head, b'{"t": "1"}')
    written = MetaWriter("owner").describe(told, 2, head.modified_ns)
    assert written.losses == ()
    assert json.loads(written.meta.manifest()) == {
        "checksums": {"crc32": "2JMqrA==", "type": "FULL_OBJECT"},
        "content_type": "text/plain",
        "etag": "49f68a5c8493ec2c0bf489821c21fc3b",
        "legal_hold": True,
        "mtime_ns": str(1_795_656_865 * 10**9),
        "owner": "owner",
        "retention": {"mode": "GOVERNANCE", "until": "2030-01-01T00:00:00Z"},
        "tags": {"t": "1"},
        "user": {"foo": "Bär"},
        "v": 1,
    }


def test_the_bytes_are_held_against_etag_and_checksum() -> None:
    told = attributes(head_of(Reply(200, PLAIN, b"hi")))
    assert verdict_small(b"hi", told, "verify") == "ok"
    assert verdict_small(b"ho", told, "verify") == "stale-etag"
    assert verdict_small(b"ho", told, "off") == "bad-checksum"


@given(st.dictionaries(st.sampled_from(["a", "b", "c-d"]), st.binary(max_size=20), max_size=3))
def test_user_metadata_of_any_bytes_is_kept_or_named(user: dict[str, bytes]) -> None:
    fields = {f"x-amz-meta-{name}": value for name, value in user.items()}
    head = Head(0, "", 0, b"", -1, fields)
    written = MetaWriter("").describe(attributes(head), 0, 0)
    told = json.loads(written.meta.manifest()).get("user", {})
    assert set(told) == set(user)
    for name, value in user.items():
        try:
            assert told[name] == value.decode()
        except UnicodeDecodeError:
            assert "b64" in told[name]
            assert written.losses


def test_how_a_client_sent_it_is_no_encoding_of_the_object() -> None:
    for sent, kept in ((b"aws-chunked", None), (b"aws-chunked,gzip", b"gzip"), (b"br", b"br")):
        head = Head(0, "", 0, b"", -1, {"content-encoding": sent})
        assert attributes(head).get("content-encoding") == kept


@pytest.mark.parametrize("text", [b"9" * 5_000, b"9" * 19, b"-1", "²".encode()])
def test_a_number_beyond_all_measure_is_none(text: bytes) -> None:
    lines = (b"HTTP/1.1 200 OK", b"Content-Length: " + text, b"x-amz-tagging-count: " + text)
    head = head_of(Reply(200, lines, b"body"))
    assert (head.size_bytes, head.tags) == (4, -1)


def test_an_interim_answer_leaves_no_header() -> None:
    lines = (b"HTTP/1.1 103 Early\r\n", b"Link: x\r\n", b"HTTP/1.1 200 OK\r\n", b"A: 1\r\n")
    assert fields_of((*lines, b"a: 2\r\n", b"no header\r\n")) == {"a": b"1,2"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"yesterday",
        b"Thu, 99 Nov 2026 01:34:25 GMT",
        b"x" * 29,
        b"Mon, 01 Jan 0001 00:00:00 GMT",  # what no ledger holds in nanoseconds
        b"Fri, 31 Dec 9999 23:59:59 GMT",
    ],
)
def test_what_is_no_time_is_none(text: bytes) -> None:
    assert http_time_ns(text) == 0


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (_error(404, "NoSuchKey"), Gone),
        (_error(404), Gone),
        (_error(405, "MethodNotAllowed"), Gone),
        (_error(412, "PreconditionFailed"), Changed),
        (_error(416, "InvalidRange"), Changed),
        (_error(403, "AccessDenied"), Unreadable),
        (_error(403, "InvalidObjectState"), Unreadable),
        (_error(404, "NoSuchBucket"), BadInput),
        (_error(403, "InvalidAccessKeyId"), Denied),
        (_error(403, "SignatureDoesNotMatch"), Denied),
        (_error(403, "RequestTimeTooSkewed"), Denied),
        (_error(301, "PermanentRedirect", b"x-amz-bucket-region: eu-west-3\r\n"), BadInput),
        (_error(307, "", b"Location: http://elsewhere/\r\n"), BadInput),
        (Reply(0, (), b"", TOO_LARGE, "too large"), Broken),
        (Reply(0, (), b"", min(TLS_FAULTS), "no trust"), NodeUnreachable),
    ],
)
def test_an_answer_comes_to(reply: Reply, kind: type) -> None:
    assert isinstance(judge(reply, WHERE), kind)


def test_i9_a_redirect_is_told_by_its_host_and_nothing_else_of_it() -> None:
    there = b"Location: https://user:pa55@other.example:8443/b?X-Amz-Signature=abc123\r\n"
    error = judge(_error(307, "", there), WHERE)
    assert isinstance(error, BadInput)
    assert error.what == "it redirects to other.example:8443"
    odd = judge(_error(307, "", b"Location: http://[/\r\n"), WHERE)
    assert isinstance(odd, BadInput)
    assert odd.what == "the region is another one"


def test_the_other_region_is_named() -> None:
    error = judge(_error(301, "", b"x-amz-bucket-region: eu-west-3\r\n"), WHERE)
    assert isinstance(error, VgwmError)
    assert "eu-west-3" in error.what


def test_a_clock_that_is_off_has_its_remedy() -> None:
    error = judge(_error(403, "RequestTimeTooSkewed"), WHERE)
    assert isinstance(error, Denied)
    assert "NTP" in error.remedy


def test_what_asks_to_wait_is_waited_for_as_long_as_it_asks() -> None:
    again = judge(_error(503, "SlowDown", b"Retry-After: 7\r\n"), WHERE)
    assert isinstance(again, Again)
    assert isinstance(again.error, NodeBusy)
    assert pause_or_raise(again, 1) == 7
    with pytest.raises(NodeBusy):
        pause_or_raise(again, 99)


def test_a_wait_beyond_all_measure_is_no_wait_of_ours() -> None:
    told = f"Retry-After: {LONGEST_WAIT_S + 1:.0f}\r\n".encode()
    again = judge(_error(503, "SlowDown", told), WHERE)
    assert isinstance(again, Again)
    with pytest.raises(NodeBusy):
        pause_or_raise(again, 1)


def test_what_broke_off_is_asked_again_and_what_stood_still_less_often() -> None:
    broken = judge(Reply(0, (), b"", 56, "reset"), WHERE)
    stalled = judge(Reply(0, (), b"", STALLED, "too slow"), WHERE)
    assert isinstance(broken, Again)
    assert isinstance(stalled, Again)
    assert 0 < pause_or_raise(broken, 2) < 1
    with pytest.raises(NodeUnreachable):
        pause_or_raise(stalled, 2)


def test_i9_no_outside_text_stands_raw_in_a_message() -> None:
    reply = Reply(403, (), b"<Code>AccessDenied</Code><Message>\x1b[31mred\x07</Message>")
    fault = judge(reply, WHERE)
    assert isinstance(fault, Unreadable)
    assert "\x1b" not in fault.why
    assert "red" in fault.why
