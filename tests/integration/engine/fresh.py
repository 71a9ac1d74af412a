"""What a migration says of a source, to compare one that kept up with one that begins now."""

from __future__ import annotations

import json
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.engine.engine import Engine
from core.ledger import seals
from core.model import JobKind
from core.target.dir_store import DirStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

Table = dict[tuple[str, str], tuple[object, ...]]
Known = dict[tuple[bytes, bytes, bytes], tuple[object, ...]]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Engine]:
    """Yield a workspace's engine."""
    engine = await Engine.open(folder)
    try:
        yield engine
    finally:
        await engine.close()


async def run(engine: Engine, kind: JobKind, **args: str) -> str:
    """Run a job to its end; return its state and what ended it."""
    job = await engine.start_job(kind, args, "tester", "")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    return f"{row.state} {row.result}".strip()


async def begun_anew(folder: Path) -> None:
    """Plan and copy a workspace."""
    async with opened(folder) as engine:
        assert await run(engine, JobKind.PLAN) == "done"
        assert await run(engine, JobKind.COPY) == "done"


def table(target: Path) -> Table:
    """Return every row of a directory's object table, without what only names its bundle.

    Each object is read by its CID out of the bundle that its row names.
    """
    store = DirStore(target)
    with closing(sqlite3.connect(target / "objects.db")) as conn:
        rows = conn.execute("SELECT * FROM versitygw_objects").fetchall()
    found: Table = {}
    for bucket, key, cid, size, created, modified, metadata, status in rows:
        told = json.loads(metadata)
        root = cids.parse(told.pop("pin")["root"])
        del told["vgwm"]
        body = b"".join(store.read_object(root, cids.parse(cid)))
        assert len(body) == size
        found[bucket, key] = (cid, size, created, modified, json.dumps(told), status)
    return found


def buckets(target: Path) -> list[tuple[object, ...]]:
    """Return the rows of the bucket table."""
    with closing(sqlite3.connect(target / "objects.db")) as conn:
        names = [
            name
            for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type='table'")
            if "bucket" in name
        ]
        return [row for name in names for row in conn.execute(f"SELECT * FROM {name} ORDER BY 1")]  # noqa: S608 - the profile's own


def known(folder: Path) -> Known:
    """Return what a ledger has of each recorded key: size, CID, ETag, digest of its metadata."""
    with closing(sqlite3.connect(folder / "ledger.db")) as conn:
        assert seals.broken(conn) == []
        rows = conn.execute(
            "SELECT k.name,key,ver,size,cid,etag,mh,mt FROM objects JOIN buckets k USING(bid)"
            " WHERE objects.st=1"
        )
        return {tuple(row[:3]): tuple(row[3:]) for row in rows}


def not_shown(folder: Path) -> tuple[dict[str, int], list[tuple[object, ...]]]:
    """Return what no target shows: counted by class, but for what is counted by bundle; by name."""
    with closing(sqlite3.connect(folder / "ledger.db")) as conn:
        tallied = {f"class:{name}" for (name,) in conn.execute("SELECT name FROM tallies")}
        counted = dict(
            conn.execute("SELECT name,n FROM counters WHERE name GLOB 'class:*' AND scope=0")
        )
        rows = conn.execute(
            "SELECT k.name,key,ver,why,what FROM losses JOIN buckets k USING(bid)"
            " ORDER BY k.name,key,ver,why,what"
        )
        return {k: n for k, n in counted.items() if n and k not in tallied}, rows.fetchall()


def other_states(folder: Path) -> set[int]:
    """Return the states of objects that are neither recorded nor gone."""
    with closing(sqlite3.connect(folder / "ledger.db")) as conn:
        rows = conn.execute("SELECT DISTINCT st FROM objects WHERE st NOT IN (1,6)")
        return {state for (state,) in rows}
