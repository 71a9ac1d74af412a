"""The whole object table kept, brought back and made anew: acts on an engine, as tests ask them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from core.engine.keeping.progress import KeepProgress
from core.engine.keeping.wish import Act, Wish
from core.model import JobKind

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine
    from core.engine.keeping.plans import KeepingPlan
    from core.ledger.rows import JobRow

PATIENCE_S = 60.0


async def planned(engine: Engine, act: Act, *, file: str = "", origin: str = "") -> KeepingPlan:
    """A plan that is made; its error is raised."""
    wish = Wish(act=act, file=file, origin=origin)
    plan = await engine.keepings.plans.make(wish, patience_s=PATIENCE_S)
    if plan.error is not None:
        raise plan.error
    return plan


async def begin(engine: Engine, plan: KeepingPlan) -> int:
    args = {"plan": plan.hash}
    return await engine.start_job(plan.wish.act.kind, args, "tester", os.urandom(4).hex())


async def done(engine: Engine, act: Act, *, file: str = "", origin: str = "") -> KeepProgress:
    """Plan and do it; what it came to."""
    row = await ended(
        engine, await begin(engine, await planned(engine, act, file=file, origin=origin))
    )
    assert row.state == "done", row.result
    return KeepProgress.parse(row.progress)


async def backed_up(engine: Engine, output: Path, *, force: bool = False) -> JobRow:
    args = {"output": str(output), "force": "1" if force else ""}
    job = await engine.start_job(JobKind.BACKUP, args, "tester", os.urandom(4).hex())
    return await ended(engine, job)


async def ended(engine: Engine, job: int) -> JobRow:
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    return row


def all_rows(path: Path, table: str = "versitygw_objects") -> list[tuple[object, ...]]:
    """Every row of a table of a file, as it is."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return conn.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608 - a name


def change(path: Path, *statements: str) -> None:
    """Run statements on a table behind the engine's back."""
    with closing(sqlite3.connect(path)) as conn:
        for statement in statements:
            conn.execute(statement)
        conn.commit()


def names(path: Path) -> list[str]:
    """The tables of a file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        rows = conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        return [name for (name,) in rows]


def entries(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())
