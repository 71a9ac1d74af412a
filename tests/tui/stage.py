"""Snapshots to draw: one copying at full size, and the states that differ from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.wire import state as wire
from core.control.wire.failures import ActPlan, ActShare, FailureBundle, FailureCause
from core.control.wire.state import Snapshot
from tui.facts.listing import Listing
from tui.facts.window import Window
from tui.linked import Link, LinkState
from tui.screen import Name
from tui.ui import Scene, Ui

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.facts.listing import FailureWindow, Row

NOON_NS = 1_763_992_931_000_000_000  # 24 Nov 2025 14:02:11 UTC
S = 1_000_000_000


def history(seed: int, peak: int, length: int = 60) -> list[int]:
    """A rate that moves, the same for the same seed."""
    value, out = seed * 7919 + 11, []
    for _ in range(length):
        value = (value * 1_103_515_245 + 12_345) % 2_147_483_648
        out.append(peak // 3 + (value >> 8) % (peak * 2 // 3))
    return out


def worker(slot: int, state: str = "copy", **fields: object) -> wire.Worker:
    shown: dict[str, object] = {
        "slot": slot,
        "pid": 4_000 + slot,
        "state": state,
        "objects_s": 3_012.0 - 71 * slot,
        "bytes_s": 46.0 * (1 << 20),
        "bundle": 48_211 + slot,
        "step": "hash 12 %",
        "history": history(slot, 48 << 20),
    }
    return wire.Worker(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


def workers() -> list[wire.Worker]:
    return [
        worker(0, step="send kubo-2 61 %"),
        worker(1),
        worker(2, "waiting", step="pins: 64 of 64", since_s=3.0),
        worker(
            3,
            "stalled",
            step="busy kubo-2: 503; try 4 in 6 s; the bundle is redone, nothing is lost",
            since_s=42.0,
            history=[],
        ),
        worker(4, "paused", step="paused by op1", since_s=251.0, bundle=None, history=[]),
        *(worker(slot) for slot in range(5, 10)),
    ]


def event(seq: int, text: str, level: str = "info", who: str = "engine") -> wire.Event:
    ts_ns = NOON_NS - (88_412 - seq) * 2 * S
    return wire.Event(seq=seq, ts_ns=ts_ns, kind="bundle", level=level, who=who, text=text, job=14)


def job(number: int = 14, kind: str = "copy", state: str = "running", **fields: object) -> wire.Job:
    shown: dict[str, object] = {
        "id": number,
        "kind": kind,
        "state": state,
        "actor": "op1",
        "made_ns": NOON_NS - 9_660 * S,
        "began_ns": NOON_NS - 9_660 * S,
        "done": 4_812_330,
        "total": 12_004_118,
    }
    return wire.Job(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


PLAN_DONE = job(13, "plan", "done", made_ns=NOON_NS - 12_000 * S, ended_ns=NOON_NS - 9_700 * S)


def totals(**fields: int) -> wire.Totals:
    """Return the counters of a copy at 40 %, with these fields in place of its own."""
    shown = {
        "objects": 12_004_118,
        "migrated": 4_812_330,
        "failed": 12,
        "skipped": 340,
        "remaining": 7_191_436,
        "size_bytes": 4_700_000_000_000,
        "migrated_bytes": 1_900_000_000_000,
        "requeued": 7,
        "bundles": 12_104,
        "bundles_recorded": 4_840,
        "pins_waiting": 64,
    }
    return wire.Totals(**{**shown, **fields})


def snapshot(**fields: object) -> Snapshot:
    """Return a workspace that copies, with these fields in place of its own."""
    shown: dict[str, object] = {
        "at_ns": NOON_NS,
        "workspace": wire.Workspace(
            id="9f2c1a7e",
            name="photos",
            path="/srv/ws/photos",
            source="posix /data/gw",
            target="ipfs 3 peers",
            table="ydb:grpc://ydb:2136/local",
            profile="guide v1",
            replication=2,
            planned=True,
            plan_hash="7c1e09aa",
            buckets=3,
        ),
        "engine": wire.Engine(pid=4_000, epoch=3, started_ns=NOON_NS - 9_700 * S, version="0.1.0"),
        "totals": totals(),
        "rate": wire.Rate(
            objects_s=26_980.0,
            bytes_s=412e6,
            objects_s_mean=24_100.0,
            bytes_s_mean=390e6,
            history=history(99, 30_000),
        ),
        "eta": wire.Eta(low_s=11_400.0, high_s=14_700.0),
        "limit": "pins: cluster confirms 41/s; hash and send could do 70/s",
        "jobs": [PLAN_DONE, job()],
        "workers": workers(),
        "nodes": [
            wire.Node(
                name="kubo-1", url="http://k1:5001", state="ok", age_s=0.8, free_bytes=2 << 40
            ),
            wire.Node(
                name="kubo-2",
                url="http://k2:5001",
                state="busy",
                reason="503, 3 in 60 s",
                age_s=4.2,
                free_bytes=1 << 40,
            ),
            wire.Node(
                name="kubo-3", url="http://k3:5001", state="unknown", reason="no answer in 2 s"
            ),
        ],
        "knobs": [
            wire.Knob(name="workers", value="10", default="4", bounds="0..256", actor="op1"),
            wire.Knob(name="pin_inflight", value="64", default="64", bounds="1..1024"),
        ],
        "events": [
            event(88_410, "bundle 48,205 recorded: 1,000 objects"),
            event(88_411, "503, backoff 6 s (3 in 60 s)", "warn", "kubo-2"),
            event(88_412, "bundle 48,206 recorded: 1,000 objects"),
        ],
        "last_seq": 88_412,
        "failed_by": {"source_changed": 9, "denied": 2, "io_error": 1},
    }
    return Snapshot(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


def failures(disposition: str = "failed") -> tuple[wire.Failure, ...]:
    return (
        wire.Failure(
            bucket="photos",
            key="2024/0031/IMG_0031442.jpg",
            version="",
            phase="copy",
            code="source_changed",
            text="changed while read, 5 times",
            tries=5,
            last_ns=NOON_NS - 250 * S,
            remedy="Wait for the writer, then: vgwm retry",
            disposition=disposition,
        ),
        wire.Failure(
            bucket="photos",
            key=r"priv/a\xffb\u{202e}.txt",
            version="",
            phase="plan",
            code="key_not_utf8",
            text="the key is not UTF-8: the object table cannot hold it",
            tries=1,
            last_ns=NOON_NS - 9_000 * S,
            remedy="Rename it on the source, then plan again.",
            disposition="skip",
        ),
    )


def causes() -> tuple[FailureCause, ...]:
    first_ns, last_ns = NOON_NS - 9_000 * S, NOON_NS - 250 * S
    return (
        FailureCause(
            code="denied",
            phase="read",
            disposition="failed",
            objects=9,
            share=0.75,
            remedy="Give the engine's user the right to read it.",
            example=failures()[0],
            first_ns=first_ns,
            last_ns=last_ns,
        ),
        FailureCause(
            code="source_changed",
            phase="copy",
            disposition="failed",
            objects=3,
            share=0.25,
            remedy="Wait for its writer to end.",
            first_ns=first_ns,
            last_ns=last_ns,
        ),
    )


def bundles() -> tuple[FailureBundle, ...]:
    return (
        FailureBundle(
            id=47_911,
            bucket="photos",
            first="photos/2024/0031/IMG_0031000.jpg",
            last="photos/2024/0031/IMG_0031999.jpg",
            objects=1_000,
            failed=12,
            last_ns=NOON_NS - 250 * S,
            codes=["denied", "source_changed"],
        ),
    )


def plan(act: str, **fields: object) -> ActPlan:
    """Return what an act on the failed objects would do."""
    shown: dict[str, object] = {
        "id": 1,
        "act": act,
        "state": "made",
        "hash": "7c1e09aa",
        "objects": 12,
        "size_bytes": 41_200_000,
        "by_class": (
            ActShare(code="source_changed", phase="copy", objects=3, size_bytes=1_200_000),
            ActShare(code="denied", phase="read", objects=9, size_bytes=40_000_000),
        ),
        "command": f"vgwm {act}",
    }
    return ActPlan(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


def window(rows: Sequence[Row] | None = None, **fields: object) -> FailureWindow:
    """A list's rows from its first on, all of it unless a test says otherwise."""
    shown: dict[str, object] = {
        "listing": Listing(),
        "rows": tuple(failures() if rows is None else rows),
        "as_of_ns": NOON_NS,
    }
    shown["total"] = len(shown["rows"])  # type: ignore[arg-type]  # a tuple
    return Window(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


LIVE = Link(state=LinkState.LIVE, age_s=0.4)


def scene(now: Snapshot | None = None, **fields: object) -> Scene:
    shown: dict[str, object] = {
        "now_ns": NOON_NS,
        "workspace": "photos",
        "snapshot": now,
    }
    return Scene(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


def ui(name: Name = Name.MIGRATE, **fields: object) -> Ui:
    shown: dict[str, object] = {"screen": name, "link": LIVE, "painted_bytes_s": 700.0}
    return Ui(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice
