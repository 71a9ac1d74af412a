"""The items of the validation list (guide L536), each with its state and evidence. Pure.

An item passes only by what was looked at: what nobody asked is unknown, and says what would ask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from core.control.report import left as report_left
from core.control.report.proved import FAIL, PASS, UNKNOWN, Judged, Proven
from core.control.report.security import Gateways, auditing, encryption, logins
from core.control.wire.report import ReportItem
from core.display import count
from core.verify.difference import Ill

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.control.wire import checks as wire_checks
    from core.control.wire import state as wire
    from core.control.wire.report import ReportCounts, ReportLedger, ReportLeft

NOT_OFFERED: Final = "not offered"

_ABSENT: Final = frozenset({Ill.NO_PIN, Ill.NO_ROW, Ill.NOT_COPIED, Ill.SOURCE_MOVED})
_OTHER: Final = frozenset({Ill.BAD_BYTES, Ill.WRONG_CID, Ill.WRONG_SIZE})
_CORRUPT: Final = frozenset({Ill.BAD_BYTES, Ill.LOST_BLOCK, Ill.NO_MANIFEST})
_LISTED: Final = frozenset({Ill.GONE_AT_SOURCE, Ill.NO_ROW, Ill.NOT_COPIED, Ill.ORPHAN_ROW})
_ROOM: Final = ("host", "workspace", "capacity")
_BAD_CHECKSUM: Final = "bad-checksum"
_CASES: Final = "Ask the target's gateway with an S3 test suite, and keep its answer beside this."
_SPEED: Final = "Measure the target's gateway under load, and keep the figures beside this."
_COPY: Final = "vgwm copy, or vgwm sync; vgwm errors says why what failed did."


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the items rest on: figures of one commit, and answers of gateways if any were asked.

    listed: the source is known by listings, which show no attributes; asked_ns: when the newest
    sync began that asked for those of every object.
    """

    totals: wire.Totals
    counts: ReportCounts
    planned: bool
    ledger: ReportLedger
    left: Sequence[ReportLeft]
    proven: Proven
    assessed: wire_checks.Checks
    gateways: Gateways
    at_ns: int
    listed: bool = False
    asked_ns: int | None = None


def items(known: Known) -> list[ReportItem]:
    """Return the items in the order of the guide's list."""
    nobody = _unasked("nothing asked the target's gateway", _CASES)
    unmeasured = _unasked("no load was put on the target's gateway", _SPEED)
    data, works = "data integrity", "functionality"
    speed, secure = "performance", "security"
    return [
        _item("migrated", data, "every object is on the target", _migrated(known)),
        _item("checksums", data, "checksums match", _checksums(known)),
        _item("metadata", data, "metadata is carried", _metadata(known)),
        _item("corruption", data, "nothing is corrupt", _corruption(known)),
        _item("operations", works, "S3 operations work", nobody),
        _item("multipart", works, "multipart uploads work", nobody),
        _item("listing", works, "objects are listed", _listing(known)),
        _item("access", works, "access is controlled", nobody),
        _item("response", speed, "response times", unmeasured),
        _item("throughput", speed, "throughput", unmeasured),
        _item("memory", speed, "memory does not leak", unmeasured),
        _item("resources", speed, "resources suffice", _resources(known)),
        _item("authentication", secure, "authentication works", logins(known.gateways)),
        _item("authorization", secure, "authorization is enforced", nobody),
        _item("audit", secure, "audit log works", auditing(known.ledger)),
        _item("encryption", secure, "encryption on the way", encryption(known.gateways)),
        ReportItem(
            id="at-rest",
            group=secure,
            text="encryption at rest",
            state=NOT_OFFERED,
            evidence="nodes keep blocks as they are: encrypt their disks",
        ),
    ]


def _item(name: str, group: str, text: str, judged: Judged) -> ReportItem:
    return ReportItem(
        id=name,
        group=group,
        text=text,
        state=judged.state,
        evidence=judged.evidence,
        measured_ns=judged.measured_ns,
        remedy=judged.remedy,
    )


def _unasked(why: str, remedy: str) -> Judged:
    return Judged(state=UNKNOWN, evidence=why, remedy=remedy)


def _failed(known: Known, evidence: str, remedy: str) -> Judged:
    return Judged(state=FAIL, evidence=evidence, measured_ns=known.at_ns, remedy=remedy)


