"""Jobs and their states."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.config.redact import redact, redact_json
from core.dag.canonical import dumps
from core.errors import WrongState
from core.ledger import events
from core.ledger.rows import EventDraft, JobRow
from core.model import ENDED, JobKind, JobState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

_SELECT: Final = "SELECT id,kind,st,args,actor,made,began,ended,result,cursor FROM jobs"
_SHOWN: Final = (
    " WHERE id IN (SELECT id FROM jobs ORDER BY id DESC LIMIT ?)"
    " OR id IN (SELECT max(id) FROM jobs GROUP BY kind) ORDER BY id DESC"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be stored."""

    kind: JobKind
    args: Mapping[str, str]
    actor: str
    request_id: str
    plan: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """Why a job is in its state, and what it brought."""

    reason: str
    result: str


def add(
    conn: sqlite3.Connection,
    new: NewJob,
    now_ns: int,
) -> int:
    """Store a queued job and return its id; the same request_id again returns the same job."""
    if new.request_id:
        row: tuple[int] | None = conn.execute(
            "SELECT id FROM jobs WHERE json_extract(args,'$.request_id')=?", (new.request_id,)
        ).fetchone()
        if row is not None:
            return row[0]
    stored = dumps({"args": dict(new.args), "request_id": new.request_id})
    made = conn.execute(
        "INSERT INTO jobs(kind,st,args,plan,actor,made) VALUES(?,?,?,?,?,?) RETURNING id",
        (new.kind, JobState.QUEUED, stored, new.plan, new.actor, now_ns),
    ).fetchone()
    job: int = made[0]
    return job


def change(
    conn: sqlite3.Connection, job: int, state: JobState, outcome: JobOutcome, now_ns: int
) -> None:
    """Set a job's state; WrongState once it has ended."""
    row: tuple[str, str | None] | None = conn.execute(
        "SELECT st,result FROM jobs WHERE id=?", (job,)
    ).fetchone()
    if row is None:
        raise WrongState(what=f"there is no job {job}", where="ledger", remedy="See `vgwm jobs`.")
    if JobState(row[0]) in ENDED:
        raise WrongState(
            what=f"job {job} is {row[0]}",
            where="ledger",
            remedy="A job that has ended stays so; begin a new one.",
        )
    conn.execute(
        "UPDATE jobs SET st=?,began=coalesce(began,?),ended=?,result=? WHERE id=?",
        (
            state,
            now_ns if state is JobState.RUNNING else None,
            now_ns if state in ENDED else None,
            dumps({"reason": redact(outcome.reason), "result": redact_json(outcome.result)}),
            job,
        ),
    )


def progress(conn: sqlite3.Connection, job: int, progress: str) -> None:
    """Store how far a job is, in the caller's transaction."""
    conn.execute("UPDATE jobs SET cursor=? WHERE id=?", (progress.encode(), job))


def plan_of(conn: sqlite3.Connection, job: int) -> bytes | None:
    """Return what a job was confirmed to do."""
    row: tuple[bytes | None] | None = conn.execute(
        "SELECT plan FROM jobs WHERE id=?", (job,)
    ).fetchone()
    return None if row is None else row[0]


def interrupt(conn: sqlite3.Connection, now_ns: int) -> list[int]:
    """Bring jobs that a dead engine had at work to where they belong; return the interrupted ones.

    Who was told to end has ended, who was told to pause is paused: an order outlives its engine.
    """
    cancelled = conn.execute(
        "UPDATE jobs SET st=?,ended=? WHERE st=? RETURNING id,kind",
        (JobState.CANCELLED, now_ns, JobState.CANCELLING),
    ).fetchall()
    paused = conn.execute(
        "UPDATE jobs SET st=? WHERE st=? RETURNING id,kind", (JobState.PAUSED, JobState.PAUSING)
    ).fetchall()
    rows = conn.execute(
        "UPDATE jobs SET st=? WHERE st=? RETURNING id", (JobState.INTERRUPTED, JobState.RUNNING)
    ).fetchall()
    told = [(job, f"{kind} was being cancelled: cancelled") for job, kind in cancelled]
    told += [(job, f"{kind} was being paused: paused") for job, kind in paused]
    for job, text in sorted(told):
        draft = EventDraft(kind="job", text=f"{text} (its engine ended first)", job=job)
        events.append(conn, draft, now_ns)
    return sorted(job for (job,) in rows)


def get(conn: sqlite3.Connection, job: int) -> JobRow | None:
    """Return one job."""
    row = conn.execute(f"{_SELECT} WHERE id=?", (job,)).fetchone()
    return None if row is None else _row(row)


def newest_of(conn: sqlite3.Connection, kind: JobKind) -> JobRow | None:
    """Return the newest job of a kind."""
    row = conn.execute(f"{_SELECT} WHERE kind=? ORDER BY id DESC LIMIT 1", (kind,)).fetchone()
    return None if row is None else _row(row)


def shown(conn: sqlite3.Connection, limit: int) -> list[JobRow]:
    """Return the newest jobs, and the newest of each kind, the newest first.

    A copy of long ago says still how the copy stands.
    """
    return [_row(row) for row in conn.execute(f"{_SELECT}{_SHOWN}", (limit,))]


def newest(conn: sqlite3.Connection, limit: int) -> list[JobRow]:
    """Return jobs, the newest first."""
    return [_row(row) for row in conn.execute(f"{_SELECT} ORDER BY id DESC LIMIT ?", (limit,))]


def _row(
    row: tuple[int, str, str, str, str, int, int | None, int | None, str | None, bytes | None],
) -> JobRow:
    job, kind, state, args, actor, made, began, ended, result, cursor = row
    given = json.loads(args)
    outcome = json.loads(result) if result else {"reason": "", "result": ""}
    return JobRow(
        id=job,
        kind=JobKind(kind),
        state=JobState(state),
        args=given["args"],
        actor=actor,
        request_id=given["request_id"],
        made_ns=made,
        began_ns=began,
        ended_ns=ended,
        reason=outcome["reason"],
        result=outcome["result"],
        progress="" if cursor is None else cursor.decode(),
    )
