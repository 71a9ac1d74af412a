"""The tables of the failures, and how a ledger of schema 1 comes to have them.

`causes` and `failed_bundles` are kept by triggers, in the commit that changes a failure: whoever
writes one, its counts are right (I4). So a screen's head costs a few rows, and never a scan. `ever`
only grows: it counts each time that an object failed so, whatever became of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

FAILURES: Final = (
    "CREATE TABLE failures(bid INTEGER NOT NULL, key BLOB NOT NULL, ver BLOB NOT NULL,"
    " phase TEXT NOT NULL, code TEXT NOT NULL, msg TEXT NOT NULL, tries INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL, disp TEXT NOT NULL, bun INTEGER,"
    " who TEXT, why TEXT, PRIMARY KEY(bid,key,ver)) WITHOUT ROWID"
)


def _in(ever: str) -> str:
    """Return what a row adds to the sums. ever: how often it failed by that."""
    kept = (
        " ON CONFLICT(scope,disp,phase,code) DO UPDATE SET n=n+1,ever=ever+excluded.ever,"
        "first=min(first,excluded.first),last=max(last,excluded.last);"
    )
    row = f"NEW.disp,NEW.phase,NEW.code,1,{ever},NEW.first,NEW.last"
    into = "INSERT INTO causes(scope,disp,phase,code,n,ever,first,last)"
    return (
        f"{into} VALUES(0,{row}){kept} {into} SELECT NEW.bid,{row} WHERE NEW.bid<>0{kept}"
        " INSERT INTO failed_bundles(bun,n,last)"
        " SELECT NEW.bun,1,NEW.last WHERE NEW.bun IS NOT NULL AND NEW.disp='failed'"
        " ON CONFLICT(bun) DO UPDATE SET n=n+1,last=max(last,excluded.last);"
    )


_OUT: Final = (
    "UPDATE causes SET n=n-1"
    " WHERE scope IN (0,OLD.bid) AND disp=OLD.disp AND phase=OLD.phase AND code=OLD.code;"
    " UPDATE failed_bundles SET n=n-1 WHERE bun=OLD.bun AND OLD.disp='failed';"
    " DELETE FROM failed_bundles WHERE bun=OLD.bun AND n=0;"
)

AROUND: Final = (
    "CREATE INDEX failures_class ON failures(disp,code,phase)",
    "CREATE INDEX failures_bundle ON failures(bun) WHERE bun IS NOT NULL",
    (
        "CREATE TABLE causes(scope INTEGER NOT NULL, disp TEXT NOT NULL, phase TEXT NOT NULL,"
        " code TEXT NOT NULL, n INTEGER NOT NULL, ever INTEGER NOT NULL, first INTEGER NOT NULL,"
        " last INTEGER NOT NULL, PRIMARY KEY(scope,disp,phase,code)) WITHOUT ROWID"
    ),
    "CREATE TABLE failed_bundles(bun INTEGER PRIMARY KEY, n INTEGER NOT NULL, last INTEGER)",
    f"CREATE TRIGGER failures_in AFTER INSERT ON failures BEGIN {_in('1')} END",
    f"CREATE TRIGGER failures_out AFTER DELETE ON failures BEGIN {_OUT} END",
    (
        "CREATE TRIGGER failures_changed AFTER UPDATE OF phase,code,last,disp,bun ON failures"
        f" BEGIN {_OUT} {_in('NEW.tries<>OLD.tries')} END"
    ),
)

TABLES: Final = (FAILURES, *AROUND)


def from_schema_1(conn: sqlite3.Connection) -> None:
    """Give a ledger of schema 1 these tables, with what its own held; in the caller's transaction.

    Schema 1 told an operator's skip from the walk's by the phase alone, and nobody by name.
    """
    conn.execute("ALTER TABLE failures RENAME TO failures_1")
    for statement in TABLES:
        conn.execute(statement)
    conn.execute(
        "INSERT INTO failures(bid,key,ver,phase,code,msg,tries,first,last,disp,bun,who,why)"
        " SELECT f.bid,f.key,f.ver,f.phase,f.code,f.msg,f.tries,f.first,f.last,"
        " CASE WHEN f.disp='skip' AND f.phase<>'plan' THEN 'waived' ELSE f.disp END,o.bun,"
        " CASE WHEN f.disp='skip' AND f.phase<>'plan' THEN 'unknown' END,"
        " CASE WHEN f.disp='skip' AND f.phase<>'plan' THEN '' END"
        " FROM failures_1 f LEFT JOIN objects o USING(bid,key,ver) ORDER BY f.bid,f.key,f.ver"
    )
    conn.execute("DROP TABLE failures_1")
