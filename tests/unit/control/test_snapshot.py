"""The ledger's rows as wire types: nothing hostile passes, nothing is confused with another."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.control import snapshot
from core.control.wire import state as wire
from core.ledger.counters import CLASSES, Counters
from core.ledger.rows import Disposition, FailureRow, JobRow, KnobRow
from core.model import JobKind, JobState

HOSTILE = b"a\x1b]52;c;aGk=\x07\xff\xe2\x80\xae.txt"


def failure(key: bytes, *, bucket: bytes = b"photos") -> FailureRow:
    return FailureRow(
        bucket_id=3,
        bucket=bucket,
        key=key,
        version=b"",
        phase="copy",
        code="denied",
        text="it may not be read",
        tries=1,
        first_ns=1,
        last_ns=2,
        disposition=Disposition.FAILED,
    )


def job(state: JobState, *, kind: JobKind = JobKind.COPY, result: str = "") -> JobRow:
    return JobRow(
        id=14,
        kind=kind,
        state=state,
        args={},
        actor="op\x1b[2J",
        request_id="r",
        made_ns=1,
        began_ns=2,
        ended_ns=3,
        reason="",
        result=result,
    )


def counted(**more: int) -> Counters:
    names = [name for name in Counters.__dataclass_fields__ if name not in {"histogram", "classes"}]
    return Counters(
        **{name: more.get(name, 0) for name in names},
        histogram=((0, 0),) * CLASSES,
        classes=(),
    )


@given(st.integers(0, 2**62), st.binary(), st.binary())
def test_a_place_in_the_list_reads_back(number: int, key: bytes, version: bytes) -> None:
    cursor = (number, key, version)
    assert snapshot.cursor_of(snapshot.cursor_text(cursor)) == cursor


@pytest.mark.parametrize("text", ["x", "1", "1.2", "1.zz.00", "1.00.00.00", "-.00.00"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever part of it is wrong
        snapshot.cursor_of(text)


@given(st.lists(st.binary(min_size=1), min_size=2, max_size=2, unique=True))
def test_distinct_keys_stay_distinct_and_safe(keys: list[bytes]) -> None:
    one, other = (snapshot.failure(failure(key)) for key in keys)
    assert (one.bucket, one.key) != (other.bucket, other.key)
    assert one.key.isprintable()


def test_a_hostile_key_cannot_write_the_terminal() -> None:
    shown = snapshot.failure(failure(HOSTILE))
    assert shown.key == "a%1B]52;c;aGk=%07%FF%E2%80%AE.txt"
    assert shown.bucket == "photos"


def test_i4_the_totals_add_up() -> None:
    sums = snapshot.totals(
        counted(objects=10, migrated=4, failed=1, skipped=2, gone=1), pins_waiting=5, waived=2
    )
    parts = sums.migrated + sums.failed + sums.skipped + sums.gone + sums.remaining
    assert (parts, sums.pins_waiting) == (10, 5)


def test_a_plan_that_walks_has_no_total_yet() -> None:
    sums = wire.Totals(objects=500)
    shown = snapshot.job(job(JobState.RUNNING, kind=JobKind.PLAN), sums, planned=False)
    assert (shown.done, shown.total) == (500, None)


def test_an_actor_is_safe_to_show() -> None:
    shown = snapshot.job(job(JobState.DONE), wire.Totals(), planned=True)
    assert "\x1b" not in shown.actor


def test_a_failed_job_carries_its_error() -> None:
    error = wire.ErrorBody(code="broken", what="w", where="h", remedy="r", exit_code=7)
    row = job(JobState.FAILED, result=msgspec.json.encode(error).decode())
    assert snapshot.job(row, wire.Totals(), planned=True).result == error


@pytest.mark.parametrize("result", ["", "{}", "no json"])
def test_a_result_of_another_form_is_no_error(result: str) -> None:
    row = job(JobState.FAILED, result=result)
    assert snapshot.job(row, wire.Totals(), planned=True).result is None


def test_a_knob_names_who_set_it() -> None:
    known = [
        wire.Knob(name="workers", value="5", default="10", bounds="0..256"),
        wire.Knob(name="etag", value="verify", default="verify", bounds="verify"),
    ]
    rows = [KnobRow(name="workers", value="5", actor="op1", set_ns=7)]
    shown = {knob.name: (knob.actor, knob.set_ns) for knob in snapshot.knobs(known, rows)}
    assert shown == {"workers": ("op1", 7), "etag": ("", None)}


def test_an_old_copy_is_whole_though_the_source_lost_objects_since() -> None:
    sums = snapshot.totals(counted(objects=5, migrated=4, gone=1), pins_waiting=0, waived=0)
    told = snapshot.job(job(JobState.DONE), sums, planned=True)
    assert (told.done, told.total) == (4, 4)
