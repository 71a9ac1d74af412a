"""The assessment as the API gives it: every row, answered or not, and what was said of it."""

from __future__ import annotations

import pytest

from core.control.assess.checks import Assessed, checks
from core.control.assess.lines import check_lines, estimate_lines, last_fact, sum_lines
from core.control.fact import State
from core.control.metrics import render
from core.control.wire.checks import Checks, Estimate
from core.engine.assessing.kept import Foretold
from core.ledger.rows import AnswerRow, JobRow, SaidRow, Saying
from core.model import JobKind, JobState
from core.preflight.estimate import Estimate as Told
from core.preflight.estimate import Term
from core.preflight.rows import ROWS
from core.preflight.survey import ClassCount, Sized, Survey
from core.verdict import Answer, Component, Verdict
from tests.fakes.desk import AT_NS, snapshot


def answer(check: str, verdict: Verdict, component: Component = Component.CLUSTER) -> AnswerRow:
    place = next(i for i, row in enumerate(ROWS) if row.id == check)
    told = Answer(
        check=check,
        component=component,
        verdict=verdict,
        evidence="what was seen",
        at_ns=AT_NS - 5 * 10**9,
        remedy="" if verdict is Verdict.PASS else "Mend it.",
    )
    return AnswerRow(job=3, place=place, answer=told)


def said(kind: Saying, name: str, text: str) -> SaidRow:
    return SaidRow(kind=kind, name=name, who="op1", at_ns=AT_NS, text=text)


def job(state: JobState, **args: str) -> JobRow:
    return JobRow(
        id=3,
        kind=JobKind.ASSESS,
        state=state,
        args=args,
        actor="op1",
        request_id="",
        made_ns=AT_NS,
        began_ns=AT_NS,
        ended_ns=None,
        reason="",
        result="",
        progress='{"answered":2,"rows":5,"text":"asks kubo"}',
    )


def told(known: Assessed) -> Checks:
    return checks(known, at_ns=AT_NS)


def state_of(found: Checks, check: str) -> str:
    return next(one.state for one in found.checks if one.id == check)


def test_i7_a_row_that_was_never_asked_is_there_and_unknown() -> None:
    found = told(Assessed(rows=ROWS))
    assert [one.id for one in found.checks] == [row.id for row in ROWS]
    assert {one.state for one in found.checks} == {"unknown"}
    assert {one.measured_ns for one in found.checks} == {None}
    assert found.run is None
    assert found.blocking == []


def test_a_fail_blocks_and_a_warning_waits_to_be_taken_on() -> None:
    known = Assessed(
        rows=ROWS,
        answers=[answer("cluster", Verdict.FAIL), answer("host", Verdict.WARN)],
        run=job(JobState.DONE),
    )
    found = told(known)
    assert found.blocking == ["cluster"]
    assert found.open_warnings == 1
    assert found.counts["unknown"] == len(ROWS) - 2
    assert sum(found.counts.values()) == len(ROWS)
    assert "cluster" in sum_lines(found)[-1]


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN])
def test_an_acknowledgement_holds_beside_a_warning_alone(verdict: Verdict) -> None:
    ack = said(Saying.ACK, "host", "enough for us")
    for now, kept in ((Verdict.WARN, True), (verdict, False)):
        found = told(Assessed(rows=ROWS, answers=[answer("host", now)], said=[ack]))
        (row,) = [one for one in found.checks if one.id == "host"]
        assert (row.ack is not None) is kept
        assert row.blocks is (now is Verdict.FAIL)
        assert found.open_warnings == 0


def test_a_note_answers_its_item_and_no_machines_row() -> None:
    notes = [said(Saying.NOTE, "windows", "Sunday"), said(Saying.NOTE, "host", "fine")]
    found = told(Assessed(rows=ROWS, said=notes, answers=[answer("windows", Verdict.UNKNOWN)]))
    assert state_of(found, "windows") == "pass"
    assert state_of(found, "host") == "unknown"


