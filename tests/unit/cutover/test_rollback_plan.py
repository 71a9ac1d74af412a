"""The plan of a way back: its hash stands still until something that counts has moved (I8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.cutover.risk import Risk
from core.cutover.rollback_plan import (
    BackFacts,
    BackLimits,
    BackWish,
    Green,
    Way,
    limits_for,
    passed,
    pause_s,
    steps_of,
)
from core.cutover.states import State
from core.errors import BadInput

FACTS = BackFacts(
    workspace="0a1b2c3d",
    wish=BackWish(slice="photos"),
    flip="0a1b2c3d-5",
    buckets=("photos",),
    balancers=(("lb-1", "/run/one.sock"), ("lb-2", "/run/two.sock")),
    gateways=(("gw-1", "blue"),),
    hook=(),
    reverse="continuous",
    green=Green.ALIVE,
    uncarriable="",
    lost="",
    backups=(),
    limits=BackLimits(writes=100, deletes=100, size_bytes=1 << 26, duration_s=120.0),
)


def test_a_plan_comes_back_from_the_ledger_as_it_was_stored() -> None:
    full = replace(
        FACTS, wish=BackWish(way=Way.FULL), backups=(("/etc/versitygw.conf", "ab" * 32),)
    )
    again = BackFacts.parse(full.text.encode())
    assert again == full
    assert again.hash == full.hash == full.sha256[:8]


@pytest.mark.parametrize(
    "moved",
    [
        {"wish": BackWish(slice="photos", way=Way.FULL)},
        {"flip": "0a1b2c3d-9"},
        {"buckets": ("photos", "songs")},
        {"balancers": (("lb-1", "/run/one.sock"),)},
        {"gateways": ()},
        {"hook": ("/bin/true",)},
        {"reverse": "off"},
        {"green": Green.DEAD},
        {"uncarriable": "aa"},
        {"lost": "bb"},
        {"backups": (("/etc/x", "cc"),)},
        {"limits": BackLimits(writes=1, deletes=1, size_bytes=1, duration_s=1.0)},
    ],
    ids=lambda one: next(iter(one)),
)
def test_whatever_a_person_decides_by_makes_another_hash_and_is_named(
    moved: dict[str, object],
) -> None:
    other = replace(FACTS, **moved)  # type: ignore[arg-type]  # one field at a time
    assert other.hash != FACTS.hash
    assert FACTS.difference(other) not in {"", "nothing"}


def test_figures_that_move_below_their_limits_do_not_move_the_hash() -> None:
    small, more = Risk(since_ns=1, writes=3), Risk(since_ns=1, writes=40, size_bytes=1 << 20)
    assert limits_for(small, pause_s(small)) == limits_for(more, pause_s(more))


def test_limits_leave_room_for_twice_what_is_at_risk_now() -> None:
    risk = Risk(since_ns=1, writes=600, deletes=60, size_bytes=1 << 30)
    most = limits_for(risk, 700.0)
    assert (most.writes, most.deletes) == (10_000, 1000)
    assert most.size_bytes >= 2 << 30
    assert most.duration_s >= 1400
    assert not passed(most, risk)


@pytest.mark.parametrize(
    "risk",
    [
        Risk(since_ns=1, writes=101),
        Risk(since_ns=1, deletes=101),
        Risk(since_ns=1, size_bytes=(1 << 26) + 1),
    ],
)
def test_what_passes_a_limit_is_said(risk: Risk) -> None:
    assert "were confirmed" in passed(FACTS.limits, risk)


@pytest.mark.parametrize(
    "args",
    [
        {"way": "quickly"},
        {"colour": "blue"},
        {"way": "data"},
        {"way": "data", "origin": "backup", "to": "/new"},
        {"way": "full", "origin": "/backup", "to": "/new"},
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(args: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        BackWish.of(args)


def test_a_wish_is_read_from_a_job_s_arguments() -> None:
    assert BackWish.of({"act": "rollback", "plan": "x", "slice": ""}) == BackWish()
    wish = BackWish.of({"way": "data", "origin": "/backup", "to": "/new", "slice": "photos"})
    assert (wish.way, wish.origin, wish.to, wish.slice) == (Way.DATA, "/backup", "/new", "photos")


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize("green", list(Green))
def test_the_steps_are_always_r1_to_r4(way: Way, green: Green) -> None:
    wish = BackWish(way=way, origin="/b", to="/n") if way is Way.DATA else BackWish(way=way)
    steps = steps_of(replace(FACTS, wish=wish, green=green))
    assert [one.number for one in steps] == ["R1", "R2", "R3", "R4"]
    assert [one.state for one in steps][-1] is State.SWITCH_BACK
    assert ("dead" in steps[0].text) == (green is not Green.ALIVE)
