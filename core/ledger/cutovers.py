"""The rows of `cutover`: each step of a switch of traffic, written before and after it (I5).

A run is one cutover of one slice: `WORKSPACE-JOB`, the name that balancers' maps bear. Rows are
only ever added. A slice stands in the state of its newest row. What a row means is
`core.cutover.machine`'s; here they are texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from core.config.redact import redact_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from core.ledger.mending import Write
    from core.ledger.reader import Reader
    from core.ledger.rows import EventDraft

FLIP: Final = "t-flip"
"""The step whose `done` row is T_flip: it is stored before `green` is sent anywhere.

Who brings writes back to blue adds a row `undone` of it, once every balancer says so.
"""

_ROW: Final = "SELECT seq,run,slice,state,step,phase,ts,actor,plan,data FROM cutover"
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoverDraft:
    """A row to be. run: its name; slice: `all`, or a name of vgwm.yaml.

    state, step, phase: of `core.cutover`'s enums, as text. plan: the canonical JSON that the run
    executes, in its first row. data: what the step came to, canonical JSON or a text; secrets in it
    are taken out.
    """

    run: str
    slice: str
    state: str
    step: str
    phase: str
    actor: str
    plan: bytes | None = None
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoverRow:
    """A row as it stands. at_ns: UTC."""

    seq: int
    run: str
    slice: str
    state: str
    step: str
    phase: str
    at_ns: int
    actor: str
    plan: bytes | None
    data: str


def append(conn: sqlite3.Connection, draft: CutoverDraft, now_ns: int) -> int:
    """Add a row; return its number."""
    row: tuple[int] = conn.execute(
        "INSERT INTO cutover(run,slice,state,step,phase,ts,actor,plan,data)"
        " VALUES(?,?,?,?,?,?,?,?,?) RETURNING seq",
        (
            *(draft.run, draft.slice, draft.state, draft.step, draft.phase),
            *(now_ns, draft.actor, draft.plan, redact_json(draft.data) if draft.data else None),
        ),
    ).fetchone()
    return row[0]


def of_run(conn: sqlite3.Connection, run: str, after: int = 0) -> list[CutoverRow]:
    """Return a run's rows behind a number, in their order."""
    rows = conn.execute(f"{_ROW} WHERE run=? AND seq>? ORDER BY seq LIMIT ?", (run, after, _MOST))
    return [_row(row) for row in rows]


def newest(conn: sqlite3.Connection) -> list[CutoverRow]:
    """Return the newest row of every slice that was ever begun, by the slice's name."""
    rows = conn.execute(
        f"{_ROW} WHERE seq IN (SELECT max(seq) FROM cutover GROUP BY slice)"  # noqa: S608 - our own words
        " ORDER BY slice"
    )
    return [_row(row) for row in rows]


def runs(conn: sqlite3.Connection, limit: int) -> list[tuple[CutoverRow, CutoverRow]]:
    """Return the first and the newest row of runs, the newest run first."""
    spans = conn.execute(
        "SELECT min(seq),max(seq) FROM cutover GROUP BY run ORDER BY 1 DESC LIMIT ?", (limit,)
    ).fetchall()
    return [(_at(conn, first), _at(conn, last)) for first, last in spans]


def runs_like(
    conn: sqlite3.Connection, first: str, last: str
) -> list[tuple[CutoverRow, CutoverRow]]:
    """Return the first and the newest row of runs in which these hold these texts as their data.

    The run that ended last comes first.
    """
    spans = conn.execute(
        "SELECT one.first,one.last FROM (SELECT min(seq) AS first,max(seq) AS last FROM cutover"
        " GROUP BY run) AS one JOIN cutover AS a ON a.seq=one.first JOIN cutover AS b"
        " ON b.seq=one.last WHERE instr(a.data,?) AND instr(b.data,?) ORDER BY one.last DESC",
        (first, last),
    ).fetchmany(_MOST)
    return [(_at(conn, begin), _at(conn, end)) for begin, end in spans]


def flips(conn: sqlite3.Connection) -> list[CutoverRow]:
    """Return the flip that stands of each slice that has one: its `at_ns` is T_flip.

    One that was taken back, by a row `undone` of the same step, does not stand.
    """
    rows = conn.execute(
        f"{_ROW} WHERE seq IN (SELECT min(seq) FROM cutover AS one WHERE step=?1"  # noqa: S608 - as above
        " AND phase='done' AND seq>(SELECT coalesce(max(seq),0) FROM cutover WHERE step=?1"
        " AND phase='undone' AND slice=one.slice) GROUP BY slice) ORDER BY slice",
        (FLIP,),
    )
    return [_row(row) for row in rows]


class CutoverLooks:
    """Reads the rows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of_run(self, run: str, after: int = 0) -> list[CutoverRow]:
        """Return a run's rows behind a number, in their order."""
        return await self._reader.read(partial(of_run, run=run, after=after))

    async def newest(self) -> list[CutoverRow]:
        """Return the newest row of every slice that was ever begun: where it stands."""
        return await self._reader.read(newest)

    async def runs(self, limit: int) -> list[tuple[CutoverRow, CutoverRow]]:
        """Return the first and the newest row of runs, the newest run first."""
        return await self._reader.read(partial(runs, limit=limit))

    async def runs_like(self, first: str, last: str) -> list[tuple[CutoverRow, CutoverRow]]:
        """Return first and newest row of runs in which these hold these texts, the newest first."""
        return await self._reader.read(partial(runs_like, first=first, last=last))

    async def flips(self) -> list[CutoverRow]:
        """Return the flip that stands of each slice that has one: its `at_ns` is T_flip."""
        return await self._reader.read(flips)


class Cutting:
    """Adds rows, each in one commit with its event (I5)."""

    def __init__(self, write: Write, clock: Callable[[], int]) -> None:
        self._write = write
        self._clock = clock

    async def append(self, draft: CutoverDraft, event: EventDraft | None = None) -> int:
        """Add a row; it is durable on return. Return its number."""
        return await self._write(partial(append, draft=draft, now_ns=self._clock()), event)


def _at(conn: sqlite3.Connection, seq: int) -> CutoverRow:
    return _row(conn.execute(f"{_ROW} WHERE seq=?", (seq,)).fetchone())


def _row(
    row: tuple[int, str, str, str, str, str, int, str, bytes | None, str | None],
) -> CutoverRow:
    seq, run, name, state, step, phase, at_ns, actor, plan, data = row
    return CutoverRow(
        seq=seq,
        run=run,
        slice=name,
        state=state,
        step=step,
        phase=phase,
        at_ns=at_ns,
        actor=actor,
        plan=plan,
        data=data or "",
    )
