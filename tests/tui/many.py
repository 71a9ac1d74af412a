"""A ledger with a million failures, written as its own triggers would count them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.tui.stage import NOON_NS

if TYPE_CHECKING:
    from pathlib import Path

_MANY = """
INSERT INTO failures(bid,key,ver,phase,code,msg,tries,first,last,disp,bun)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1<?)
SELECT 1,CAST(printf('many/%07d',i) AS BLOB),x'','copy',
 CASE WHEN i%3 THEN 'denied' ELSE 'io_error' END,'it did not come over',1,?,?,
 'failed',1+i/1000 FROM n
"""
_COUNTED = (
    "INSERT INTO causes(scope,disp,phase,code,n,first,last) SELECT {scope},disp,phase,code,"
    "count(*),min(first),max(last) FROM failures GROUP BY 1,2,3,4"
)


def fill(ledger: Path, total: int) -> None:
    """Add `total` failures `many/0000000` and so on to the first bucket of a ledger at rest.

    Its triggers and indexes are made anew behind the rows: a third of the time.
    """
    with closing(sqlite3.connect(ledger, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        conn.execute("BEGIN")
        around = conn.execute(
            "SELECT type,name,sql FROM sqlite_master WHERE tbl_name='failures'"
            " AND type IN ('index','trigger') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _ in around:
            conn.execute(f"DROP {kind} {name}")
        conn.execute(_MANY, (total, NOON_NS, NOON_NS))
        for table in ("causes", "failed_bundles"):
            conn.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        for scope in ("0", "bid"):
            conn.execute(_COUNTED.format(scope=scope))
        conn.execute(
            "INSERT INTO failed_bundles(bun,n,last) SELECT bun,count(*),max(last) FROM failures"
            " WHERE bun IS NOT NULL GROUP BY bun"
        )
        for _, _, sql in around:
            conn.execute(sql)
        conn.execute("COMMIT")
