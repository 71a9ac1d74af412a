"""The lease: per actor, kept by signs of life, free after a minute without any."""

from __future__ import annotations

from core.control.lease import LEASE_S, Lease


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s

    def wall(self) -> int:
        return int(self.at_s * 1e9)


def lease() -> tuple[Lease, Clock]:
    clock = Clock()
    return Lease(clock=clock, wall=clock.wall), clock


def test_nobody_holds_it_at_first() -> None:
    held, _ = lease()
    assert held.now() is None
    assert held.other("op1") == ""


def test_the_same_actor_never_meets_another() -> None:
    held, _ = lease()
    held.give("op1")
    assert held.other("op1") == ""
    assert held.other("op2") == "op1"


def test_it_is_free_a_minute_after_the_last_contact() -> None:
    held, clock = lease()
    held.give("op1")
    clock.at_s += LEASE_S - 0.01
    assert held.other("op2") == "op1"
    held.hear("op1")
    clock.at_s += LEASE_S - 0.01
    assert held.other("op2") == "op1"
    clock.at_s += 0.02
    assert held.now() is None
    assert held.other("op2") == ""


def test_a_look_gives_nobody_the_lease_and_keeps_nobody_elses() -> None:
    held, clock = lease()
    held.hear("op1")
    assert held.now() is None
    held.give("op1")
    clock.at_s += LEASE_S / 2
    held.hear("op2")
    now = held.now()
    assert now is not None
    assert (now.holder, now.heard_s) == ("op1", LEASE_S / 2)


def test_since_is_when_the_holder_began_not_when_they_last_acted() -> None:
    held, clock = lease()
    held.give("op1")
    clock.at_s += 30
    held.give("op1")
    now = held.now()
    assert now is not None
    assert now.since_ns == 100 * 10**9
    assert (now.heard_s, now.free_s) == (0, LEASE_S)


def test_a_refusal_names_holder_and_age_and_how_to_take_over() -> None:
    held, clock = lease()
    held.give("op1\x1b[2J")
    clock.at_s += 42
    error = held.refusal()
    assert error.exit_code == 5
    assert "op1" in error.what
    assert "42 s" in error.what
    assert "\x1b" not in str(error)
    assert "--takeover REASON" in error.remedy
