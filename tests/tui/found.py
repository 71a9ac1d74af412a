"""An assessment and a plan to draw: the figures of the contract's picture."""

from __future__ import annotations

from core.control.wire import plan as wire_plan
from core.control.wire.checks import (
    Ack,
    Check,
    Checks,
    ChecksRun,
    Estimate,
    EstimateTerm,
    Inventory,
    LargeObject,
    Note,
)
from tests.tui.stage import NOON_NS, S

MEASURED_NS = NOON_NS - 250 * S
HISTOGRAM = [
    ("empty", 118, 0),
    ("<= 1.02 KB", 1_200_000, 600_000_000),
    ("<= 16.4 KB", 4_804_000, 40_000_000_000),
    ("<= 1.05 MB", 5_000_000, 1_660_000_000_000),
    ("> 1.07 GB", 1_000_000, 2_999_400_000_000),
]
LOSSES = {"key_not_utf8": 12, "foreign_xattr": 328, "integrity:crc64nvme": 9_000_000}


def check(id_: str, state: str = "pass", evidence: str = "", **fields: object) -> Check:
    shown: dict[str, object] = {
        "id": id_,
        "component": "kubo",
        "state": state,
        "evidence": evidence or f"{id_} is as it should be",
        "measured_ns": MEASURED_NS,
        "took_s": 1.2,
        "blocks": state == "fail",
        "command": f"vgwm assess --only {id_}",
    }
    return Check(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


PASSED = [
    check(name)
    for name in (
        *("source", "inventory", "read", "keys", "atime", "host", "workspace", "cluster"),
        *("kubo", "ydb", "redis", "network", "gateway", "docker", "backups", "security"),
    )
]
CAPACITY = check(
    "capacity",
    "fail",
    "kubo-2: 1.10 TB free of 2.80 TB needed",
    remedy="raise StorageMax of kubo-2 to 4 TB, add disks, or plan with fewer copies",
)
CLOCK = check("clock", "unknown", "no answer in 2 s", endpoint="lb-2", component="host")
BASELINE = check(
    "baseline",
    "unknown",
    "not asked yet",
    title="baseline measured",
    component="gateway",
    remedy="Say it: vgwm assess --note baseline=TEXT.",
    manual=True,
    measured_ns=None,
)
VERSIONS = check(
    "versions",
    "warn",
    "1,204 noncurrent versions: kept in the bundles' manifests only, 3 uploads are open",
    component="source",
    remedy="finish or abort the uploads; the versions cannot be read at the target",
)
TAKEN = check(
    "lb",
    "warn",
    "none is named: only big-bang is possible",
    component="lb",
    ack=Ack(actor="op1", at_ns=MEASURED_NS, reason="we cut over at night"),
)
RUN = ChecksRun(
    job=15,
    state="done",
    actor="op1",
    began_ns=MEASURED_NS - 38 * S,
    ended_ns=MEASURED_NS,
    rows=21,
    answered=21,
)
INVENTORY = Inventory(
    measured_ns=MEASURED_NS,
    complete=True,
    buckets=3,
    objects=12_004_118,
    size_bytes=4_700_000_000_000,
    versions=1_204,
    markers=12,
    histogram=HISTOGRAM,
    largest=[
        LargeObject(name=f"photos/raw/{n:02}.tar", size_bytes=(40 - n) << 30) for n in range(20)
    ],
    cannot_carry=LOSSES,
    clients=["AKBLUE1", "AKAPP1"],
)
ESTIMATE = Estimate(
    measured_ns=MEASURED_NS,
    low_s=36_720.0,
    high_s=52_560.0,
    terms=[
        EstimateTerm(name="bytes", low_s=36_720.0, high_s=52_560.0, text="4.70 TB x 2 at 90 MB/s"),
        EstimateTerm(name="objects", low_s=8_280.0, high_s=9_000.0, text="1,450 objects/s"),
        EstimateTerm(name="pins", low_s=14_040.0, high_s=15_000.0, text="24,208 pins at 1.7/s"),
        EstimateTerm(name="rows", low_s=1_440.0, high_s=1_600.0, text="8,300 rows/s"),
    ],
    trial_s=60.0,
    trial_objects=81_000,
    trial_bytes=5_400_000_000,
)

UNMEASURED = Estimate(
    unknown="bytes: the sample was too small to be measured; rows: the table is not there yet",
    terms=[
        EstimateTerm(name="bytes", text="the sample was too small to be measured"),
        EstimateTerm(name="pins", low_s=0.0, high_s=0.0, text="0 pins"),
        EstimateTerm(name="rows", text="the folder of the table is not there yet: target init"),
    ],
)


def checks(*rows: Check, run: ChecksRun | None = RUN, **fields: object) -> Checks:
    """Return an assessment of these rows, counted as the engine counts them."""
    listed = list(rows)
    shown: dict[str, object] = {
        "at_ns": NOON_NS,
        "run": run,
        "checks": listed,
        "counts": {
            s: sum(c.state == s for c in listed) for s in ("pass", "warn", "fail", "unknown")
        },
        "open_warnings": sum(c.state == "warn" and c.ack is None for c in listed),
        "blocking": [c.id for c in listed if c.blocks],
    }
    return Checks(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


ASSESSED = checks(
    *PASSED,
    CAPACITY,
    CLOCK,
    VERSIONS,
    TAKEN,
    BASELINE,
    inventory=INVENTORY,
    estimate=ESTIMATE,
)
CLEAN = checks(*PASSED, TAKEN, inventory=INVENTORY, estimate=ESTIMATE)
NOTED = checks(
    *PASSED,
    check(
        "baseline",
        "pass",
        manual=True,
        note=Note(actor="op1", at_ns=MEASURED_NS, text="perf of 24 Nov is kept"),
    ),
)


def idle(found: Check, *, asked: bool) -> Check:
    """Return a row that never was answered."""
    return check(found.id, "unknown", "not asked yet", measured_ns=None, asked=asked)


NEVER = checks(*(idle(row, asked=False) for row in PASSED), BASELINE, run=None)
ASKING = checks(
    *PASSED[:4],
    CAPACITY,
    *(idle(row, asked=True) for row in PASSED[4:]),
    check("versions", "warn", "1,204 noncurrent versions", asked=True),
    run=ChecksRun(
        text="asks atime, host, workspace; walk 12,004,118 entries",
        job=15,
        state="running",
        actor="op1",
        began_ns=NOON_NS - 8 * S,
        rows=18,
        answered=5,
    ),
)
PLAN = wire_plan.Plan(
    id="9f2c1a7e",
    hash="7c1e09aa",
    strategy="blue-green",
    source="posix /data/gw",
    target="ipfs 3 peers",
    profile="guide v1",
    replication=2,
    made_ns=NOON_NS - 9_700 * S,
    complete=True,
    buckets=3,
    objects=12_004_118,
    size_bytes=4_700_000_000_000,
    bundles=12_104,
    versions=1_204,
    markers=12,
    skipped=340,
    histogram=[(label, objects, size) for label, objects, size in HISTOGRAM],
    unrepresentable=LOSSES,
    cid_profile="unixfs-v1-2025",
)
