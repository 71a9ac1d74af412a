"""Cutovers and ways back to draw: ready, not ready, live on green, with green dead."""

from __future__ import annotations

import msgspec

from core.control.wire.cutover import Cutover, CutoverPlan, Gate, Limit, Off, Slice, Step
from core.control.wire.rollback import RiskName, Rollback
from core.control.wire.state import Risk
from tests.tui.stage import NOON_NS, S
from tui.facts.at_risk import RiskList, RiskWindow, Which
from tui.facts.window import Window

T_FLIP_NS = NOON_NS - 900 * S
RISK = Risk(since_ns=T_FLIP_NS, writes=23, deletes=2, size_bytes=1_200_000, oldest_s=4.0, carried=9)
CANNOT = Risk(since_ns=T_FLIP_NS, writes=23, size_bytes=1_200_000, oldest_s=4.0, uncarriable=1)
SILENT = Risk(since_ns=T_FLIP_NS, writes=0, silent_since_ns=NOON_NS - 61 * S)
SAFE = Risk(since_ns=T_FLIP_NS, carried=9_403)


def gate(name: str, evidence: str, **fields: object) -> Gate:
    shown: dict[str, object] = {"verdict": "pass", "age_s": 60.0, "limit_s": 300.0, "open": True}
    return Gate(name=name, evidence=evidence, **{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


GATES = (
    gate("verified", "0 missing 0 differ 0 unpinned", age_s=540.0, limit_s=86_400.0),
    gate("forecast", "9 s twice running"),
    gate("canary", "put get delete on green", age_s=20.0, limit_s=60.0),
    gate("shadow", "1,000 keys equal, p99 1.2 x", age_s=40.0, limit_s=600.0),
    gate("rehearsal", "0.38 s fence, 16 Nov", age_s=604_000.0, limit_s=604_800.0),
    gate(
        "fence",
        "gateway blue-2 has no commands: the load balancers alone fence it",
        verdict="warn",
        acked="op1",
    ),
    gate("backups", "7 files opened", age_s=4_000.0, limit_s=3_600.0, open=False, why="it is old"),
    gate(
        "lb-2",
        "admin socket: no answer in 2 s",
        verdict="unknown",
        age_s=31.0,
        limit_s=60.0,
        open=False,
        why="gate lb-2 is unknown: admin socket: no answer in 2 s",
        remedy="Look whether HAProxy hangs; its admin socket answers at once.",
    ),
)
STEPS = (
    Step(number="7", state="FENCE", text="fence blue", undo="open it", expected_s=0.4),
    Step(number="8", state="FINAL", text="last round", undo="open it", expected_s=3.0),
    Step(number="9", state="PROVE", text="prove", undo="open it", expected_s=1.0),
    Step(number="10", state="SWITCH_READS", text="reads to green", undo="reads to blue"),
    Step(number="11", state="SWITCH_WRITES", text="writes to green", past_return=True),
    Step(number="12", state="GREEN_LIVE", text="watch", past_return=True),
)
PHOTOS = Slice(name="photos", buckets=("photos",), state="READY", number="6", writable="blue")
DOCS = Slice(name="docs", buckets=("docs",))
NOT_READY = Cutover(
    slice="photos",
    slices=(PHOTOS, DOCS),
    gates=GATES,
    hash="7c1e09aa",
    word="photos",
    steps=STEPS,
    forecast_s=9.0,
    budget_s=60.0,
    lag_s=41.0,
    round=7,
    off=Off(start="gate lb-2 is unknown\ngate backups is old", abort="no cutover is under way"),
)
READY = Cutover(
    slice="all",
    slices=(Slice(name="all", state="READY", number="6", writable="blue"),),
    gates=GATES[:6],
    hash="7c1e09aa",
    word="photos",
    steps=STEPS,
    forecast_s=9.0,
    budget_s=60.0,
)
LIVE = Cutover(
    slice="all",
    slices=(Slice(name="all", state="GREEN_LIVE", number="12", writable="green"),),
    gates=(gate("mismatch", "0 of 1,000"), gate("5xx", "0.0 % of 5 min")),
    steps=STEPS[-1:],
    risk=RISK,
    job=31,
    live_until_ns=NOON_NS + 82_800 * S,
    off=Off(start="the slice is live on green", commit="the watch window ends in 23 h"),
)
PLAN = CutoverPlan(
    id=1,
    act="cutover",
    kind="cutover",
    state="made",
    slice="photos",
    args={"plan": "7c1e09aa", "slice": "photos"},
    hash="7c1e09aa",
    word="photos",
    about_s=14.0,
    pause_s=5.0,
    steps=STEPS,
    limits=(Limit(name="duration", text="120 s"), Limit(name="risk", text="100 writes")),
    acked=("fence",),
    lines=("load balancers lb-1, lb-2; gateways blue-1, blue-2, green-1",),
    command="vgwm cutover start --slice photos",
)
BACK_STEPS = (
    Step(number="R1", state="FENCE_GREEN", text="fence green", expected_s=0.4),
    Step(number="R2", state="REVERSE", text="reverse copy", expected_s=2.0),
    Step(number="R3", state="VERIFY_BLUE", text="verify blue", expected_s=1.0),
    Step(number="R4", state="SWITCH_BACK", text="switch back", expected_s=0.1),
)
BACK = Rollback(
    slice="all",
    state="GREEN_LIVE",
    number="12",
    hash="9d2f00c1",
    word="photos",
    green="alive",
    about_s=40.0,
    pause_s=12.0,
    risk=CANNOT,
    uncarriable=("photos/a beside photos/a/b",),
    uncarriable_total=1,
    steps=BACK_STEPS,
    limits=(Limit(name="writes", text="at most 100"), Limit(name="pause", text="at most 2 m 00 s")),
    gates=(gate("mismatch", "0 of 1,000"), gate("5xx", "0.0 % of 5 min")),
    notes=("the feed of green stands 3 s back",),
)
DEAD = Rollback(
    slice="all",
    state="GREEN_LIVE",
    number="12",
    hash="0b7744aa",
    word="photos",
    green="dead",
    risk=SILENT,
    lost=("photos/2025/new-1.jpg", "photos/2025/new-2.jpg"),
    lost_total=2,
    steps=BACK_STEPS,
    limits=BACK.limits,
)
NOT_LIVE = Rollback(slice="all", off="green has not taken over")
BACK_PLAN = CutoverPlan(
    id=2,
    act="rollback",
    kind="rollback",
    state="made",
    slice="all",
    args={"plan": "9d2f00c1"},
    hash="9d2f00c1",
    word="photos",
    about_s=40.0,
    pause_s=12.0,
    steps=BACK_STEPS,
    limits=BACK.limits,
    risk=CANNOT,
    command="vgwm rollback start",
)

STEPS_BIG = (STEPS[0], msgspec.structs.replace(STEPS[1], text="everything copied"), *STEPS[2:])
BIG_BANG = msgspec.structs.replace(
    READY,
    strategy="big-bang",
    steps=STEPS_BIG,
    gates=tuple(one for one in GATES if one.name in {"canary", "fence"}),
    forecast_s=None,
)
BIG_PLAN = msgspec.structs.replace(
    PLAN, strategy="big-bang", slice="all", steps=STEPS_BIG, command="vgwm cutover start"
)
ROLLING = msgspec.structs.replace(
    LIVE,
    slice="photos",
    strategy="rolling",
    across=1_204,
    slices=(
        msgspec.structs.replace(PHOTOS, state="GREEN_LIVE", number="12", writable="green"),
        DOCS,
    ),
)
UNCOUNTED = msgspec.structs.replace(
    ROLLING, across=None, across_why="no backend across at lb-1, lb-2 and 3 more"
)
FULL = msgspec.structs.replace(BACK, way="full", hash="11aa22bb")
FULL_PLAN = msgspec.structs.replace(
    BACK_PLAN,
    way="full",
    hash="11aa22bb",
    args={"plan": "11aa22bb", "way": "full"},
    lines=("gateway blue-1 blue", "backup /etc/vgw.conf 7c1e", "backup /usr/bin/versitygw 9d2f"),
    command="vgwm rollback start --full",
)
DATA_PLAN = msgspec.structs.replace(
    BACK_PLAN,
    way="data",
    args={"plan": "9d2f00c1", "way": "data", "origin": "/backup/gw", "to": "/data/gw.new"},
    command="vgwm rollback start --data --backup-location /backup/gw --to /data/gw.new",
)
NAMES = (
    RiskName(object="photos/2025/new-1.jpg", op="put", size_bytes=4_096, seen_ns=NOON_NS - 4 * S),
    RiskName(object="photos/2025/old.jpg", op="del", size_bytes=None, seen_ns=NOON_NS - 90 * S),
    RiskName(
        object="photos/a",
        op="put",
        size_bytes=1_200_000,
        seen_ns=NOON_NS - 300 * S,
        cannot=True,
        why="on blue other keys lie below it",
        tries=3,
    ),
)


def names(which: Which = Which.AT_RISK, *rows: RiskName, slice_: str = "") -> RiskWindow:
    """Return a list that is here as a whole."""
    return Window(
        listing=RiskList(which=which, slice=slice_), total=len(rows), rows=rows, as_of_ns=NOON_NS
    )
