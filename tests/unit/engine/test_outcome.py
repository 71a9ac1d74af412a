"""What a bundle's answer means: every member ends somewhere, exactly once (I4)."""

from __future__ import annotations

import pytest

from core.engine.copying.outcome import Outcome, again_bundle, outcome_of, without_refused
from core.engine.crew.task import CopyResult, ObjectFault
from core.engine.worker.walk import current_only
from core.model import Bundle, BundleKind, ObjectState, Page, Unrepresentable

MEMBER = (b"k", b"", 7, 11, 12, 13)


def bundle(tries: int = 0) -> Bundle:
    return Bundle(
        id=4,
        bucket_id=2,
        bucket=b"b",
        first=(b"a", b""),
        last=(b"z", b""),
        kind=BundleKind.RANGE,
        objects=1,
        size_bytes=7,
        tries=tries,
    )


def answer(fault: ObjectFault) -> CopyResult:
    return CopyResult(bundle=4, epoch=1, attempt=1, faults=[fault])


def changed() -> CopyResult:
    return answer(ObjectFault(b"k", b"", "changed", "source_changed", "it changed"))


def test_a_changed_object_goes_round_again_with_its_reason() -> None:
    outcome = outcome_of(bundle(), changed(), [], {MEMBER[:2]: MEMBER}, retry_attempts=3)
    assert outcome.again == [MEMBER]
    assert outcome.rows == []
    assert [draft.code for draft in outcome.failures] == ["source_changed"]


def test_after_its_last_try_it_has_failed() -> None:
    outcome = outcome_of(bundle(3), changed(), [], {MEMBER[:2]: MEMBER}, retry_attempts=3)
    assert outcome.again == []
    assert outcome.rows == [(ObjectState.FAILED, None, None, 7, 11, 12, 13, None, 2, b"k", b"")]


@pytest.mark.parametrize(
    ("word", "state", "reasons"),
    [("gone", ObjectState.GONE_APPLIED, 0), ("failed", ObjectState.FAILED, 1)],
)
def test_gone_and_unreadable_objects_end_at_once(
    word: str, state: ObjectState, reasons: int
) -> None:
    fault = ObjectFault(b"k", b"", word, "code", "text")  # type: ignore[arg-type]
    outcome = outcome_of(bundle(), answer(fault), [], {MEMBER[:2]: MEMBER}, retry_attempts=3)
    assert [row[0] for row in outcome.rows] == [state]
    assert len(outcome.failures) == reasons


def test_the_bundle_that_goes_round_again_spans_its_members_in_key_order() -> None:
    other = (b"a", b"", 1, 1, 1, 1)
    again = again_bundle(9, [MEMBER, other], BundleKind.RANGE)
    assert (again.first, again.last) == ((b"a", b""), (b"k", b""))
    assert list(again.entries) == [other, MEMBER]


def test_without_an_archive_old_versions_are_skipped_by_name() -> None:
    old, marker = (b"k", b"01V", 7, 1, 1, 1), (b"m", b"", None, 1, 1, 1)
    page = current_only(Page([MEMBER, old, marker], []))  # type: ignore[list-item]
    assert page.entries == [MEMBER]
    assert [(skip.key, skip.reason) for skip in page.skips] == [
        (b"k", Unrepresentable.NONCURRENT_VERSION),
        (b"m", Unrepresentable.DELETE_MARKER),
    ]


def test_an_object_that_the_table_cannot_hold_has_failed_by_name() -> None:
    good = (1, b"cid", b"etag", 7, 11, 12, 13, 99, 2, b"a", b"")
    bad = (1, b"cid", b"etag", 7, 11, 12, 13, 99, 2, b"k", b"")
    old = (1, b"cid", b"etag", 7, 11, 12, 13, 99, 2, b"k", b"01OLD")
    whole = Outcome(rows=[good, bad, old], failures=[], again=[])
    outcome = without_refused(whole, {b"k": "too long"})
    assert outcome.rows[::2] == [good, old]
    assert outcome.rows[1] == (5, None, None, 7, 11, 12, 13, None, 2, b"k", b"")
    assert [(d.code, d.text) for d in outcome.failures] == [("row_refused", "too long")]