def _migrated(known: Known) -> Judged:
    """Fail by the ledger alone; pass only if a verification saw the same."""
    totals = known.totals
    if not known.planned:
        return _unasked("the plan is not whole: nobody knows what there is", "vgwm plan")
    if not known.ledger.sound:
        return _failed(known, "the ledger contradicts itself: see its chain and counts", _COPY)
    short = {
        "remain": totals.remaining,
        "failed": totals.failed,
        "given up by operators": totals.waived,
        "left behind by the plan": _n(known.left, report_left.BEHIND, whole=True),
    }
    never = _n(known.left, report_left.NEVER, whole=True)
    of = f"{count(totals.migrated)} of {count(totals.wanted - never)} are on the target"
    if never:
        of += f"; {count(never)} more lie at the source, never an object"
    missing = ", ".join(f"{count(n)} {name}" for name, n in short.items() if n)
    if missing:
        return _failed(known, f"{of}; {missing}", _COPY)
    return _with(known.proven.judge(_ABSENT), of)


def _checksums(known: Known) -> Judged:
    return known.proven.judge(_OTHER, read=True)


def _metadata(known: Known) -> Judged:
    judged = known.proven.judge(frozenset({Ill.WRONG_METADATA}))
    hidden = [one for one in known.left if one.fate == report_left.NOT_SHOWN]
    if judged.state == PASS and known.listed and not hidden:
        return _asked(judged, known.asked_ns)
    if not hidden or judged.state == FAIL:
        return judged
    told = ", ".join(f"{count(one.n)} {one.why}" for one in hidden)
    remedy = "See them by name: vgwm report --output DIR, not-carried.ndjson."
    return _failed(known, f"clients do not see {told}; the manifests keep them", remedy)


def _asked(judged: Judged, asked_ns: int | None) -> Judged:
    """Say what a verification proves where the source's listing shows it no attributes (I7)."""
    if asked_ns is None or judged.measured_ns is None:
        unseen = "the source's listings show no tags, metadata or locks that changed since the copy"
        remedy = "Ask for those of every object: vgwm sync --full; then vgwm verify."
        return replace(
            judged, state=UNKNOWN, evidence=f"{judged.evidence}; {unseen}", remedy=remedy
        )
    seen = "the source's own as of the newest sync --full"
    return replace(
        judged,
        evidence=f"{judged.evidence}; {seen}",
        measured_ns=min(judged.measured_ns, asked_ns),
    )


def _corruption(known: Known) -> Judged:
    ledger = known.ledger
    if not ledger.sound:
        remedy = "Stop the engine and start it again: it looks at everything, and names the backup."
        return _failed(known, f"the ledger: {_unsound(ledger)}", remedy)
    judged = known.proven.judge(_CORRUPT, read=True)
    bad = known.counts.source_sums.get(_BAD_CHECKSUM, 0)
    if bad and judged.state != FAIL:
        what = f"{count(bad)} objects contradict their checksum at the source, and came as they are"
        return _failed(known, what, "vgwm errors, or engine.log, names them: restore them there.")
    return judged


def _listing(known: Known) -> Judged:
    judged = known.proven.judge(_LISTED)
    if judged.state != PASS:
        return judged
    evidence = f"{judged.evidence}: the table has the source's keys; no gateway listed them"
    return Judged(state=UNKNOWN, evidence=evidence, measured_ns=judged.measured_ns, remedy=_CASES)


def _resources(known: Known) -> Judged:
    """Judge by the assessment's rows of room, if they were asked since the target changed."""
    rows = [one for one in known.assessed.checks if one.id in _ROOM]
    asked = [one.measured_ns for one in rows if one.measured_ns is not None]
    remedy = " ".join(["vgwm assess", *(f"--only {one.id}" for one in rows)])
    if len(asked) < len(rows) or not rows:
        return _unasked("the assessment's rows of room were not asked", remedy)
    told = ", ".join(f"{one.id} {one.state}" for one in rows)
    oldest, changed = min(asked), known.proven.changed_ns
    if any(one.state == FAIL for one in rows):
        state = FAIL
    elif (changed is None or oldest > changed) and all(map(_stands, rows)):
        state = PASS
    else:
        state = UNKNOWN
        told += "" if changed is None or oldest > changed else "; before the target last changed"
    return Judged(
        state=state, evidence=told, measured_ns=oldest, remedy="" if state == PASS else remedy
    )


def _stands(row: wire_checks.Check) -> bool:
    return row.state == PASS or row.ack is not None


def _with(judged: Judged, before: str) -> Judged:
    return Judged(
        state=judged.state,
        evidence=f"{before}; {judged.evidence}",
        measured_ns=judged.measured_ns,
        remedy=judged.remedy,
    )


def _unsound(ledger: ReportLedger) -> str:
    broken = [] if ledger.broken_at is None else [f"events break at number {ledger.broken_at}"]
    return "; ".join([*broken, *([ledger.difference] if ledger.differences else [])])


def _n(left: Iterable[ReportLeft], fate: str, *, whole: bool) -> int:
    return sum(one.n for one in left if one.fate == fate and one.whole is whole)
