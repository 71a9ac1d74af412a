"""Proofs to draw: a verification at full size, and the states that differ from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.wire.metadata import RepairLeft, RepairPlan, RepairStep
from core.control.wire.verify import Bytes, IllCount, ListSize, Proof, Stratum, ViewRow
from tests.tui.stage import NOON_NS, S
from tui.facts.proven import Pane, ProofList
from tui.facts.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.facts.proven import ProofWindow

SIGNS = {"equal": "=", "differ": "*", "missing": "+", "extra": "-", "error": "!"}
ENDED_NS = NOON_NS - 540 * S
STRATA = (
    Stratum(kind="size", name="<16K", n=4_000, bad=0, bound95=0.000_748),
    Stratum(kind="size", name="<1M", n=3_000, bad=0, bound95=0.000_998),
    Stratum(kind="size", name=">=1M", n=2_000, bad=0, bound95=0.001_497, denser=True),
    *(
        Stratum(kind="bucket", name=f"bucket-{n:02}", n=1_000 - n, bad=0, bound95=0.003)
        for n in range(9)
    ),
    Stratum(kind="worker", name="0", n=5_100, bad=0, bound95=0.000_6),
    Stratum(kind="worker", name="1", n=4_900, bad=0, bound95=0.000_6),
    Stratum(kind="tries", name="once", n=9_000, bad=0, bound95=0.000_333),
    Stratum(kind="tries", name="retried", n=1_000, bad=0, bound95=0.002_99, denser=True),
)
SAMPLE = Bytes(
    mode="sample",
    seed=8_123,
    sample=10_000,
    n=10_000,
    read_bytes=3_910_000_000,
    seconds=9.9,
    bound95=0.000_299_5,
    done=9_120,
    all=9_120,
    strata=STRATA,
)
FULL = Bytes(
    mode="full",
    replicas="all",
    n=24_007_532,
    read_bytes=9_400_000_000_000,
    seconds=12_000.0,
    bound95=0.0,
    done=12_104,
    all=12_104,
    whole=True,
)


def sizes(**objects: int) -> tuple[ListSize, ...]:
    return tuple(
        ListSize(name=name, sign=sign, objects=objects.get(name, 0), rows=objects.get(name, 0))
        for name, sign in SIGNS.items()
    )


def proof(**fields: object) -> Proof:
    """Return a verification that found something, with these fields in place of its own."""
    shown: dict[str, object] = {
        "job": 15,
        "kind": "verify",
        "scope": "all",
        "state": "done",
        "partial": False,
        "began_ns": ENDED_NS - 2_460 * S,
        "ended_ns": ENDED_NS,
        "phase": "done",
        "joined": 12_004_118,
        "keys": 12_004_118,
        "lists": sizes(equal=12_003_754, differ=12, missing=340, error=12),
        "kinds": (
            IllCount(name="missing", kind="source_moved", rows=40),
            IllCount(name="missing", kind="not_copied", rows=300),
            IllCount(name="differ", kind="wrong_metadata", rows=14),
            IllCount(name="differ", kind="wrong_cid", rows=2),
            IllCount(name="error", kind="unread", rows=12),
        ),
        "bundles": 12_104,
        "dirty": 40,
        "skipped": 340,
        "versions": 1_204,
        "markers": 12,
        "bytes": SAMPLE,
        "folder": "reports/verify-15",
    }
    return Proof(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


FOUND = proof()
CLEAN = proof(
    job=14, lists=sizes(equal=12_003_766), kinds=(), dirty=0, ended_ns=ENDED_NS - 90_000 * S
)
WHOLE = proof(lists=sizes(equal=12_003_766), kinds=(), dirty=0, bytes=FULL)
JOINING = proof(
    job=16,
    state="running",
    partial=True,
    began_ns=NOON_NS - 178 * S,
    ended_ns=None,
    phase="join",
    joined=4_812_330,
    rate=26_980.0,
    eta_s=266.0,
    lists=sizes(equal=4_812_318, missing=12),
    kinds=(),
    bytes=Bytes(),
    bundles=0,
    folder="reports/verify-16",
)
READING = proof(
    job=16,
    state="running",
    partial=True,
    began_ns=NOON_NS - 60 * S,
    ended_ns=None,
    phase="bytes",
    joined=0,
    lists=sizes(),
    kinds=(),
    bytes=Bytes(mode="full", n=3_000_000, read_bytes=1 << 40, seconds=60.0, done=3_026, all=12_104),
    bundles=0,
)
CANCELLED = proof(state="cancelled", partial=True)
KILLED = proof(
    job=16, state="cancelled", partial=True, ended_ns=None, phase="bytes", joined=0, lists=sizes()
)
WAITING = proof(
    job=16, state="interrupted", partial=True, ended_ns=None, phase="join", lists=sizes()
)
UNPINNED = proof(
    unpinned=340,
    unread=12,
    bundles_unpinned=3,
    kinds=(IllCount(name="differ", kind="no_pin", rows=343),),
    lists=sizes(equal=12_003_754, differ=340, error=12),
)
CHECK = proof(
    job=17,
    kind="check",
    lists=sizes(equal=12_003_766, extra=1),
    kinds=(IllCount(name="extra", kind="orphan_pin", rows=1),),
    bytes=Bytes(),
    folder="reports/check-17",
)

ROOT = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
ROWS = (
    ViewRow(
        at=0,
        object="photos/2024/0031/IMG_0031442.jpg",
        kind="wrong_cid",
        field="cid",
        wanted=ROOT,
        found="bafkreiabc",
        bundle=47_911,
    ),
    ViewRow(
        at=1,
        object=r"photos/priv/a\xffb\u{202e}.txt",
        kind="wrong_metadata",
        field="content-type",
        wanted="image/jpeg",
        found="text/plain",
        bundle=47_912,
    ),
    ViewRow(
        at=2,
        object=r"photos/priv/a\xffb\u{202e}.txt",
        kind="wrong_metadata",
        field="user.colour",
        wanted="blue",
        found="",
        bundle=47_912,
    ),
    ViewRow(
        at=3,
        object="photos/z.tar",
        kind="no_pin",
        field="pin",
        wanted="pinned",
        found="unpinned",
        where="kubo-2",
        bundle=47_990,
    ),
)
ORPHAN = ViewRow(
    at=0, object=f"./{ROOT}", kind="orphan_pin", field="pin", found="vgwm 9f2c1a7e 12", where=ROOT
)


def listing(pane: Pane, of: Proof = FOUND, **fields: str) -> ProofList:
    ended_ns = of.ended_ns or 0
    return ProofList(job=of.job, ended_ns=ended_ns, name=pane.value, **fields)


def window(
    rows: Sequence[ViewRow] = ROWS, pane: Pane = Pane.DIFFER, of: Proof = FOUND, **fields: object
) -> ProofWindow:
    """A list's rows from its first on, all of it unless a test says otherwise."""
    shown: dict[str, object] = {
        "listing": listing(pane, of),
        "rows": tuple(rows),
        "total": len(rows),
    }
    return Window(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice


def plan(**fields: object) -> RepairPlan:
    """Return what would mend a report."""
    shown: dict[str, object] = {
        "id": 1,
        "state": "made",
        "hash": "7c1e09aa",
        "report": "verify-15",
        "seen": 368,
        "steps": (
            RepairStep(
                deed="bundles",
                text="bring back blocks, pins, files and manifests; what no copy holds is read"
                " again",
                kinds={"no_pin": 3},
                objects=3,
                bundles=2,
            ),
            RepairStep(
                deed="rows",
                text="write rows again, where the present one is ours or absent",
                kinds={"wrong_cid": 2, "wrong_metadata": 14},
                objects=16,
                bundles=0,
            ),
        ),
        "left": (
            RepairLeft(kind="not_copied", count=300, remedy="Copy it: vgwm copy."),
            RepairLeft(kind="source_moved", count=40, remedy="A round reads it again: vgwm sync."),
        ),
        "command": "vgwm metadata repair --from verify-15",
    }
    return RepairPlan(**{**shown, **fields})  # type: ignore[arg-type]  # fields of the test's choice
