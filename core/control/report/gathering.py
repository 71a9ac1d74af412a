"""The report of a migration: what it came to, read of a ledger at rest or beside an engine.

Nothing but the list of names is written here, and no engine is needed. May import the ledger's
rows, the assessment's rows and the parts of a report.
"""

from __future__ import annotations

import time
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

import msgspec

from core.config.redact import redact
from core.config.schema import S3Source
from core.config.units import parse_share
from core.control import snapshot
from core.control.assess.checks import Assessed, checks
from core.control.describe import with_plan, workspace_of
from core.control.ledger_desk import at_rest
from core.control.proof.desk import told as proof_told
from core.control.report import left as report_left
from core.control.report.items import Known, items
from core.control.report.lists import lists_of
from core.control.report.names import NAME, ClassOf, write_names
from core.control.report.proved import Proven
from core.control.report.reading import held, one_commit
from core.control.sync.desk import round_told
from core.control.wire.report import (
    Report,
    ReportAssessed,
    ReportCounts,
    ReportJobs,
    ReportLedger,
    ReportPlan,
    ReportSync,
)
from core.engine.syncing.lag import lag_s
from core.ledger import recount
from core.ledger.rows import Disposition
from core.ledger.schema import SCHEMA_VERSION
from core.model import JobKind, JobState
from core.preflight.rows import rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from core.config.schema import Workspace
    from core.control.report.asked import Asked
    from core.control.report.left import Tally
    from core.control.report.names import Names
    from core.control.report.reading import Held
    from core.control.wire import checks as wire_checks
    from core.control.wire import state as wire
    from core.control.wire import verify as wire_verify
    from core.control.wire.report import ReportItem, ReportLeft
    from core.ledger.rows import JobRow


def make(
    folder: Path, workspace: Workspace, asked: Asked, *, live: bool, output: Path | None
) -> Report:
    """Return the report. live: whether an engine runs; without one no job is at work (I7).

    output: a folder that is there: the list of names is written into it. Raises NoPlan without a
    ledger, ForeignPlan, SchemaMismatch, Broken; as `report_names.write_names`.
    """
    archive = workspace.versions == "archive"
    with one_commit(folder, workspace.id) as conn:
        seen = held(conn)
        names = None if output is None else write_names(conn, output / NAME, archive=archive)
    return cast("Report", _clean(_assembled(folder, workspace, seen, asked, names, live=live)))


def _assembled(  # noqa: PLR0913 - all that a report is made of
    folder: Path,
    workspace: Workspace,
    seen: Held,
    asked: Asked,
    names: Names | None,
    *,
    live: bool,
) -> Report:
    at_ns = time.time_ns()
    waived = _by_code(seen.tallies, Disposition.WAIVED)
    totals = snapshot.totals(
        seen.counted, pins_waiting=seen.sums.pins_waiting, waived=sum(waived.values())
    )
    counts, ledger = _counts(seen), _ledger(seen)
    left = _left(workspace, seen, names)
    proven = Proven(
        proofs=[proof_told(row, job) for row, job in seen.proofs],
        changed_ns=seen.sums.changed_ns,
        changing=seen.sums.changing,
        max_bound=parse_share(workspace.cutover.max_bound),
    )
    assessed = checks(
        Assessed(
            rows=rows(workspace), answers=seen.answers, said=seen.said, run=seen.assessed, live=live
        ),
        at_ns=at_ns,
    )
    found = items(
        Known(
            totals=totals,
            counts=counts,
            planned=seen.plan is not None and seen.plan.complete,
            ledger=ledger,
            left=left,
            proven=proven,
            assessed=assessed,
            gateways=asked.gateways,
            at_ns=at_ns,
            listed=isinstance(workspace.source, S3Source),
            asked_ns=_asked_ns(seen.jobs),
        )
    )
    return Report(
        at_ns=at_ns,
        version=version("vgwm"),
        workspace=with_plan(workspace_of(folder, workspace), seen.plan, seen.buckets),
        engine="ok" if live else "down",
        ledger=ledger,
        plan=_plan(seen),
        totals=totals,
        counts=counts,
        items=tuple(found),
        states=_states(found),
        changed_ns=seen.sums.changed_ns,
        verified=proven.whole(),
        newest=_newest(proven),
        lists=tuple(lists_of(folder, one) for one in _shown(proven)),
        left=tuple(left),
        left_file=None if names is None else names.file,
        assessed=_assessed(assessed),
        sync=_sync(seen, at_ns),
        timeline=_timeline(seen, totals, live=live),
        versions=asked.versions,
    )


