from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.errors import SchemaMismatch
from core.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        yield made


def test_a_made_ledger_passes_its_own_check(conn: sqlite3.Connection) -> None:
    assert schema.is_empty(conn)
    schema.create(conn)
    assert not schema.is_empty(conn)
    schema.check(conn, "ledger.db")


def test_a_foreign_file_is_named_as_such(conn: sqlite3.Connection) -> None:
    conn.execute("CREATE TABLE notes(text)")
    with pytest.raises(SchemaMismatch, match="no vgwm ledger"):
        schema.check(conn, "ledger.db")


def test_another_version_says_both_versions(conn: sqlite3.Connection) -> None:
    schema.create(conn)
    conn.execute("PRAGMA user_version=9")
    with pytest.raises(SchemaMismatch, match="schema 9, this vgwm knows schema 5"):
        schema.check(conn, "ledger.db")


@pytest.mark.parametrize("statement", schema.TABLES, ids=lambda text: text[:24])
def test_each_missing_table_or_index_is_found(conn: sqlite3.Connection, statement: str) -> None:
    schema.create(conn)
    _, kind, name, *_ = statement.replace("(", " ").split()
    conn.execute(f"DROP {kind} {name}")
    with pytest.raises(SchemaMismatch, match=name):
        schema.check(conn, "ledger.db")


def test_a_table_of_another_shape_is_found(conn: sqlite3.Connection) -> None:
    schema.create(conn)
    conn.execute("ALTER TABLE knobs ADD COLUMN why TEXT")
    with pytest.raises(SchemaMismatch, match="knobs"):
        schema.check(conn, "ledger.db")


@pytest.mark.parametrize("statement", schema.TABLES, ids=lambda text: text[:24])
def test_only_integer_keys_have_a_rowid(statement: str) -> None:
    if statement.startswith("CREATE TABLE"):
        assert ("INTEGER PRIMARY KEY" in statement) != ("WITHOUT ROWID" in statement)


@pytest.mark.parametrize("column", ["type", "name", "tbl_name"])
@pytest.mark.parametrize(
    "name", ["objects", "bundles_open", "seal_jobs_in", "sqlite_autoindex_buckets_1"]
)
def test_i5_a_name_that_turned_beside_its_sql_is_found(name: str, column: str) -> None:
    """SQLite reads the SQL alone; a byte's bit 5 is the case of a letter."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        schema.create(conn)
        schema.check(conn, "ledger.db")
        conn.execute("PRAGMA writable_schema=ON")
        turned = f"{column}=upper(substr({column},1,1))||substr({column},2)"
        changed = conn.execute(f"UPDATE sqlite_schema SET {turned} WHERE name=?", (name,))  # noqa: S608 - ours
        assert changed.rowcount == 1
        with pytest.raises(SchemaMismatch):
            schema.check(conn, "ledger.db")
