"""The tables of `ledger.db`, and the check that a file holds them.

One row an object, written at plan and at record; copy states stand on the bundle. `docs/ledger.md`
explains tables and states.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.errors import SchemaMismatch
from core.ledger import answers, failure_tables, green_tables, losses, proof_tables, seals

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

SCHEMA_VERSION = 5
APPLICATION_ID = 0x7667776D  # "vgwm": `file ledger.db` and a foreign SQLite file are told apart
PAGE_BYTES = 8192
_ON = re.compile(r" ON (\w+)")
_OLDER = (1, 2, 3, 4)

TABLES = (
    "CREATE TABLE meta(k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    (
        "CREATE TABLE buckets(bid INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE,"
        " st INTEGER NOT NULL, cursor BLOB, attrs TEXT NOT NULL)"
    ),
    (
        "CREATE TABLE objects(bid INTEGER NOT NULL, key BLOB NOT NULL, ver BLOB NOT NULL,"
        " st INTEGER NOT NULL, bun INTEGER, size INTEGER, ino INTEGER, mt INTEGER, ct INTEGER,"
        " cid BLOB, etag BLOB, mh INTEGER, PRIMARY KEY(bid,key,ver)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE bundles(id INTEGER PRIMARY KEY, bid INTEGER NOT NULL, lo BLOB NOT NULL,"
        " hi BLOB NOT NULL, kind INTEGER NOT NULL, rnd INTEGER NOT NULL, n INTEGER NOT NULL,"
        " bytes INTEGER NOT NULL, st INTEGER NOT NULL, tries INTEGER NOT NULL, worker TEXT,"
        " epoch INTEGER, root BLOB, allocs TEXT, blocks TEXT, err TEXT)"
    ),
    "CREATE INDEX bundles_open ON bundles(st,id) WHERE st<4",
    (
        "CREATE TABLE segments(bun INTEGER NOT NULL, seg INTEGER NOT NULL, off INTEGER NOT NULL,"
        " len INTEGER NOT NULL, blocks INTEGER NOT NULL, cids BLOB NOT NULL, st INTEGER NOT NULL,"
        " PRIMARY KEY(bun,seg)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE jobs(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, st TEXT NOT NULL,"
        " args TEXT NOT NULL, plan BLOB, cursor BLOB, actor TEXT NOT NULL, made INTEGER NOT NULL,"
        " began INTEGER, ended INTEGER, result TEXT)"
    ),
    (
        "CREATE TABLE events(seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, job INTEGER,"
        " kind TEXT NOT NULL, lvl TEXT NOT NULL, actor TEXT NOT NULL, data TEXT NOT NULL,"
        " h BLOB NOT NULL)"
    ),
    (
        "CREATE TABLE counters(scope INTEGER NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL,"
        " PRIMARY KEY(scope,name)) WITHOUT ROWID"
    ),
    *failure_tables.TABLES,
    (
        "CREATE TABLE knobs(name TEXT PRIMARY KEY, val TEXT NOT NULL, actor TEXT NOT NULL,"
        " ts INTEGER NOT NULL) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE cutover(seq INTEGER PRIMARY KEY, run TEXT NOT NULL, slice TEXT NOT NULL,"
        " state TEXT NOT NULL, step TEXT NOT NULL, phase TEXT NOT NULL, ts INTEGER NOT NULL,"
        " actor TEXT NOT NULL, plan BLOB, data TEXT)"
    ),
    *green_tables.TABLES,
    *answers.TABLES,
    *losses.TABLES,
    *proof_tables.TABLES,
    *seals.TABLES,
)

_OWN = {made.split("(")[0].split()[2] for made in TABLES if made.startswith("CREATE TABLE")}
_AUTO = "sqlite_autoindex_"


def create(conn: sqlite3.Connection) -> None:
    """Make all tables in an empty file, within the caller's transaction."""
    seals.register(conn)
    for statement in TABLES:
        conn.execute(statement)
    conn.execute(f"PRAGMA application_id={APPLICATION_ID}")
    conn.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def is_empty(conn: sqlite3.Connection) -> bool:
    """Tell whether the file holds no table at all."""
    row: tuple[int] = conn.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return row[0] == 0


