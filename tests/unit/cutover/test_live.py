"""The gates of GREEN_LIVE look back as long as the contract says, and know nothing from silence."""

from __future__ import annotations

import pytest

from core.cutover.live import LiveWatch
from core.cutover.mode import Side
from core.cutover.served import Served, counted
from core.cutover.shadow import Compared, Times, is_slow, judge
from core.errors import Broken, NoAnswer
from core.verdict import Verdict

SECOND = 1_000_000_000
T0 = 1_795_000_000 * SECOND
HEAD = "# pxname,svname,req_tot,hrsp_5xx,\n"


def compared(p99_s: float, *, differ: int = 0, silent: str = "") -> Compared:
    return Compared(
        keys=10,
        differ=differ,
        names=["b/k"],
        silent=silent,
        blue=Times([0.1] * 100),
        green=Times([p99_s] * 100),
    )


def verdicts(watch: LiveWatch, at_s: float) -> dict[str, Verdict]:
    return {gate.name: gate.verdict for gate in watch.gates(T0 + int(at_s * SECOND))}


def test_nothing_seen_is_unknown() -> None:
    assert set(verdicts(LiveWatch(), 0).values()) == {Verdict.UNKNOWN}


def test_errors_above_a_hundredth_fail_after_five_minutes() -> None:
    watch = LiveWatch()
    for at_s in range(0, 301, 10):
        watch.served(Served(T0 + at_s * SECOND, 100 * at_s, 2 * at_s))
        told = verdicts(watch, at_s)["live-errors"]
        assert told is (Verdict.PASS if at_s == 0 else Verdict.WARN if at_s < 300 else Verdict.FAIL)


def test_a_hundredth_of_errors_passes() -> None:
    watch = LiveWatch()
    watch.served(Served(T0, 0, 0))
    watch.served(Served(T0 + 300 * SECOND, 1_000, 10))
    assert verdicts(watch, 300)["live-errors"] is Verdict.PASS
    watch.served(Served(T0 + 301 * SECOND, 1_000, 11))
    assert verdicts(watch, 301)["live-errors"] is Verdict.FAIL


def test_old_errors_are_forgotten() -> None:
    watch = LiveWatch()
    watch.served(Served(T0, 0, 0))
    watch.served(Served(T0 + 10 * SECOND, 100, 100))
    for at_s in range(20, 400, 10):
        watch.served(Served(T0 + at_s * SECOND, 100 + at_s, 100))
    assert verdicts(watch, 400)["live-errors"] is Verdict.PASS


@pytest.mark.parametrize("after", [Served(T0 + 9, 0, 0, "lb-1 is silent"), Served(T0 + 9, 3, 0)])
def test_a_silent_or_restarted_balancer_begins_the_look_anew(after: Served) -> None:
    watch = LiveWatch()
    watch.served(Served(T0, 100, 50))
    watch.served(after)
    told = verdicts(watch, 1)["live-errors"]
    assert told is (Verdict.UNKNOWN if after.why else Verdict.PASS)


def test_slowness_fails_after_ten_minutes_without_a_break() -> None:
    watch = LiveWatch()
    for at_s in range(0, 601, 60):
        watch.compared(compared(0.21), T0 + at_s * SECOND)
        told = verdicts(watch, at_s)["live-slow"]
        expected = Verdict.FAIL if at_s >= 600 else Verdict.WARN
        assert told is expected or at_s == 0
    watch.compared(compared(0.1), T0 + 660 * SECOND)
    assert verdicts(watch, 660)["live-slow"] is Verdict.PASS


def test_a_difference_fails_and_silence_is_unknown() -> None:
    watch = LiveWatch()
    watch.compared(compared(0.1, differ=1), T0)
    assert verdicts(watch, 0)["live-mismatch"] is Verdict.FAIL
    watch.compared(compared(0.1, silent="green hangs"), T0 + SECOND)
    assert verdicts(watch, 1)["live-mismatch"] is Verdict.UNKNOWN
    assert verdicts(watch, 1)["live-slow"] is Verdict.UNKNOWN


def test_an_old_look_opens_no_gate() -> None:
    watch = LiveWatch()
    watch.compared(compared(0.1), T0)
    [mismatch, _, _] = watch.gates(T0)
    assert mismatch.is_open(T0 + 60 * SECOND)
    assert not mismatch.is_open(T0 + 121 * SECOND)


def test_green_may_take_twice_as_long_and_never_fails_below_the_noise() -> None:
    assert not is_slow(0.001, 0.02)
    assert not is_slow(0.05, 0.1)
    assert is_slow(0.05, 0.101)


def test_a_slow_green_is_red_before_the_flip() -> None:
    found = Compared(keys=1_000, blue=Times([0.05] * 100), green=Times([0.05] * 98 + [0.2] * 2))
    gate = judge(found, T0)
    assert gate.verdict is Verdict.FAIL
    assert "p99 blue 50.0 ms, green 200.0 ms" in gate.evidence


def test_counters_are_those_of_both_backends_of_a_side() -> None:
    told = (
        HEAD + "green_r,BACKEND,10,1,\ngreen_r,g1,9,9,\ngreen_w,BACKEND,5,2,\nblue_r,BACKEND,7,7,\n"
    )
    assert counted(told, Side.GREEN, "lb") == (15, 3)
    with pytest.raises(NoAnswer, match="blue_w"):
        counted(told, Side.BLUE, "lb")
    with pytest.raises(Broken):
        counted(told.replace(",10,1,", ",,1,"), Side.GREEN, "lb")