def _asked_ns(jobs: Sequence[JobRow]) -> int | None:
    """Return when the newest sync that ended began to ask for every object's attributes."""
    asked = (
        job.began_ns
        for job in jobs
        if job.kind is JobKind.SYNC
        and job.state is JobState.DONE
        and job.args.get("since_ns") == "0"
        and "dry_run" not in job.args
    )
    return next((began for began in asked if began is not None), None)


def _counts(seen: Held) -> ReportCounts:
    prefix = report_left.SOURCE_SUMS
    return ReportCounts(
        dirty=seen.sums.dirty,
        due=seen.sums.due,
        failed_by=_by_code(seen.tallies, Disposition.FAILED),
        skipped_by=_by_code(seen.tallies, Disposition.SKIP),
        source_sums={
            name.removeprefix(prefix): n
            for name, n in seen.counted.classes
            if name.startswith(prefix)
        },
    )


def _by_code(tallies: Mapping[Tally, int], disposition: Disposition) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (disp, _, code), n in tallies.items():
        if disp == disposition:
            found[code] += n
    return dict(found.most_common())


def _ledger(seen: Held) -> ReportLedger:
    return ReportLedger(
        schema=SCHEMA_VERSION,
        epoch=seen.epoch,
        profile_digest=seen.identity.profile,
        events=seen.sums.events,
        head=seen.sums.head.hex(),
        broken_at=seen.broken_at,
        differences=len(seen.differences),
        difference=recount.told(seen.differences) if seen.differences else "",
    )


def _left(workspace: Workspace, seen: Held, names: Names | None) -> list[ReportLeft]:
    found = report_left.left(
        seen.tallies, seen.counted.classes, archive=workspace.versions == "archive"
    )
    if names is None:
        return found
    return [
        msgspec.structs.replace(
            one, first=tuple(names.first.get(ClassOf(one.why, one.whole, one.fate), ()))
        )
        for one in found
    ]


def _plan(seen: Held) -> ReportPlan | None:
    if seen.plan is None:
        return None
    return ReportPlan(
        hash=seen.plan.hash,
        strategy=seen.plan.strategy,
        made_ns=seen.plan.made_ns,
        complete=seen.plan.complete,
        objects=seen.plan.objects,
        size_bytes=seen.plan.size_bytes,
    )


def _states(found: Sequence[ReportItem]) -> dict[str, int]:
    counted = Counter(one.state for one in found)
    return {state: counted[state] for state in ("pass", "fail", "unknown", "not offered")}


def _shown(proven: Proven) -> list[wire_verify.Proof]:
    whole = proven.whole()
    return [*([] if whole is None else [whole]), *_newest(proven)]


def _newest(proven: Proven) -> tuple[wire_verify.Proof, ...]:
    """Return the newest proof of each kind that is not the one of all keys."""
    newest: dict[str, wire_verify.Proof] = {}
    for proof in proven.proofs:
        newest.setdefault(proof.kind, proof)
    whole = proven.whole()
    return tuple(one for one in newest.values() if whole is None or one.job != whole.job)


def _assessed(assessed: wire_checks.Checks) -> ReportAssessed:
    asked = [one.measured_ns for one in assessed.checks if one.measured_ns is not None]
    return ReportAssessed(
        counts=assessed.counts,
        open_warnings=assessed.open_warnings,
        blocking=tuple(assessed.blocking),
        measured_ns=min(asked, default=None),
    )


def _sync(seen: Held, at_ns: int) -> ReportSync:
    return ReportSync(
        rounds=seen.sums.rounds,
        lag_s=lag_s(seen.last_full, at_ns),
        last=tuple(map(round_told, seen.rounds)),
    )


def _timeline(seen: Held, totals: wire.Totals, *, live: bool) -> ReportJobs:
    told = [snapshot.job(row, totals, planned=seen.plan is not None) for row in seen.jobs]
    return ReportJobs(
        total=seen.sums.jobs,
        jobs=tuple(one if live else at_rest(one) for one in reversed(told)),
    )


def _clean(value: object) -> object:
    """Return it with every secret taken out of every text (I9)."""
    if isinstance(value, msgspec.Struct):
        return type(value)(
            **{name: _clean(getattr(value, name)) for name in value.__struct_fields__}
        )
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_clean, value))
    return redact(value) if isinstance(value, str) else value
