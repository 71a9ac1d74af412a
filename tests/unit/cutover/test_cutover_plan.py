"""The plan of a cutover: what is hashed, what is not, and how a difference is told."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from core.config.workspace import parse
from core.cutover.cutover_plan import CutoverPlan, Kind, Strategy, means_of
from core.cutover.gate import Gate
from core.cutover.limits import COPY_PAUSE_S, LEAST_PAUSE_S, deadline_s, limits
from core.cutover.readiness import against
from core.cutover.steps import steps_of
from core.errors import Broken
from core.verdict import Verdict

PLAN = CutoverPlan(
    workspace="9f2c1a7e",
    kind=Kind.CUTOVER,
    slice="all",
    buckets=(),
    strategy=Strategy.BLUE_GREEN,
    steps=tuple(f"{step.state}: {step.text}" for step in steps_of(Kind.CUTOVER)),
    means=("haproxy lb-1 /run/a.sock /etc/vgwm.map /etc/haproxy.cfg",),
    policies=(("reverse", "continuous"),),
    limits=limits(60),
    acked=("uploads",),
    word="ws",
)


def test_the_hash_is_the_head_of_a_sha256_of_the_stored_text() -> None:
    assert PLAN.hash == sha256(PLAN.stored()).hexdigest()[:8]
    assert CutoverPlan.parse(PLAN.stored()) == PLAN


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, kind=Kind.REHEARSE),
        replace(PLAN, slice="photos"),
        replace(PLAN, buckets=("photos",)),
        replace(PLAN, means=()),
        replace(PLAN, policies=(("reverse", "off"),)),
        replace(PLAN, limits=limits(120)),
        replace(PLAN, acked=()),
        replace(PLAN, uncarriable="00"),
        replace(PLAN, word="photos"),
    ],
)
def test_everything_that_is_confirmed_changes_the_hash_and_is_named(other: CutoverPlan) -> None:
    assert other.hash != PLAN.hash
    assert PLAN.difference(other)
    assert not PLAN.difference(PLAN)


@pytest.mark.parametrize("text", [b"", b"{}", b'{"v":2}', b"[]", PLAN.stored()[:-1]])
def test_a_text_that_is_no_plan_is_broken(text: bytes) -> None:
    with pytest.raises(Broken):
        CutoverPlan.parse(text)


@pytest.mark.parametrize(
    ("traffic", "other"),
    [
        ("command: [/opt/steer]", "command: [/opt/steer], modes: [blue, green]"),
        ("command: [/opt/steer]", "command: [/opt/steer], listen: ['http://h:1']"),
        ("haproxy: [{%s}]", "haproxy: [{%s, listen: ['http://h:1']}]"),
    ],
)
def test_i8_how_and_where_a_fence_is_held_and_proven_is_confirmed(traffic: str, other: str) -> None:
    named = "name: lb-1, socket: /run/a.sock, map: /etc/vgwm.map, config: /etc/haproxy.cfg"
    head = 'v: 1\nid: "0a1b2c3d"\nsource: {type: posix, path: /data}\n'
    means = [
        means_of(parse(f"{head}target: {{type: dir, path: /out}}\ntraffic: {{{text}}}\n"))
        for text in (traffic.replace("%s", named), other.replace("%s", named))
    ]
    assert means[0] != means[1]


def test_a_deadline_is_twice_the_forecast_within_the_limits_of_the_plan() -> None:
    most = limits(60)
    assert deadline_s(None, most) == most.pause_s == 120
    assert deadline_s(1, most) == LEAST_PAUSE_S
    assert deadline_s(50, most) == 100
    assert deadline_s(600, most) == 120


def test_only_the_flip_and_what_is_behind_it_are_past_return() -> None:
    past = [str(step.state) for step in steps_of(Kind.CUTOVER) if step.past_return]
    assert past == ["SWITCH_WRITES", "GREEN_LIVE"]
    assert not any(step.past_return for step in steps_of(Kind.REHEARSE))


def test_a_big_bang_may_pause_for_its_copy_and_needs_none_before() -> None:
    assert limits(60, copies=True).pause_s == COPY_PAUSE_S
    copied = Gate(name="keys", verdict=Verdict.FAIL, evidence="none", at_ns=1, limit_s=60)
    steered = replace(copied, name="lb-1")
    both = [copied, steered]
    assert len(against(both, Kind.CUTOVER, 2)) == 2
    assert len(against(both, Kind.CUTOVER, 2, Strategy.BIG_BANG)) == 1
