"""What a log tells: figures that a model computed another way, stalls, restarts, what was lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.control.log.diagnosis import ROWS, SLOWEST, diagnose
from core.control.log.lines import (
    BundleFacts,
    JobFacts,
    LogLine,
    MovesFacts,
    StallFacts,
    StartFacts,
    stamp,
)

S = 1_000_000_000
BEGIN_NS = 1_764_000_000 * S


def _bundle(second: float, number: int = 1, objects: int = 1_000, **more: object) -> LogLine:
    facts = BundleFacts(bundle=number, objects=objects, bytes=objects * 16, **more)  # type: ignore[arg-type]  # the test's choice
    return LogLine(BEGIN_NS + int(second * 1000) * 10**6, "info", "bundle", "x", facts)


def _line(second: int, kind: str, facts: object = None, level: str = "info") -> LogLine:
    return LogLine(BEGIN_NS + second * S, level, kind, f"{kind} said", facts)  # type: ignore[arg-type]  # as above


@given(
    st.lists(
        st.tuples(st.integers(0, 400_000), st.integers(0, 5_000)), min_size=1, max_size=60
    ).map(sorted)
)
def test_rows_hold_every_bundle_once_in_at_most_twenty_rows(
    bundles: list[tuple[int, int]],
) -> None:
    found = diagnose(_bundle(second, objects=objects) for second, objects in bundles)
    assert sum(row.objects for row in found.rate) == sum(objects for _, objects in bundles)
    assert sum(row.bundles for row in found.rate) == found.bundles == len(bundles)
    assert 1 <= len(found.rate) <= ROWS + 1
    first, last = found.rate[0], found.rate[-1]
    assert first.bundles
    assert last.bundles


def test_a_rate_is_of_its_rows_width_and_a_gap_is_a_row_of_nothing() -> None:
    found = diagnose([_bundle(0), _bundle(0.5), _bundle(3)])
    assert [(row.at, row.objects_s) for row in found.rate] == [
        (stamp(BEGIN_NS), 2_000.0),
        (stamp(BEGIN_NS + S), 0.0),
        (stamp(BEGIN_NS + 2 * S), 0.0),
        (stamp(BEGIN_NS + 3 * S), 1_000.0),
    ]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_the_slowest_come_first_and_none_slower_is_left_out(took_ms: list[int]) -> None:
    lines = [_bundle(0, nth, pin_s=ms / 1000) for nth, ms in enumerate(took_ms)]
    found = diagnose(lines).slowest
    assert [one.all_s for one in found] == [
        ms / 1000 for ms in sorted(took_ms, reverse=True)[:SLOWEST]
    ]


def test_errors_are_summed_by_class_and_what_the_engine_said_by_kind() -> None:
    found = diagnose(
        [
            _bundle(1, failed="source_changed:3,denied:1"),
            _bundle(2, failed="source_changed:2"),
            _line(3, "node_fault", level="warning"),
            _line(4, "worker_died", level="warning"),
            _line(5, "worker_died", level="warning"),
        ]
    )
    assert found.errors == {"source_changed": 5, "denied": 1}
    assert found.said == {"worker_died": 2, "node_fault": 1}
    assert found.workers_lost == 2


def test_a_stall_lasts_from_the_last_record_to_the_next() -> None:
    found = diagnose(
        [
            _bundle(0),
            _line(30, "stall", StallFacts(for_s=30.0, reason="pins")),
            _line(72, "moves", MovesFacts(for_s=71.0, reason="busy kubo-2")),
        ]
    )
    (stall,) = found.stalls
    assert (stall.begin, stall.for_s, stall.reason) == (stamp(BEGIN_NS), 72.0, "busy kubo-2")
    assert stall.until == stamp(BEGIN_NS + 72 * S)


def test_a_stall_that_the_engine_did_not_outlive_has_no_end() -> None:
    lines = [
        _line(0, "start", StartFacts(epoch=1)),
        _line(30, "stall", StallFacts(for_s=30.0, reason="source")),
        _line(50, "start", StartFacts(epoch=2, pid=7)),
        _bundle(90),
    ]
    for seen, for_s in ((lines, 50.0), (lines[:2], 30.0)):
        (stall,) = diagnose(seen).stalls
        assert (stall.until, stall.for_s, stall.reason) == (None, for_s, "source")


def test_a_restart_is_another_epoch() -> None:
    found = diagnose(
        [
            _line(0, "start", StartFacts(epoch=3, pid=1)),
            _line(5, "start", StartFacts(epoch=3, pid=1)),
            _line(9, "start", StartFacts(epoch=4, pid=2)),
            _line(9, "job", JobFacts(job=1, of="copy", state="running")),
        ]
    )
    assert [(one.epoch, one.pid) for one in found.restarts] == [(4, 2)]
    assert found.jobs == [f"{stamp(BEGIN_NS + 9 * S)} job said"]


def test_a_log_of_weeks_is_told_without_keeping_its_seconds() -> None:
    found = diagnose(_bundle(second * 10, second) for second in range(50_000))
    assert found.bundles == 50_000
    assert sum(row.objects for row in found.rate) == 50_000_000