def upgrade(conn: sqlite3.Connection) -> bool:
    """Bring an older ledger to this schema, in the caller's transaction; tell if it was one."""
    (application,) = conn.execute("PRAGMA application_id").fetchone()
    (version,) = conn.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID or version not in _OLDER:
        return False
    if version == 1:
        failure_tables.from_schema_1(conn)
    for statement in _tables_since(version):
        conn.execute(statement)
    seals.reseal(conn)  # schema 2 had other digests
    conn.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    return True


def _tables_since(version: int) -> Iterator[str]:
    """Yield what makes the tables and triggers that a ledger of an older schema has not."""
    if version < 3:  # noqa: PLR2004 - the schema that brought them
        yield from (*answers.TABLES, *losses.TABLES)
    yield "DROP TABLE greenlog"  # nothing ever wrote the one of schema 4
    yield from green_tables.TABLES
    if version > 1:
        yield from seals.triggers_of("greenlog")
    if version > 3:  # noqa: PLR2004
        return
    yield from proof_tables.TABLES
    if version == 1:
        yield from seals.TABLES
        return
    if version < 3:  # noqa: PLR2004
        for table in ("answers", "said", "losses", "tallies"):
            yield from seals.triggers_of(table)
    for table in proof_tables.NAMES:
        yield from seals.triggers_of(table)


def is_ours(conn: sqlite3.Connection) -> bool:
    """Tell whether the file says that it is a ledger of this version, whatever its tables are."""
    (application,) = conn.execute("PRAGMA application_id").fetchone()
    (version,) = conn.execute("PRAGMA user_version").fetchone()
    return (application, version) == (APPLICATION_ID, SCHEMA_VERSION)


def check(conn: sqlite3.Connection, where: str) -> None:
    """Raise SchemaMismatch unless the file is a ledger of this version, table by table."""
    (application,) = conn.execute("PRAGMA application_id").fetchone()
    (version,) = conn.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise SchemaMismatch(
            what="this SQLite file is no vgwm ledger",
            where=where,
            remedy="Name a workspace made by `vgwm init`.",
        )
    if version != SCHEMA_VERSION:
        raise SchemaMismatch(
            what=f"the ledger has schema {version}, this vgwm knows schema {SCHEMA_VERSION}",
            where=where,
            remedy=f"An engine brings it to schema {SCHEMA_VERSION} when it starts:"
            " vgwm engine start."
            if version in _OLDER
            else "Use the vgwm release that made this workspace.",
        )
    seen = set(conn.execute("SELECT type,name,tbl_name,sql FROM sqlite_schema"))
    missing = [made.split("(")[0] for made in TABLES if _entry(made) not in seen]
    missing += [name for type_, name, table, sql in seen if not sql and _is_odd(type_, name, table)]
    if missing:
        raise SchemaMismatch(
            what=f"the ledger differs from schema {SCHEMA_VERSION}: {', '.join(missing)}",
            where=where,
            remedy="Restore the newest backup of ledger.db; nobody may change its tables by hand.",
        )


def _entry(statement: str) -> tuple[str, str, str, str]:
    """Return the row of sqlite_schema that a statement makes: SQLite itself reads its SQL alone.

    A name beside it that turned on the disk is noticed by nobody, until the table is dropped.
    """
    _, kind, name, *_ = statement.split("(", maxsplit=1)[0].split()
    on = _ON.search(statement)
    return kind.lower(), name, name if kind == "TABLE" or on is None else on[1], statement


def _is_odd(type_: str, name: str, table: str) -> bool:
    """Tell whether a row without SQL was an index that SQLite made of a table of ours."""
    right = type_ == "index" and table in _OWN and name.startswith(f"{_AUTO}{table}_")
    ours = table in _OWN or name.removeprefix(_AUTO).rpartition("_")[0] in _OWN
    return ours and not right
