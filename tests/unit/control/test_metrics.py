"""Metrics: names and labels of the contract; nothing is claimed that is not known."""

from __future__ import annotations

import re

import msgspec

from core.control import metrics
from core.control.wire import state as wire
from core.control.wire import verify as wire_verify
from tests.fakes.desk import AT_NS, job, snapshot

LINE = re.compile(
    r'vgwm_[a-z_]+\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\} -?[0-9.e+-]+'
)
BUSY = snapshot(
    totals=wire.Totals(
        objects=10,
        migrated=4,
        failed=1,
        skipped=2,
        gone=1,
        remaining=2,
        size_bytes=100,
        migrated_bytes=40,
        requeued=3,
        pins_waiting=5,
    ),
    eta=wire.Eta(stalled_s=42.5, stalled_reason="busy"),
    jobs=[job(1, "done", kind="plan"), job(2, "running")],
    workers=[wire.Worker(slot=n, pid=n, state="copy") for n in range(3)],
    nodes=[
        wire.Node(name="kubo-1", url="u", state="ok", free_bytes=7, sent_bytes=9),
        wire.Node(name="kubo-2", url="u", state="unknown"),
    ],
)


def test_every_line_is_a_comment_or_a_sample() -> None:
    for line in metrics.render(BUSY).splitlines():
        assert line.startswith("# ") or LINE.fullmatch(line), line


def test_i4_the_states_add_up_to_the_objects() -> None:
    (family,) = [one for one in metrics.metrics(BUSY) if one.name == "objects"]
    assert sum(sample.value for sample in family.samples) == 10


def test_i7_what_is_not_known_has_no_series() -> None:
    text = metrics.render(BUSY)
    assert 'vgwm_target_free_bytes{workspace="photos",peer="kubo-1"} 7' in text
    assert 'peer="kubo-2"' not in text
    assert "vgwm_eta_seconds" not in text


def test_a_stall_moves_the_time_of_the_last_progress_back() -> None:
    (line,) = [
        one
        for one in metrics.render(BUSY).splitlines()
        if one.startswith("vgwm_last_progress_timestamp_seconds")
    ]
    assert line.startswith('vgwm_last_progress_timestamp_seconds{workspace="photos",kind="copy"} ')
    assert float(line.split()[-1]) == AT_NS / 1e9 - 42.5


def test_a_range_that_is_old_moves_it_back_too() -> None:
    old = msgspec.structs.replace(BUSY, eta=wire.Eta(low_s=60.0, high_s=90.0, age_s=12.0))
    assert f'kind="copy"}} {AT_NS // 10**9 - 12}\n' in metrics.render(old)


def test_why_it_is_held_is_a_stage_without_figures() -> None:
    reason = "pins: 64 of 64 wait, 4.0 bundles/s are seen pinned"
    held = msgspec.structs.replace(BUSY, eta=wire.Eta(stalled_s=42.0, stalled_reason=reason))
    assert 'vgwm_throttled{workspace="photos",reason="pins"} 1' in metrics.render(held)


def test_a_name_with_quotes_stays_one_label() -> None:
    odd = msgspec.structs.replace(
        BUSY, workspace=msgspec.structs.replace(BUSY.workspace, name='a"b\\c\nd')
    )
    for line in metrics.render(odd).splitlines():
        assert line.startswith("# ") or LINE.fullmatch(line), line


def test_no_label_is_one_that_prometheus_takes_for_itself() -> None:
    for family in metrics.metrics(BUSY):
        for sample in family.samples:
            assert not {name for name, _ in sample.labels} & {"job", "instance"}


def test_failures_are_counted_by_phase_and_class_and_only_grow() -> None:
    mended = msgspec.structs.replace(
        BUSY,
        failed_phases={"record": 1},
        errors=[
            wire.ErrorCount(phase="copy", code="denied", times=7),
            wire.ErrorCount(phase="record", code="row_refused", times=1),
        ],
    )
    text = metrics.render(mended)
    assert 'vgwm_errors_total{workspace="photos",phase="copy",code="denied"} 7' in text
    assert 'vgwm_failed_objects{workspace="photos",phase="record"} 1' in text
    assert 'vgwm_failed_objects{workspace="photos",phase="copy"}' not in text


def test_the_lag_of_a_sync_has_a_series_once_a_round_has_looked_at_everything() -> None:
    assert "vgwm_sync_" not in metrics.render(BUSY)
    synced = msgspec.structs.replace(BUSY, sync_lag_s=41.5, sync_pending=3)
    text = metrics.render(synced)
    assert 'vgwm_sync_lag_seconds{workspace="photos",direction="forward"} 41.5' in text
    assert 'vgwm_sync_pending_objects{workspace="photos",direction="forward"} 3' in text


