"""Facts: what a snapshot says, in the words of the screens."""

from __future__ import annotations

import msgspec
import pytest

from core.control import facts
from core.control.fact import Fact, State
from core.control.summary import summary
from core.control.wire import state as wire
from tests.fakes.desk import AT_NS, job, snapshot

S = 1_000_000_000


def value(now: wire.Snapshot, label: str) -> str:
    (found,) = [fact for fact in facts.facts(now) if fact.label == label]
    return found.value


def state(now: wire.Snapshot, label: str) -> State:
    (found,) = [fact for fact in facts.facts(now) if fact.label == label]
    return found.state


def test_counts_have_commas_and_a_floored_share() -> None:
    now = snapshot(totals=wire.Totals(objects=12_004_118, migrated=12_004_117, remaining=1))
    assert value(now, "objects") == "12,004,117 of 12,004,118  99.9 %"


def test_what_is_gone_at_the_source_is_not_owed_by_the_target() -> None:
    sums = wire.Totals(objects=5, migrated=4, gone=1, size_bytes=50, migrated_bytes=40)
    now = snapshot(totals=msgspec.structs.replace(sums, gone_bytes=10))
    assert value(now, "objects") == "4 of 4  100.0 %"
    assert value(now, "bytes") == "40 B of 40 B  100.0 %"
    assert summary(now).percent == 100.0


def test_i7_a_rate_that_is_not_earned_is_unknown() -> None:
    assert "unknown" in value(snapshot(), "rate")
    assert "0 obj/s" not in value(snapshot(), "rate")


def test_an_eta_is_a_range_with_both_ends_by_the_clock() -> None:
    now = snapshot(
        eta=wire.Eta(low_s=3 * 3600 + 600, high_s=4 * 3600 + 300),
        totals=wire.Totals(objects=10, migrated=4, remaining=6),
    )
    assert " .. " in value(now, "ETA")
    assert "ends 17:32 .. 18:27 UTC" in value(now, "ETA")


def test_an_eta_on_another_day_names_the_day() -> None:
    now = snapshot(eta=wire.Eta(low_s=60, high_s=86_400 * 2))
    assert "ends 14:23 .. 03 Dec 14:22 UTC" in value(now, "ETA")


def test_a_stall_shows_its_reason_and_length_instead_of_a_range() -> None:
    now = snapshot(eta=wire.Eta(stalled_s=42, stalled_reason="busy kubo-2"))
    assert value(now, "ETA") == "stalled 42 s: busy kubo-2"
    assert state(now, "ETA") is State.STALLED


def test_i7_no_eta_says_why() -> None:
    now = snapshot(eta=wire.Eta(unknown="0.4 % done"))
    assert value(now, "ETA") == "unknown: 0.4 % done"
    assert state(now, "ETA") is State.UNKNOWN


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("running", State.RUNNING),
        ("paused", State.PAUSED),
        ("done", State.DONE),
        ("failed", State.FAIL),
        ("interrupted", State.WARN),
        ("a state of a later version", State.UNKNOWN),
    ],
)
def test_a_job_shows_its_state_as_glyph_and_word(name: str, expected: State) -> None:
    fact = facts.job_fact(job(14, name), AT_NS)
    assert fact.state is expected
    assert name in fact.value


def test_a_failed_job_says_what_failed() -> None:
    error = wire.ErrorBody(code="broken", what="a count differs", where="kubo-1", remedy="stop")
    told = facts.job_fact(job(14, "failed", result=error), AT_NS).value
    assert "a count differs" in told
    assert told.endswith(f"do: {error.remedy}")


def test_i7_a_node_that_was_never_seen_is_unknown_not_well() -> None:
    fact = facts.node_fact(wire.Node(name="kubo-3", url="http://k3:5001", state="unknown"))
    assert fact.state is State.UNKNOWN
    assert "never seen" in fact.value
    assert "free unknown" in fact.value


def test_a_worker_at_rest_shows_since_when_and_no_rate() -> None:
    worker = wire.Worker(
        slot=3, pid=9, state="stalled", step="busy kubo-2: 503", since_s=42, bytes_s=5
    )
    assert facts.worker_fact(worker).value == "stalled  -  -  -  busy kubo-2: 503  42 s"


def test_an_engine_that_is_down_is_stale_and_names_the_way_up() -> None:
    now = snapshot(engine=wire.Engine(pid=0, epoch=3, started_ns=0, version="0.1.0", state="down"))
    fact = facts.engine_fact(now)
    assert fact.state is State.STALE
    assert "vgwm engine start" in facts.line(fact)


def test_losses_are_warned_of_by_class_and_zeros_are_not_shown() -> None:
    now = snapshot(unrepresentable={"delete_marker": 3, "symlink": 0})
    labels = [fact.label for fact in facts.facts(now)]
    assert "cannot carry delete_marker" in labels
    assert "cannot carry symlink" not in labels


def test_each_label_stands_once() -> None:
    now = snapshot(
        jobs=[job(1, "done", kind="plan"), job(2, "running")],
        workers=[wire.Worker(slot=n, pid=n, state="copy") for n in range(3)],
        nodes=[wire.Node(name=f"k{n}", url="u", state="ok") for n in range(3)],
        knobs=[wire.Knob(name="workers", value="10", default="10", bounds="0..256")],
        events=[
            wire.Event(seq=n, ts_ns=AT_NS, kind="k", level="info", who="engine", text="t")
            for n in range(3)
        ],
    )
    labels = [fact.label for fact in facts.facts(now)]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("kind", list(State))
def test_a_state_is_a_glyph_of_one_ascii_character_and_a_word(kind: State) -> None:
    assert len(kind.glyph) == 1
    assert " " < kind.glyph < "\x7f"
    line = facts.line(Fact(label="x", parts=("v",), state=kind))
    assert line.startswith((kind.glyph, " "))
    assert kind is State.NONE or kind.value in line


def test_a_range_shows_its_age_once_it_is_old() -> None:
    fresh = snapshot(eta=wire.Eta(low_s=60.0, high_s=90.0, age_s=1.0))
    assert "as of" not in value(fresh, "ETA")
    old = snapshot(eta=wire.Eta(low_s=60.0, high_s=90.0, age_s=42.0))
    assert value(old, "ETA").endswith("as of 42 s ago")


def test_near_the_end_words_stand_in_place_of_a_figure() -> None:
    near = snapshot(eta=wire.Eta(ending="ends within seconds"))
    assert value(near, "ETA") == "ends within seconds"
    assert state(near, "ETA") is State.RUNNING


def test_i7_no_percentage_of_a_total_that_is_not_known() -> None:
    walking = msgspec.structs.replace(
        snapshot(), workspace=msgspec.structs.replace(snapshot().workspace, planned=False)
    )
    for label in ("objects", "bytes"):
        assert "%" not in value(walking, label)
        assert value(walking, label).endswith("found so far")


def test_copies_refused_between_the_sides_are_a_fact_once_there_was_one() -> None:
    photos = wire.SliceShort(name="photos", state="GREEN_LIVE", number="12", across=0)
    docs = wire.SliceShort(name="docs", state="READY", number="6")
    for across, shown in (
        (None, []),
        (0, []),
        (3, ["3 refused by load balancers since they began"]),
    ):
        now = snapshot(slices=[msgspec.structs.replace(photos, across=across), docs])
        told = [fact.value for fact in facts.facts(now) if fact.label == "copies across"]
        assert told == shown
