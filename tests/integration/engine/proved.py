"""Verifications run to their end, what their lists hold, and rows changed behind a table's back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from core.model import JobKind, JobState
from core.verify.difference import Listed
from core.verify.figures import Figures
from core.verify.list_pages import ListPages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.engine.engine import Engine

OBJECTS = "versitygw_objects"
JOIN = {"sample": "0"}
Found = dict[tuple[Listed, str], set[str]]


async def verified(engine: Engine, args: Mapping[str, str] = JOIN) -> tuple[Figures, Found]:
    """Verify; return figures, and the objects of each list and kind."""
    job = await engine.start_job(JobKind.VERIFY, args, "op1", os.urandom(4).hex())
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state is JobState.DONE, row.result
    return await told(engine, job)


async def told(engine: Engine, job: int) -> tuple[Figures, Found]:
    """Return what a verification came to."""
    proof = await engine.ledger.proof(job)
    assert proof is not None
    found: Found = {}
    for listed in Listed:
        page = ListPages().page(engine.path / proof.folder, listed, 0, 10_000)
        for line in page.lines:
            found.setdefault((listed, line.kind), set()).add(line.object)
    return Figures.parse(proof.figures), found


def lose(table: Path, key: str) -> None:
    """Remove a row of bucket0."""
    change(table, f"DELETE FROM {OBJECTS}{where(key)}")  # noqa: S608 - a test's own words


def change(table: Path, *statements: str) -> None:
    with closing(sqlite3.connect(table, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def setting(what: str, key: str) -> str:
    """Return the statement that sets something of a row of bucket0."""
    return f"UPDATE {OBJECTS} SET {what}{where(key)}"  # noqa: S608 - a test's own words


def where(key: str) -> str:
    return f" WHERE bucket='bucket0' AND s3_key='{key}'"
