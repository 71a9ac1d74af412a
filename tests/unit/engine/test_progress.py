"""Rates and ETA: nothing before it is earned, a range then, a reason when nothing moves."""

from __future__ import annotations

from dataclasses import replace

from core.engine.pace.progress import Left, Progress, Remaining, Sample

HALF = Remaining(objects=36_000, size_bytes=360_000, share=0.25, complete=True, bundles=36)


def at(second: float, done: int, *, moved: int = 0, held: bool = False) -> Sample:
    return Sample(
        at_s=second,
        objects=done,
        size_bytes=done * 10,
        ended=done,
        ended_bytes=done * 10,
        moved=moved,
        held=held,
    )


def run(rate: int, seconds: int, *, stop_at: int | None = None, stir: bool = False) -> Progress:
    """Record so many a second until stop_at; stir: workers move on."""
    progress = Progress(first=at(0.0, 0))
    done = 0
    for second in range(1, seconds + 1):
        if stop_at is None or second <= stop_at:
            done += rate
        progress.add(at(float(second), done, moved=second if stir else 0))
    return progress


def test_no_eta_before_a_minute_or_a_hundredth() -> None:
    assert run(100, 30).left(replace(HALF, share=0.5)) == Left(unknown="measured for 30 of 60 s")
    assert run(100, 90).left(replace(HALF, share=0.0019)) == Left(unknown="0.1 % done")
    assert run(100, 90).left(replace(HALF, share=0.00999)) == Left(unknown="0.9 % done")


def test_eta_of_a_steady_rate_is_that_rate() -> None:
    assert run(100, 120).left(HALF) == Left(low_s=360.0, high_s=360.0, age_s=0.0)


def test_the_slower_of_objects_and_bytes_is_in_the_range() -> None:
    left = run(100, 120).left(replace(HALF, objects=100, size_bytes=3_600_000))
    assert (left.low_s, left.high_s) == (1.0, 3600.0)


def test_i7_a_standstill_has_its_age_and_no_figure() -> None:
    assert run(100, 120, stop_at=78).left(HALF) == Left(stalled_s=42.0)


def test_workers_that_move_are_no_standstill_and_the_range_tells_its_age() -> None:
    left = run(100, 120, stop_at=78, stir=True).left(HALF)
    assert left.stalled_s is None
    assert left.age_s == 42.0
    assert left.high_s is not None
    assert left.high_s > 360.0


def test_a_range_that_rests_on_nothing_new_is_taken_back() -> None:
    left = run(100, 420, stop_at=78, stir=True).left(HALF)
    assert left.unknown == "nothing was recorded for 5 min, though workers move"


def test_no_eta_while_the_plan_walks() -> None:
    left = run(100, 120).left(replace(HALF, complete=False))
    assert left.unknown == "the plan is still walking, the total is not known"


def test_the_end_is_said_in_words() -> None:
    near = replace(HALF, objects=50, size_bytes=500, share=0.9999, bundles=1)
    assert run(100, 20).left(near) == Left(ending="ends within seconds")
    assert run(100, 120).left(near) == Left(ending="ends within seconds")
    pins = replace(near, bundles=3, pins_waiting=3)
    assert run(100, 20, stop_at=5).left(pins) == Left(
        ending="last pins: 3 of 3 bundles wait for nothing else"
    )
    over = replace(near, objects=0, size_bytes=0, bundles=0, share=1.0)
    assert run(100, 20).left(over) == Left(
        ending="everything is copied, the target is looked at once more"
    )


def test_last_pins_that_do_not_come_are_a_standstill() -> None:
    pins = replace(HALF, objects=50, share=0.9999, bundles=3, pins_waiting=3)
    assert run(100, 120, stop_at=60).left(pins) == Left(stalled_s=60.0)


def test_a_short_run_never_says_a_hundred_percent_is_unknown() -> None:
    progress = Progress(first=at(0.0, 0))
    for second in range(1, 41):
        progress.add(at(float(second), second * 25))
        rest = Remaining(
            objects=1000 - second * 25,
            size_bytes=10_000 - second * 250,
            share=second / 40,
            complete=True,
            bundles=1,
        )
        told = progress.left(rest)
        assert told.ending if second > 30 else told.unknown == f"measured for {second} of 60 s"


def test_held_time_stops_every_clock() -> None:
    progress = run(100, 120)
    for second in range(121, 400):
        progress.add(at(float(second), 12_000, held=True))
    paused = replace(HALF, held="paused by op1")
    assert progress.left(paused) == Left(unknown="paused by op1")
    assert progress.active_s == 121.0
    progress.add(at(400.0, 12_000))
    assert progress.left(HALF).stalled_s is None
    assert progress.mean() == (12_000 / 122, 120_000 / 122)


def test_rates_are_of_the_last_minute_and_of_the_whole() -> None:
    progress = run(100, 300, stop_at=270)
    assert progress.rates() == (50.0, 500.0)
    assert progress.mean() == (90.0, 900.0)
    assert progress.history()[-31:-29] == [100, 0]
    assert len(progress.history()) == 60