def test_i7_a_verification_is_counted_by_list_and_one_that_read_nothing_bounds_nothing() -> None:
    proof = wire_verify.Proof(
        job=3,
        kind="verify",
        scope="all",
        state="done",
        partial=False,
        began_ns=1,
        lists=(
            wire_verify.ListSize(name="equal", sign="=", objects=41),
            wire_verify.ListSize(name="differ", sign="*", objects=1, rows=2),
        ),
    )
    check = msgspec.structs.replace(proof, job=4, kind="check")
    text = metrics.render(BUSY, proved=wire_verify.Proofs(proofs=[check, proof]))
    assert 'vgwm_verify_objects_total{workspace="photos",result="equal"} 41\n' in text
    assert 'vgwm_verify_objects_total{workspace="photos",result="differ"} 1\n' in text
    assert "bad_ratio" not in text
    read = msgspec.structs.replace(proof, bytes=wire_verify.Bytes(mode="sample", bound95=0.003))
    text = metrics.render(BUSY, proved=wire_verify.Proofs(proofs=[read]))
    assert 'vgwm_verify_bad_ratio_upper_bound{workspace="photos"} 0.003\n' in text
    assert "vgwm_verify" not in metrics.render(BUSY)


def test_a_cutover_has_series_of_its_states_its_writer_and_the_data_at_risk() -> None:
    assert "cutover_state" not in metrics.render(BUSY)
    live = msgspec.structs.replace(
        BUSY,
        slices=[
            wire.SliceShort(
                name="photos", state="GREEN_LIVE", number="12", writable="green", across=4
            ),
            wire.SliceShort(name="docs", state="FENCE", number="7", writable="none", across=4),
        ],
        risk=wire.Risk(since_ns=1, writes=20, deletes=3, size_bytes=1_200, oldest_s=4.5),
    )
    text = metrics.render(live)
    state = 'vgwm_cutover_state{workspace="photos",slice="photos",state="GREEN_LIVE"} 1'
    assert state in text
    assert 'vgwm_side_writable{workspace="photos",side="blue"} 0' in text
    assert 'vgwm_side_writable{workspace="photos",side="green"} 1' in text
    assert 'vgwm_sync_lag_seconds{workspace="photos",direction="reverse"} 4.5' in text
    assert 'vgwm_sync_pending_objects{workspace="photos",direction="reverse"} 23' in text
    assert 'vgwm_data_at_risk_bytes{workspace="photos"} 1200' in text
    assert "slice_" not in text.replace("cutover_state", "")  # what is at risk is not told apart
    assert 'vgwm_cross_side_copies_refused_total{workspace="photos"} 4\n' in text


def test_what_is_at_risk_has_series_slice_by_slice_beside_those_of_all() -> None:
    mine = wire.Risk(since_ns=1, writes=2, deletes=1, size_bytes=70, oldest_s=3.0, uncarriable=1)
    safe = wire.Risk(since_ns=1, carried=9)
    whole = wire.Risk(since_ns=1, writes=2, deletes=1, size_bytes=70, oldest_s=3.0)
    told = {"photos": mine, "docs": safe, "mute": wire.Risk(since_ns=1, silent_since_ns=2)}
    live = msgspec.structs.replace(
        BUSY,
        slices=[
            *(
                wire.SliceShort(name=name, state="GREEN_LIVE", number="12", risk=risk)
                for name, risk in told.items()
            ),
            wire.SliceShort(name="blue", state="READY", number="6"),
        ],
        risk=whole,
    )
    text = metrics.render(live)
    for name, values in (("photos", ("3", "70", "3", "1")), ("docs", ("0", "0", "0", "0"))):
        families = ("data_at_risk_objects", "data_at_risk_bytes", "data_at_risk_seconds")
        for family, value in zip((*families, "uncarriable_objects"), values, strict=True):
            assert f'vgwm_slice_{family}{{workspace="photos",slice="{name}"}} {value}\n' in text
    assert 'slice="mute"}' not in text
    assert 'slice="blue"}' not in text
    assert 'vgwm_data_at_risk_bytes{workspace="photos"} 70\n' in text


def test_i7_a_silent_feed_has_no_lag_and_a_silent_load_balancer_no_writer() -> None:
    silent = msgspec.structs.replace(
        BUSY,
        slices=[
            wire.SliceShort(name="photos", state="GREEN_LIVE", number="12", writable="green"),
            wire.SliceShort(name="docs", state="FENCE", number="7"),
        ],
        risk=wire.Risk(since_ns=1, silent_since_ns=2),
    )
    text = metrics.render(silent)
    assert "side_writable" not in text
    assert "cross_side" not in text
    assert "at_risk" not in text
    assert 'direction="reverse"' not in text


def test_i10_two_writers_are_shown_as_two() -> None:
    both = msgspec.structs.replace(
        BUSY, slices=[wire.SliceShort(name="all", state="FENCE", number="7", writable="both")]
    )
    assert metrics.render(both).count("vgwm_side_writable{") == 2
    assert 'side="blue"} 1' in metrics.render(both)
    assert 'side="green"} 1' in metrics.render(both)
