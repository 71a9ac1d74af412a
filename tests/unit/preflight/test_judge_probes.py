"""Rows of probes show the worst answer; no answer at all is unknown (I7)."""

from __future__ import annotations

from itertools import permutations

import pytest

from core.model import Finding
from core.preflight.judge_probes import note, probed, security
from core.preflight.rows import ROWS, From, Row
from core.verdict import Answer, Component, Verdict

PASS, WARN, FAIL, UNKNOWN = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def row(name: str) -> Row:
    return next(one for one in ROWS if one.id == name)


def answer(
    verdict: Verdict, check: str = "gc", component: Component = Component.KUBO, n: int = 1
) -> Answer:
    return Answer(
        check=check,
        component=component,
        verdict=verdict,
        evidence=f"evidence {verdict} {n}",
        at_ns=1,
        endpoint=f"kubo-{n}",
        remedy="" if verdict is PASS else f"remedy {verdict}",
    )


@pytest.mark.parametrize("order", permutations([PASS, WARN, UNKNOWN, FAIL]))
def test_the_worst_answer_speaks_in_whatever_order_they_came(order: tuple[Verdict, ...]) -> None:
    got = probed(row("kubo"), [answer(verdict, n=n) for n, verdict in enumerate(order)])
    assert got.verdict is FAIL
    assert "evidence fail" in got.evidence
    assert "evidence warn" not in got.evidence
    assert got.remedy == "remedy fail"


def test_i7_an_unknown_answer_outweighs_a_warning() -> None:
    assert probed(row("kubo"), [answer(WARN), answer(UNKNOWN)]).verdict is UNKNOWN


def test_i7_no_answer_is_unknown() -> None:
    assert probed(row("kubo"), []).verdict is UNKNOWN
    assert probed(row("kubo"), [answer(PASS, component=Component.CLUSTER)]).verdict is UNKNOWN


def test_all_passing_passes_and_names_what_was_asked() -> None:
    got = probed(row("kubo"), [answer(PASS, "gc"), answer(PASS, "rpc")])
    assert (got.verdict, got.remedy) == (PASS, "")
    assert "gc, rpc" in got.evidence


def test_clock_and_room_have_rows_of_their_own() -> None:
    slow = answer(FAIL, "clock", Component.METADATA)
    full = answer(FAIL, "repo", Component.KUBO)
    fine = [answer(PASS, "schema", Component.METADATA), answer(PASS, "gc")]
    assert probed(row("ydb"), [slow, full, *fine]).verdict is PASS
    assert probed(row("kubo"), [slow, full, *fine]).verdict is PASS
    assert probed(row("clock"), [slow, full, *fine]).verdict is FAIL


def test_many_bad_answers_are_cut_with_their_number() -> None:
    got = probed(row("kubo"), [answer(FAIL, n=n) for n in range(5)])
    assert "and 2 more" in got.evidence
    assert got.remedy == "remedy fail"


def test_every_row_of_probes_says_whose_answers_it_shows() -> None:
    assert all(bool(one.probed) is (one.come is From.PROBES) for one in ROWS)


def test_a_manual_item_is_unknown_until_somebody_says_something() -> None:
    assert note(None, "windows").verdict is UNKNOWN
    assert "--note windows=" in note(None, "windows").remedy
    assert note("Sunday 2 h", "windows").verdict is PASS


def test_a_high_finding_of_accounts_warns_and_none_audited_is_unknown() -> None:
    high = Finding(verdict="fail", subject="AKTEST", evidence="default", remedy="Change it.")
    low = Finding(verdict="warn", subject="AKAPP", evidence="short", remedy="Change it.")
    assert security(None).verdict is UNKNOWN
    assert security([low]).verdict is PASS
    got = security([low, high])
    assert got.verdict is WARN
    assert "AKTEST" in got.evidence
    assert "AKAPP" not in got.evidence
