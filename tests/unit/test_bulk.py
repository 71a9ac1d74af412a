"""Many rows by few statements are the same rows, in order, or none."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from core.bulk import ROWS, ManyRows

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "CREATE TABLE t(a INTEGER, k BLOB PRIMARY KEY, v BLOB)"


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute(TABLE)
    yield conn
    conn.close()


@pytest.mark.parametrize("count", [0, 1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS + 7])
def test_every_row_is_written_once_whatever_their_number(
    conn: sqlite3.Connection, count: int
) -> None:
    rows = [(b"%04d" % i, None if i % 3 else b"v") for i in range(count)]
    assert ManyRows("INSERT INTO t(a,k,v)", "(?1,?,?)").run(conn, rows, (7,)) == count
    assert conn.execute("SELECT * FROM t").fetchall() == [(7, *row) for row in rows]


def test_the_count_is_of_the_rows_that_a_condition_let_change(conn: sqlite3.Connection) -> None:
    rows = [(i % 2, b"%04d" % i, b"old") for i in range(2 * ROWS + 10)]
    ManyRows("INSERT INTO t(a,k,v)", "(?,?,?)").run(conn, rows)
    change = ManyRows(
        "INSERT INTO t(a,k,v)",
        "(?,?,?)",
        " ON CONFLICT(k) DO UPDATE SET v=excluded.v WHERE a=1",
    )
    assert change.run(conn, [(9, k, b"new") for _, k, _ in rows]) == len(rows) // 2
    assert conn.execute("SELECT DISTINCT a,v FROM t ORDER BY a").fetchall() == [
        (0, b"old"),
        (1, b"new"),
    ]


def test_a_key_that_is_there_refuses_the_statement(conn: sqlite3.Connection) -> None:
    insert = ManyRows("INSERT INTO t(a,k,v)", "(?,?,?)")
    insert.run(conn, [(1, b"0007", b"")])
    with pytest.raises(sqlite3.IntegrityError):
        insert.run(conn, [(2, b"%04d" % i, b"") for i in range(ROWS)])
    assert conn.execute("SELECT count(*) FROM t").fetchone() == (1,)
