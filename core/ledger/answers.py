"""The assessment's newest answers, and what operators said of them.

`answers` holds the newest answer of each row; `said` who took which warning on, and what somebody
says of a manual item. Both outlive every run. Times are UTC nanoseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.ledger.rows import AnswerRow, SaidRow, Saying
from core.verdict import Answer, Component, Verdict

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

US_PER_S: Final = 1_000_000

TABLES: Final = (
    (
        "CREATE TABLE answers(id TEXT PRIMARY KEY, chk TEXT NOT NULL, ep TEXT NOT NULL,"
        " comp TEXT NOT NULL, st TEXT NOT NULL, ev TEXT NOT NULL, fix TEXT NOT NULL,"
        " at INTEGER NOT NULL, took INTEGER NOT NULL, job INTEGER NOT NULL,"
        " place INTEGER NOT NULL) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE said(id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,"
        " who TEXT NOT NULL, ts INTEGER NOT NULL, why TEXT NOT NULL) WITHOUT ROWID"
    ),
)


def put(conn: sqlite3.Connection, rows: Sequence[AnswerRow]) -> None:
    """Store answers in place of the older ones of the same check and endpoint."""
    conn.executemany(
        "INSERT INTO answers(id,chk,ep,comp,st,ev,fix,at,took,job,place)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET comp=excluded.comp,"
        "st=excluded.st,ev=excluded.ev,fix=excluded.fix,at=excluded.at,took=excluded.took,"
        "job=excluded.job,place=excluded.place",
        list(map(_bound, rows)),
    )


def drop_older(conn: sqlite3.Connection, job: int, only: Sequence[str] = ()) -> None:
    """Forget answers that a whole run did not give again: their rows are no more.

    only: the checks that the run was restricted to; empty: all.
    """
    if not only:
        conn.execute("DELETE FROM answers WHERE job<?", (job,))
    for check in only:
        conn.execute("DELETE FROM answers WHERE job<? AND chk=?", (job, check))


def answers(conn: sqlite3.Connection) -> list[AnswerRow]:
    """Return the newest answer of every row, in the order of the table of checks."""
    return [
        AnswerRow(
            job=job,
            place=place,
            answer=Answer(
                check=check,
                component=Component(component),
                verdict=Verdict(verdict),
                evidence=evidence,
                at_ns=at_ns,
                took_s=took_us / US_PER_S,
                endpoint=endpoint,
                remedy=remedy,
            ),
        )
        for check, endpoint, component, verdict, evidence, remedy, at_ns, took_us, job, place in (
            conn.execute(
                "SELECT chk,ep,comp,st,ev,fix,at,took,job,place FROM answers ORDER BY place,id"
            )
        )
    ]


def say(conn: sqlite3.Connection, row: SaidRow) -> None:
    """Store what somebody said, in place of what was said before."""
    conn.execute(
        "INSERT INTO said(id,kind,name,who,ts,why) VALUES(?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE"
        " SET who=excluded.who,ts=excluded.ts,why=excluded.why",
        (
            f"{row.kind} {row.name}",
            row.kind,
            row.name,
            redact(row.who),
            row.at_ns,
            redact(row.text),
        ),
    )


def said(conn: sqlite3.Connection) -> list[SaidRow]:
    """Return what is said now, by kind and name."""
    return [
        SaidRow(kind=Saying(kind), name=name, who=who, at_ns=ts, text=why)
        for kind, name, who, ts, why in conn.execute(
            "SELECT kind,name,who,ts,why FROM said ORDER BY id"
        )
    ]


def _bound(row: AnswerRow) -> tuple[str | int, ...]:
    one = row.answer
    endpoint = redact(one.endpoint)
    return (
        *(f"{one.check} {endpoint}", one.check, endpoint, one.component, one.verdict),
        *(redact(one.evidence), redact(one.remedy), one.at_ns, round(one.took_s * US_PER_S)),
        *(row.job, row.place),
    )
