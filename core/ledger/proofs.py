"""Verifications and checks as the ledger keeps them: a row a job, its figures, where it stands.

Times are UTC nanoseconds. A row is begun with its job and never removed; figures are JSON of who
made them, the cursor is theirs to read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.ledger import jobs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from core.ledger.mending import Write
    from core.ledger.rows import EventDraft

RUNNING: Final = "running"
DONE: Final = "done"
PARTIAL: Final = "partial"
"""It was cancelled or failed: what it left is true, and not all."""

_SELECT: Final = "SELECT job,kind,scope,st,began,ended,args,cursor,figures,dir FROM proofs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """A verification or a check. folder: of its lists, below the workspace; figures: JSON."""

    job: int
    kind: str
    scope: str
    state: str
    began_ns: int
    folder: str
    ended_ns: int | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    cursor: bytes = b""
    figures: str = ""


def begin(conn: sqlite3.Connection, row: ProofRow) -> None:
    """Store a proof that begins; one that is there already stays as it is."""
    conn.execute(
        "INSERT INTO proofs(job,kind,scope,st,began,ended,args,cursor,figures,dir)"
        " VALUES(?,?,?,?,?,NULL,?,?,?,?) ON CONFLICT(job) DO NOTHING",
        (
            *(row.job, row.kind, row.scope, row.state, row.began_ns),
            *(dumps(dict(row.args)), row.cursor, row.figures, row.folder),
        ),
    )


def progress(conn: sqlite3.Connection, job: int, cursor: bytes, figures: str) -> None:
    """Store how far a proof is."""
    conn.execute("UPDATE proofs SET cursor=?,figures=? WHERE job=?", (cursor, figures, job))


def end(conn: sqlite3.Connection, job: int, state: str, figures: str, now_ns: int) -> None:
    """Store what a proof came to."""
    conn.execute(
        "UPDATE proofs SET st=?,figures=?,ended=? WHERE job=?", (state, figures, now_ns, job)
    )


def get(conn: sqlite3.Connection, job: int) -> ProofRow | None:
    """Return the proof of a job."""
    row = conn.execute(f"{_SELECT} WHERE job=?", (job,)).fetchone()
    return None if row is None else _row(row)


def newest(
    conn: sqlite3.Connection, limit: int, kind: str = "", *, ended: bool = False
) -> list[ProofRow]:
    """Return proofs, the newest first. kind: "" for all. ended: those with their lists."""
    rows = conn.execute(
        f"{_SELECT} WHERE (?1='' OR kind=?1) AND (?2=0 OR ended IS NOT NULL)"
        " ORDER BY job DESC LIMIT ?3",
        (kind, int(ended), limit),
    )
    return [_row(row) for row in rows]


class Proving:
    """Stores proofs, each step in one commit with its event (I5)."""

    def __init__(self, write: Write, clock: Callable[[], int]) -> None:
        self._write = write
        self._clock = clock

    async def begin(
        self, job: int, *, kind: str, scope: str, args: Mapping[str, str], folder: str
    ) -> None:
        """Store that a job's proof begins, unless it did already."""
        row = ProofRow(
            job=job,
            kind=kind,
            scope=scope,
            state=RUNNING,
            began_ns=self._clock(),
            folder=folder,
            args=args,
        )
        await self._write(partial(begin, row=row))

    async def progress(self, job: int, cursor: bytes, figures: str, shown: str = "") -> None:
        """Store how far a proof is: what stands before the cursor is done and kept.

        shown: the same as its job shows it, JSON.
        """

        def change(conn: sqlite3.Connection) -> None:
            progress(conn, job, cursor, figures)
            if shown:
                jobs.progress(conn, job, shown)

        await self._write(change)

    async def end(
        self, job: int, *, state: str, figures: str, event: EventDraft, shown: str = ""
    ) -> None:
        """Store what a proof came to. state: DONE or PARTIAL. shown: as above."""

        def change(conn: sqlite3.Connection) -> None:
            end(conn, job, state, figures, self._clock())
            if shown:
                jobs.progress(conn, job, shown)

        await self._write(change, event)


def _row(
    row: tuple[int, str, str, str, int, int | None, str, bytes | None, str, str],
) -> ProofRow:
    job, kind, scope, state, began, ended, args, cursor, figures, folder = row
    return ProofRow(
        job=job,
        kind=kind,
        scope=scope,
        state=state,
        began_ns=began,
        folder=folder,
        ended_ns=ended,
        args=json.loads(args),
        cursor=cursor or b"",
        figures=figures,
    )
