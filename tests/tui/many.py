"""A ledger with a million failures, counted as its own triggers would have counted them."""

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
SELECT 1,CAST('many/'||substr(10000000+i,2) AS BLOB),x'','copy',
 CASE WHEN i%3 THEN 'denied' ELSE 'io_error' END,'why',1,?,?,'failed',101+i/1000 FROM n
"""
_CAUSE = (
    "INSERT INTO causes(scope,disp,phase,code,n,ever,first,last)"
    " VALUES(?,'failed','copy',?,?,?,?,?)"
)
_BUNDLES = """
INSERT INTO failed_bundles(bun,n,last)
WITH RECURSIVE b(i) AS (SELECT 101 UNION ALL SELECT i+1 FROM b WHERE i<100+?/1000)
SELECT i,1000,? FROM b
"""


def fill(ledger: Path, total: int) -> None:
    """Add `total` failures `many/0000000` and so on, thousands, to a ledger's first bucket.

    Its triggers and indexes are made anew behind the rows: a quarter of the time.
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
        io_errors = (total + 2) // 3
        for scope in (0, 1):
            for code, n in (("io_error", io_errors), ("denied", total - io_errors)):
                conn.execute(_CAUSE, (scope, code, n, n, NOON_NS, NOON_NS))
        conn.execute(_BUNDLES, (total, NOON_NS))
        for _, _, sql in around:
            conn.execute(sql)
        conn.execute("COMMIT")
