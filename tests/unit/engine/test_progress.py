"""Rates and ETA: nothing before it is earned, a range then, a reason when nothing moves."""

from __future__ import annotations

from core.engine.progress import Left, Progress, Sample


def run(rate: int, seconds: int, *, stop_at: int | None = None) -> Progress:
    progress = Progress(began_s=0.0, first=Sample(at_s=0.0, objects=0, size_bytes=0))
    done = 0
    for second in range(1, seconds + 1):
        if stop_at is None or second <= stop_at:
            done += rate
        progress.add(Sample(at_s=float(second), objects=done, size_bytes=done * 10))
    return progress


def test_no_eta_before_a_minute_or_a_hundredth() -> None:
    early = run(100, 30).left(objects=1_000, size_bytes=10_000, share=0.5, complete=True)
    assert early == Left(unknown="50.0 % done")
    little = run(100, 90).left(objects=10**7, size_bytes=10**8, share=0.001, complete=True)
    assert little == Left(unknown="0.1 % done")


def test_eta_of_a_steady_rate_is_that_rate() -> None:
    left = run(100, 120).left(objects=36_000, size_bytes=360_000, share=0.25, complete=True)
    assert left == Left(low_s=360.0, high_s=360.0)


def test_the_slower_of_objects_and_bytes_holds() -> None:
    left = run(100, 120).left(objects=100, size_bytes=3_600_000, share=0.25, complete=True)
    assert left.low_s == 3600.0


def test_i7_a_standstill_has_its_age_and_no_figure() -> None:
    left = run(100, 120, stop_at=78).left(objects=1, size_bytes=1, share=0.9, complete=True)
    assert left == Left(stalled_s=42.0)


def test_no_eta_while_the_plan_walks() -> None:
    left = run(100, 120).left(objects=1, size_bytes=1, share=0.9, complete=False)
    assert left.unknown == "the plan is still walking"


def test_rates_are_of_the_last_minute_and_of_the_whole() -> None:
    progress = run(100, 300, stop_at=270)
    assert progress.rates() == (50.0, 500.0)
    assert progress.mean() == (90.0, 900.0)
    assert progress.history()[-31:-29] == [100, 0]
    assert len(progress.history()) == 60
