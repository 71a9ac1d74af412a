"""A ledger of schema 1: brought over when an engine opens it, told of when only looked at."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.errors import SchemaMismatch
from core.ledger import schema
from core.ledger.ledger import Ledger
from core.ledger.rows import Disposition, FailureDraft
from core.model import ObjectState, Skip, Unrepresentable
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from pathlib import Path

    from core.ledger.rows import FailureRow

FAILURES_1 = (
    "CREATE TABLE failures(bid INTEGER NOT NULL, key BLOB NOT NULL, ver BLOB NOT NULL,"
    " phase TEXT NOT NULL, code TEXT NOT NULL, msg TEXT NOT NULL, tries INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL, disp TEXT NOT NULL,"
    " PRIMARY KEY(bid,key,ver)) WITHOUT ROWID"
)
COLUMNS = "bid,key,ver,phase,code,msg,tries,first,last"


async def filled(path: Path) -> list[FailureRow]:
    """Make a ledger with a failure of each kind; return its list."""
    ledger = await scene.opened(path)
    (bucket,) = await ledger.add_buckets([(b"photos", "{}")])
    members = scene.entries(0, 6)
    number = await scene.planned(ledger, bucket, members)
    await scene.pinned(ledger, number)
    again = scene.bundle_of(await ledger.next_bundle_id(), members[4:])
    await ledger.record(
        number,
        [scene.row(bucket, entry, ObjectState.FAILED) for entry in members[:4]],
        failures=[
            FailureDraft(key=entry[0], version=b"", phase="copy", code="denied", text="why")
            for entry in members
        ],
        requeued=[again],
    )
    await ledger.mending.waive({bucket: [members[1][:2]]}, who="op1", why="old")
    await ledger.plan_page(
        bucket,
        bundles=[],
        skips=[Skip(b"zz", b"", Unrepresentable.SPECIAL_FILE, "a pipe")],
        cursor=(b"zz", b""),
    )
    rows = await ledger.failures()
    await ledger.close()
    return rows


def as_schema_1(path: Path) -> None:
    """Turn a ledger into what the release before made of the same."""
    path.with_name(f"{path.name}.sum").unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("BEGIN")
        rows = conn.execute(f"SELECT {COLUMNS},disp FROM failures").fetchall()  # noqa: S608 - ours
        first = {statement.split("(")[0] for statement in schema.TABLES[:4]}
        assert "CREATE TABLE objects" in first
        for kind, name in conn.execute(
            "SELECT type,name FROM sqlite_schema WHERE type='trigger'"
            " OR name IN ('objects_dirty','objects_gone') OR (type='table' AND name IN"
            " ('answers','said','losses','tallies','rounds','proofs','waste','moved','causes',"
            "'failed_bundles','failures','seals'))"
        ).fetchall():
            conn.execute(f"DROP {kind} IF EXISTS {name}")
        conn.execute(FAILURES_1)
        conn.executemany(
            f"INSERT INTO failures({COLUMNS},disp) VALUES(?,?,?,?,?,?,?,?,?,?)",
            [(*row[:9], "skip" if row[9] == "waived" else row[9]) for row in rows],
        )
        conn.execute("DELETE FROM counters WHERE name IN ('skips_made','skips_undone')")
        conn.execute("PRAGMA user_version=1")
        conn.execute("COMMIT")


async def test_a_ledger_of_schema_1_is_brought_over_whole(tmp_path: Path) -> None:
    before = await filled(tmp_path)
    as_schema_1(tmp_path / "ledger.db")
    ledger = await scene.opened(tmp_path)
    try:
        await ledger.recount()
        nobody = [
            replace(row, who="unknown", why="") if row.disposition is Disposition.WAIVED else row
            for row in before
        ]
        assert await ledger.failures() == nobody
        assert {one.disposition: one.objects for one in await ledger.causes()} == {
            Disposition.FAILED: 3,
            Disposition.WAIVED: 1,
            Disposition.REQUEUED: 2,
            Disposition.SKIP: 1,
        }
        # the bundle that went round again still comes to its end
        assert (await ledger.failures())[-2].bundle_id == 2
        await scene.recorded(ledger, 1, 2, scene.entries(4, 2))
        assert len(await ledger.failures()) == 5
        await ledger.recount()
    finally:
        await ledger.close()


async def test_a_look_at_schema_1_says_what_brings_it_over(tmp_path: Path) -> None:
    await filled(tmp_path)
    as_schema_1(tmp_path / "ledger.db")
    with pytest.raises(SchemaMismatch, match="vgwm engine start"):
        await Ledger.read_only(tmp_path / "ledger.db")
