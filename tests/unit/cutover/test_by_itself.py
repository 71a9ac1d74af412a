"""A slice goes back by itself only where green serves badly, and nothing can be lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.cutover.behind import feed_gate, foreign_gate, lag_gate
from core.cutover.by_itself import OF_GREEN, why_back
from core.cutover.gate import Gate
from core.cutover.limits import Limits
from core.cutover.risk import Risk
from core.ledger.greenlog import Stand
from core.target.changes import CHANGEFEED, MERGE, TRIGGERS
from core.verdict import Verdict

NOW = 1_795_000_000 * 10**9
HOLDS_ALL = Risk(since_ns=1)
MOST = Limits(pause_s=0, objects=10, size_bytes=1_000)


def gate(name: str, verdict: Verdict = Verdict.FAIL, *, age_s: int = 0) -> Gate:
    return Gate(name=name, verdict=verdict, evidence="told", at_ns=NOW - age_s * 10**9, limit_s=60)


def why(*gates: Gate, wrote: bool | None = False, policy: str = "lag-zero") -> str:
    return why_back(gates, NOW, wrote=wrote, risk=HOLDS_ALL, policy=policy)


@pytest.mark.parametrize("name", sorted(OF_GREEN))
def test_each_gate_of_green_is_a_reason(name: str) -> None:
    assert why(gate(name))
    assert why(gate(name), wrote=True)
    assert not why(gate(name), wrote=True, policy="off")


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.WARN, Verdict.UNKNOWN])
def test_what_is_not_red_is_none(verdict: Verdict) -> None:
    assert not why(gate("live-errors", verdict))


def test_a_stale_gate_is_none() -> None:
    assert why(gate("live-errors", age_s=60))
    assert not why(gate("live-errors", age_s=61))


def test_what_is_wrong_on_blue_is_no_reason_to_go_there() -> None:
    lagging = lag_gate(Risk(since_ns=1, writes=1, oldest_ns=1), "continuous", MOST, NOW)
    others = foreign_gate(1, ("b/k",), NOW)
    assert {lagging.verdict, others.verdict} == {Verdict.FAIL}
    assert not why(lagging, others)


def test_a_reverse_copy_that_is_off_warns() -> None:
    assert lag_gate(HOLDS_ALL, "off", MOST, NOW).verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("feed", "unread_s", "verdict"),
    [
        (CHANGEFEED, 0, Verdict.PASS),
        (CHANGEFEED, 49, Verdict.PASS),
        (CHANGEFEED, 50, Verdict.FAIL),
        (CHANGEFEED, -5, Verdict.PASS),  # a clock that went back
        (TRIGGERS, 1_000_000, Verdict.PASS),
        (MERGE, 1_000_000, Verdict.PASS),
        ("", 0, Verdict.UNKNOWN),
    ],
)
def test_half_of_what_a_feed_keeps_may_go_by_unread(
    feed: str, unread_s: int, verdict: Verdict
) -> None:
    heard_ns = NOW - unread_s * 10**9
    at = Stand(since_ns=1, buckets=(1,), feed=feed, keeps_s=100, heard_ns=heard_ns)
    assert feed_gate(at, "continuous", NOW).verdict is verdict
    assert not why(feed_gate(at, "continuous", NOW))
    assert feed_gate(at, "off", NOW).verdict is Verdict.WARN


def test_a_feed_that_was_never_read_counts_from_the_flip() -> None:
    at = Stand(since_ns=NOW - 60 * 10**9, buckets=(1,), feed=CHANGEFEED, keeps_s=100)
    assert feed_gate(at, "log", NOW).verdict is Verdict.FAIL


@pytest.mark.parametrize("policy", ["continuous", "log"])
def test_i8_more_at_risk_than_was_confirmed_is_red(policy: str) -> None:
    most = Risk(since_ns=1, writes=7, deletes=3, size_bytes=1_000, oldest_ns=NOW)
    within = lag_gate(most, policy, MOST, NOW)
    assert within.verdict is not Verdict.FAIL
    for beyond in (replace(most, deletes=4), replace(most, size_bytes=1_001)):
        gate = lag_gate(beyond, policy, MOST, NOW)
        assert gate.verdict is Verdict.FAIL
        assert "the plan allows" in gate.evidence
