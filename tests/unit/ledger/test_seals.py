from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.ledger import planning, recording, schema, seals
from core.ledger.rows import NewBundle
from core.model import BundleKind

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRIES = [(b"a", b"", 1, 2, 3, 4), (b"b", b"v1", None, 5, 1 << 40, -1)]


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        schema.create(made)
        (bucket,) = planning.add_buckets(made, [(b"photos", "{}")])
        bundle = NewBundle(
            id=7, first=(b"a", b""), last=(b"b", b"v1"), kind=BundleKind.RANGE, entries=ENTRIES
        )
        page = planning.PlanPage(
            bundles=[bundle], skips=[], cursor=(b"b", b""), increments={"class:delete_marker": 1}
        )
        planning.plan_page(made, bucket, page, 1)
        made.execute("INSERT INTO jobs(kind,st,args,actor,made) VALUES('copy','done','{}','o',1)")
        made.execute("INSERT INTO knobs(name,val,actor,ts) VALUES('workers','3','o',1)")
        yield made


def _found(conn: sqlite3.Connection) -> set[str]:
    return {one.what for one in seals.broken(conn)}


def _silently(conn: sqlite3.Connection, statement: str) -> None:
    """Change a table as a turned bit would: no trigger sees it."""
    for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type='trigger'").fetchall():
        conn.execute(f"DROP TRIGGER {name}")
    conn.execute(statement)


def test_what_the_ledger_writes_has_its_digests(conn: sqlite3.Connection) -> None:
    assert seals.broken(conn) == []
    kept = conn.execute("SELECT what,count(*) FROM seals GROUP BY what").fetchall()
    assert dict(kept) == {
        "buckets": 1,
        "bundle": 1,
        "bundles": 1,
        "counters": 2,
        "jobs": 1,
        "knobs": 1,
    }


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE objects SET key=x'63' WHERE key=x'61'", "bundle"),
        ("UPDATE objects SET mt=mt+1 WHERE key=x'61'", "bundle"),
        ("UPDATE objects SET ver=x'' WHERE key=x'62'", "bundle"),
        ("UPDATE objects SET bun=8 WHERE key=x'62'", "bundle"),
        ("UPDATE bundles SET st=5", "bundles"),
        ("UPDATE bundles SET hi=x'63'", "bundles"),
        ("UPDATE buckets SET cursor=x'63'", "buckets"),
        ("UPDATE jobs SET st='running'", "jobs"),
        ("DELETE FROM jobs", "jobs"),
        ("UPDATE knobs SET val='30'", "knobs"),
        ("INSERT INTO knobs(name,val,actor,ts) VALUES('x','1','o',1)", "knobs"),
        ("UPDATE counters SET n=n+1 WHERE name='class:delete_marker' AND scope=0", "counters"),
        ("DELETE FROM seals WHERE what='bundle'", "bundle"),
    ],
)
def test_i4_a_value_that_turned_in_place_is_found(
    conn: sqlite3.Connection, statement: str, what: str
) -> None:
    _silently(conn, statement)
    assert what in _found(conn)


def test_a_failed_bundle_is_vouched_for_by_its_reasons_alone(conn: sqlite3.Connection) -> None:
    recording.fail(conn, 7, "denied", "no", 2)
    assert seals.broken(conn) == []


def test_digests_made_anew_are_those_that_were_kept(conn: sqlite3.Connection) -> None:
    before = conn.execute("SELECT * FROM seals ORDER BY 1,2").fetchall()
    seals.reseal(conn)
    assert conn.execute("SELECT * FROM seals ORDER BY 1,2").fetchall() == before


def test_the_digest_of_members_is_the_same_in_every_python(conn: sqlite3.Connection) -> None:
    """Pinned: it is made over marshal's bytes, which another release could write differently."""
    (digest,) = conn.execute("SELECT h FROM seals WHERE what='bundle'").fetchone()
    assert digest.hex() == "463b402deb536f8d322cb432263c9bbd"
