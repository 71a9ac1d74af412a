"""What a log says of snapshots: each change once, stalls with their length, a line a minute."""

from __future__ import annotations

import msgspec

from core.control.log.lines import JobFacts, LogLine, MinuteFacts, MovesFacts, StallFacts, text_line
from core.control.log.snapshots import SnapshotLog, bundle_line, event_line
from core.control.wire import bundles as wire_bundles
from core.control.wire import state as wire
from tests.tui import stage

LATER = 10**18 * 9


def _kinds(lines: list[LogLine]) -> list[str]:
    return [line.kind for line in lines]


def _at(seconds: int, **fields: object) -> wire.Snapshot:
    return stage.snapshot(at_ns=stage.NOON_NS + seconds * stage.S, **fields)


def test_an_engine_and_the_jobs_are_told_of_once() -> None:
    log = SnapshotLog(0)
    assert _kinds(log.see(_at(0))) == ["start", "job", "job"]
    assert log.see(_at(1)) == []
    (line,) = log.see(_at(2, jobs=[stage.PLAN_DONE, stage.job(state="paused")]))
    assert line.facts == JobFacts(job=14, of="copy", state="paused")


def test_a_job_that_ended_before_is_not_told_of() -> None:
    log = SnapshotLog(LATER)
    assert _kinds(log.see(_at(0))) == ["start", "job"]


def test_another_epoch_is_another_engine() -> None:
    log = SnapshotLog(0)
    log.see(_at(0))
    engine = msgspec.structs.replace(stage.snapshot().engine, epoch=4)
    assert _kinds(log.see(_at(1, engine=engine))) == ["start"]


def test_a_stall_is_told_when_it_is_seen_and_when_it_ends() -> None:
    log = SnapshotLog(0)
    log.see(_at(0))
    (begun,) = log.see(_at(31, eta=wire.Eta(stalled_s=31.0, stalled_reason="pins: 64 wait")))
    assert begun.facts == StallFacts(for_s=31.0, reason="pins: 64 wait")
    assert begun.level == "warning"
    assert log.see(_at(40, eta=wire.Eta(stalled_s=40.0, stalled_reason="busy kubo-2"))) == []
    (ended,) = log.see(_at(45))
    assert ended.facts == MovesFacts(for_s=40.0, reason="busy kubo-2")


def test_a_running_job_has_a_line_a_minute_of_what_it_recorded_in_it() -> None:
    log = SnapshotLog(0)
    before = stage.snapshot().totals
    lines: list[LogLine] = []
    for second in range(1, 122):
        totals = msgspec.structs.replace(before, migrated=before.migrated + second * 10)
        lines += log.see(_at(second, totals=totals))
    minutes = [line.facts for line in lines if isinstance(line.facts, MinuteFacts)]
    assert [(one.objects, one.over_s) for one in minutes] == [(600, 60.0), (600, 60.0)]


def test_no_job_no_minutes() -> None:
    log = SnapshotLog(0)
    paused = [stage.job(state="paused")]
    lines = [line for second in range(200) for line in log.see(_at(second, jobs=paused))]
    assert _kinds(lines) == ["start", "job"]


def test_a_bundles_line_holds_its_steps_and_what_failed() -> None:
    times = wire_bundles.BundleTimes(
        seq=1,
        at_ns=stage.NOON_NS,
        bundle=12,
        objects=998,
        size_bytes=4_096_000,
        read_s=0.25,
        pin_s=1.5,
        worker=3,
        nodes=["kubo-1", "kubo-2"],
        failed={"denied": 1, "source_changed": 1},
    )
    assert text_line(bundle_line(times)) == (
        "2025-11-24T14:02:11.000Z info    bundle bundle 12 recorded: 998 objects, 2 not, 4.10 MB"
        " [bundle=12 objects=998 bytes=4096000 wait_s=0.0 read_s=0.25 send_s=0.0 pin_s=1.5"
        " record_s=0.0 worker=3 nodes=kubo-1,kubo-2 failed=denied:1,source_changed:1]"
    )


def test_an_event_whose_kind_has_figures_in_a_log_is_a_plain_event_there() -> None:
    event = msgspec.structs.replace(stage.event(1, "x", who="op1"), kind="job")
    assert (event_line(event).kind, event_line(event).text) == ("event", "op1: x")
