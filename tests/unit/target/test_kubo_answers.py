"""What Kubo's and the cluster's answers are read as."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, Denied, NodeBusy, NodeUnreachable, VgwmError
from core.target import cluster_answers
from core.target.cluster_answers import PinStatus, cluster_error
from core.target.kubo_answers import (
    Answer,
    Counts,
    excerpt,
    import_counts,
    import_error,
    place,
    wait_s,
)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**12)), max_size=4))
def test_counts_of_several_lines_are_added(rows: list[tuple[int, int]]) -> None:
    body = b"".join(
        json.dumps({"Stats": {"BlockCount": n, "BlockBytesCount": size}}).encode() + b"\n"
        for n, size in rows
    )
    assert import_counts(body) == (sum(n for n, _ in rows), sum(size for _, size in rows))


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_an_import_is_good_only_when_both_counts_agree(
    sections: int, size: int, want_sections: int, want_size: int
) -> None:
    body = json.dumps({"Stats": {"BlockCount": sections, "BlockBytesCount": size}}).encode()
    want = Counts(want_sections, want_size)
    error = import_error(Answer(200, "", body), want, where="w", node="kubo-1")
    assert (error is None) == ((sections, size) == want)


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reading_of_an_import(body: bytes) -> None:
    error = import_error(Answer(200, "", body), Counts(1, 1), where="w", node="kubo-1")
    assert isinstance(error, VgwmError)


@given(st.text(max_size=20))
def test_any_retry_after_gives_a_wait_within_bounds(text: str) -> None:
    assert 0 <= wait_s(text) <= 300


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("17", 17),
        ("Wed, 25 Nov 2026 20:00:30 GMT", 30),
        ("Wed, 25 Nov 2026 19:00:00 GMT", 0),
        ("Thu, 26 Nov 2026 20:00:00 GMT", 300),
        ("soon", 5),
        ("", 5),
    ],
)
def test_a_retry_after_may_be_seconds_or_a_date(text: str, wait: float) -> None:
    assert wait_s(text, now_s=1_795_636_800) == wait


@given(st.binary(max_size=2000))
def test_i9_an_excerpt_is_short_and_of_printable_text(body: bytes) -> None:
    text = excerpt(body)
    assert text
    assert text.isprintable()
    assert len(text) <= 300 * len("\\u{10ffff}")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:5001", "kubo-1 at http://h:5001"),
        ("https://user:hush@h/rpc?token=x#y", "kubo-1 at https://h/rpc"),
    ],
)
def test_i9_a_place_shows_no_credentials(url: str, shown: str) -> None:
    assert place("kubo-1", url) == shown


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"code":401,"message":"unauthorized: access denied"}', Denied),
        (403, b"", Denied),
        (404, b"404 page not found", BadInput),
        (400, b'{"code":400,"message":"invalid"}', BadInput),
        (431, b"", BadInput),
        (500, b'{"code":500,"message":"not enough peers to allocate CID. .."}', NodeBusy),
        (500, b'{"message":"error batching item: batching max_queue_size reached. .."}', NodeBusy),
        (503, b"", NodeBusy),
        (500, b'{"code":500,"message":"boom"}', NodeUnreachable),
    ],
)
def test_a_refusal_of_the_clusters_has_its_own_error(
    status: int, body: bytes, kind: type[VgwmError]
) -> None:
    error = cluster_error(Answer(status, "", body), where="w", node="cluster-1")
    assert type(error) is kind
    assert error.node == "cluster-1"
    assert error.what.startswith(f"cluster-1 answered {status}")


def test_i7_an_unknown_status_is_no_verdict() -> None:
    line = b'{"cid":"b","peer_map":{"P":{"status":"half_pinned"}}}'
    assert cluster_answers.pin_info(line)[1]["P"].status is PinStatus.UNDEFINED


@given(st.binary(max_size=60))
def test_a_foreign_body_is_told_apart(body: bytes) -> None:
    for parse in (cluster_answers.pin, cluster_answers.pin_info, cluster_answers.member):
        with pytest.raises(msgspec.MsgspecError):
            parse(body)
