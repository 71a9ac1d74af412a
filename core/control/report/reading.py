"""What a report reads of the ledger, all of it in one transaction: its figures belong together."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from core.control.wire import plan as wire_plan
from core.display import safe
from core.errors import Broken, ForeignPlan, NoPlan
from core.ledger import (
    answers,
    counters,
    events,
    failure_recount,
    failures,
    jobs,
    planning,
    proofs,
    recount,
    reporting,
    rounds,
    schema,
    settings,
)
from core.ledger.connection import FAULTS, LEDGER_NAME, error_of, open_reader
from core.model import JobKind

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from core.control.report.left import Tally
    from core.ledger.counters import Counters
    from core.ledger.proofs import ProofRow
    from core.ledger.recount import Difference
    from core.ledger.reporting import Sums
    from core.ledger.rounds import RoundRow
    from core.ledger.rows import AnswerRow, JobRow, LedgerIdentity, SaidRow

JOBS: Final = 500
"""Of the timeline: the newest."""
PROOFS: Final = 200
ROUNDS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All of it. plan: None where none is stored. proofs: with their jobs; both newest first.

    differences: counters that do not equal the rows. broken_at: where the chain of events breaks.
    """

    identity: LedgerIdentity
    epoch: int
    plan: wire_plan.Plan | None
    buckets: int
    counted: Counters
    sums: Sums
    tallies: Mapping[Tally, int]
    differences: Sequence[Difference]
    broken_at: int | None
    jobs: Sequence[JobRow]
    proofs: Sequence[tuple[ProofRow, JobRow | None]]
    rounds: Sequence[RoundRow]
    last_full: RoundRow | None
    answers: Sequence[AnswerRow]
    said: Sequence[SaidRow]
    assessed: JobRow | None


@contextmanager
def one_commit(folder: Path, workspace_id: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection in a read transaction; it never writes, and no writer waits.

    Raises NoPlan without a ledger, ForeignPlan for another workspace's, SchemaMismatch, Broken.
    """
    path = folder / LEDGER_NAME
    where = safe(str(path))
    if not path.is_file():
        raise NoPlan(what="the workspace has no plan", where=safe(str(folder)), remedy="vgwm plan")
    try:
        with closing(open_reader(path)) as conn:
            schema.check(conn, LEDGER_NAME)
            conn.execute("BEGIN")
            kept = settings.identity(conn).workspace
            if kept != workspace_id:
                raise ForeignPlan(
                    what=f"the ledger is of workspace {safe(kept)}",
                    where=where,
                    remedy="Put its own vgwm.yaml back.",
                )
            yield conn
    except FAULTS as error:
        raise error_of(error, path) from error


def held(conn: sqlite3.Connection) -> Held:
    """Read all of it in the caller's transaction: some 2 s a million objects, in flat memory."""
    return Held(
        identity=settings.identity(conn),
        epoch=int(settings.get_meta(conn, settings.EPOCH) or 0),
        plan=_plan(conn),
        buckets=sum(row.state.there for row in planning.buckets(conn)),
        counted=counters.read(conn, counters.ALL),
        sums=reporting.sums(conn),
        tallies=failures.tallies(conn),
        differences=[
            *recount.states(conn),
            *recount.sizes(conn),
            *failure_recount.differences(conn),
        ],
        broken_at=events.verify(conn),
        jobs=jobs.newest(conn, JOBS),
        proofs=[(row, jobs.get(conn, row.job)) for row in proofs.newest(conn, PROOFS)],
        rounds=rounds.newest(conn, ROUNDS),
        last_full=rounds.last_full(conn),
        answers=answers.answers(conn),
        said=answers.said(conn),
        assessed=jobs.newest_of(conn, JobKind.ASSESS),
    )


def _plan(conn: sqlite3.Connection) -> wire_plan.Plan | None:
    raw = settings.get_meta(conn, settings.PLAN)
    if not isinstance(raw, bytes):
        return None
    try:
        return msgspec.json.decode(raw, type=wire_plan.Plan)
    except msgspec.DecodeError as error:
        raise Broken(
            what=f"the stored plan does not read: {safe(str(error))}",
            where=LEDGER_NAME,
            remedy="Make the plan again with this release: vgwm plan",
        ) from error