def test_a_run_says_what_it_asks_now_and_keeps_the_old_answer() -> None:
    known = Assessed(
        rows=ROWS,
        answers=[answer("kubo", Verdict.WARN)],
        run=job(JobState.RUNNING, only="kubo,host", measure="60s"),
        asked=frozenset({"kubo"}),
        live=True,
    )
    found = told(known)
    assert [one.id for one in found.checks if one.asked] == ["kubo"]
    assert state_of(found, "kubo") == "warn"
    run = found.run
    assert run is not None
    assert (run.state, run.rows, run.answered, run.only, run.measure_s) == (
        *("running", 5, 2, ["kubo", "host"], 60.0),
    )


def test_i7_without_an_engine_no_run_is_at_work() -> None:
    run = told(Assessed(rows=ROWS, run=job(JobState.RUNNING))).run
    assert run is not None
    assert run.state == "interrupted"


def test_the_inventory_keeps_every_size_class_and_names_what_cannot_be_carried() -> None:
    survey = Survey(
        began_ns=1,
        ended_ns=2,
        objects=7,
        largest=(Sized("b/k", 9),),
        classes=(ClassCount("symlink", 2), ClassCount("special_file", 0)),
        fault="stopped",
    )
    found = told(Assessed(rows=ROWS, survey=survey)).inventory
    assert found is not None
    assert len(found.histogram) == len(survey.histogram)
    assert found.cannot_carry == {"symlink": 2}
    assert not found.complete


def test_an_estimate_is_a_range_or_says_why_it_is_none() -> None:
    terms = (Term(name="bytes", low_s=60.0, high_s=120.0, text="x"),)
    whole = Told(low_s=60.0, high_s=120.0, unknown="", terms=terms)
    found = told(Assessed(rows=ROWS, foretold=Foretold(trial=None, estimate=whole))).estimate
    assert found is not None
    assert estimate_lines(found)[0].endswith("1 m 00 s to 2 m 00 s")
    assert "unknown: why" in estimate_lines(Estimate(unknown="why"))[0]
    assert "at least 1 m 00 s; why" in estimate_lines(Estimate(low_s=60.0, unknown="why"))[0]


def test_a_row_reads_with_its_state_as_a_word_its_age_and_what_to_do() -> None:
    found = told(Assessed(rows=ROWS, answers=[answer("kubo", Verdict.FAIL)]))
    (row,) = [one for one in found.checks if one.id == "kubo"]
    first, second = check_lines(row, AT_NS)
    assert first.split() == ["x", "fail", "kubo", "what", "was", "seen", "(5.0", "s", "ago)"]
    assert second.split() == ["do", "Mend", "it."]


def test_the_last_assessment_stands_in_one_line() -> None:
    assert last_fact(told(Assessed(rows=ROWS))).state is State.UNKNOWN
    known = Assessed(rows=ROWS, answers=[answer("kubo", Verdict.FAIL)], run=job(JobState.DONE))
    fact = last_fact(told(known))
    assert (fact.state, fact.reason, fact.age_s) == (State.FAIL, "refused by kubo", 5.0)


def test_i7_metrics_hold_what_was_answered_and_claim_nothing_else() -> None:
    answers = [
        answer("cluster", Verdict.WARN),
        answer("kubo", Verdict.UNKNOWN, Component.KUBO),
        answer("ydb", Verdict.FAIL, Component.METADATA),
        answer("capacity", Verdict.FAIL, Component.KUBO),
        answer("windows", Verdict.UNKNOWN, Component.HOST),
    ]
    text = render(snapshot(), told(Assessed(rows=ROWS, answers=answers)))
    got = [line for line in text.splitlines() if line.startswith(("vgwm_check", "vgwm_component"))]
    of = 'workspace="photos",component='
    assert got == [
        f'vgwm_check_status{{{of}"cluster",check="cluster"}} 1',
        f'vgwm_check_status{{{of}"kubo",check="capacity"}} 2',
        f'vgwm_check_status{{{of}"kubo",check="kubo"}} 3',
        f'vgwm_check_status{{{of}"metadata",check="ydb"}} 2',
        f'vgwm_component_up{{{of}"cluster",endpoint="all"}} 1',
        f'vgwm_component_up{{{of}"metadata",endpoint="all"}} 0',
    ]
