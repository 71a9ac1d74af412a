"""Recorded bundles: their times, the newest of them, the histograms and events made of them."""

from __future__ import annotations

from core.control import metrics
from core.control.bundle_book import MOST, BundleBook
from core.control.wire import bundles as wire_bundles
from core.engine.copying.bundle_times import BundleTimes, Stopwatch
from core.engine.copying.recorded_event import RecordedEvent
from core.engine.crew.task import CopyResult
from core.engine.planning.planned_event import PlannedEvent
from tests.fakes.desk import snapshot


def _times(number: int = 1, *, pin_s: float = 0.0) -> BundleTimes:
    return BundleTimes(
        bundle=number,
        objects=10,
        size_bytes=160,
        wait_s=0.0,
        read_s=0.0,
        send_s=0.0,
        pin_s=pin_s,
        record_s=0.0,
        worker=0,
        nodes=("kubo-1",),
    )


def _rendered(book: BundleBook) -> list[str]:
    text = metrics.render(snapshot(histograms=book.histograms(), read_bytes=book.read_bytes))
    return [line for line in text.splitlines() if "duration" in line or "read_bytes" in line]


def test_nothing_is_claimed_before_the_first_bundle() -> None:
    assert _rendered(BundleBook()) == []


def test_buckets_count_what_is_at_or_below_their_bound() -> None:
    book = BundleBook()
    for pin_s in (0.05, 0.1, 0.7, 1e9):
        book.note(_times(pin_s=pin_s))
    lines = [line.replace('workspace="photos",', "") for line in _rendered(book)]
    assert 'vgwm_pin_duration_seconds_bucket{le="0.1"} 2' in lines
    assert 'vgwm_pin_duration_seconds_bucket{le="1"} 3' in lines
    assert 'vgwm_pin_duration_seconds_bucket{le="600"} 3' in lines
    assert 'vgwm_pin_duration_seconds_bucket{le="+Inf"} 4' in lines
    assert 'vgwm_pin_duration_seconds_count{workspace="photos"} 4' in lines
    assert 'vgwm_read_bytes_total{workspace="photos"} 640' in lines
    assert 'vgwm_bundle_duration_seconds_count{phase="read"} 4' in lines


def test_a_reader_gets_each_bundle_once_and_the_oldest_go() -> None:
    book = BundleBook()
    for number in range(1, MOST + 11):
        book.note(_times(number))
    seen: list[int] = []
    seq = 0
    while page := book.since(seq, 700).bundles:
        seen += [one.bundle for one in page]
        seq = page[-1].seq
    assert seen == list(range(11, MOST + 11))
    assert book.since(seq, 10) == wire_bundles.Bundles(bundles=[], last_seq=MOST + 10)


def test_a_reader_of_another_engines_numbers_begins_at_the_first() -> None:
    book = BundleBook()
    book.note(_times(7))
    assert [one.bundle for one in book.since(99, 10).bundles] == [7]


class Clock:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def test_a_bundles_time_is_its_steps_and_none_counts_twice() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    clock.s += 5.0
    watch.answered()
    clock.s += 2.0
    watch.pinned()  # in vain: it is sent again
    clock.s += 3.0
    watch.answered()
    clock.s += 4.0
    watch.pinned()
    clock.s += 1.0
    result = CopyResult(bundle=1, epoch=1, attempt=2, objects=9, read_s=1.5, send_s=0.5, worker=4)
    times = watch.recorded(result, ("kubo-1",), ["denied"])
    assert (times.wait_s, times.pin_s, times.record_s, times.all_s) == (6.0, 6.0, 1.0, 15.0)
    assert (times.worker, times.failed) == (4, {"denied": 1})


def test_what_is_recorded_within_a_second_is_one_event_and_no_bundle_is_left_out() -> None:
    clock = Clock()
    event = RecordedEvent(3, clock)
    told = [event.note(1, 1_000), event.note(2, 900), event.note(5, 1_000)]
    clock.s += 1.0
    told += [event.note(3, 100), event.note(4, 1_000), event.rest(), event.rest()]
    texts = [draft.text for draft in told if draft is not None]
    assert texts == [
        "bundle 1 recorded: 1,000 objects",
        "3 bundles recorded, the last 3: 2,000 objects",
        "bundle 4 recorded: 1,000 objects",
    ]


def test_a_walk_is_told_of_once_a_second_with_all_its_keys() -> None:
    clock = Clock()
    event = PlannedEvent(clock)
    told = [event.note(1_000, b"photos", 1), event.note(1_000, b"photos", 1)]
    clock.s += 1.0
    told += [event.note(500, b"a\x1bb", 1), event.note(1, b"docs", 1)]
    assert [draft.text for draft in told if draft is not None] == [
        "1,000 keys, now in photos",
        r"1,500 keys, now in a\u{1b}b",
    ]
