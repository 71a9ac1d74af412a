"""kill -9 before every commit of a restore and of a rebuild: the old tables, or the new ones."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from core.config.knobs import Knobs
from core.engine.keeping.wish import Act
from core.ledger import writer as ledger_writer
from core.model import JobKind
from core.target import objects_sqlite
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.keeping import all_rows, backed_up, begin, change, names, planned

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.engine.ground import Ground

OBJECTS = "versitygw_objects"
LIVE = ["versitygw_buckets", OBJECTS]


class Left:
    """Commits that are left to a process; -1: it may make all."""

    commits = -1


class Commits:
    """A connection whose process is killed before a commit too many."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def execute(self, text: str, *rest: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as sqlite3's
        if text == "COMMIT" and Left.commits >= 0:
            if Left.commits == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            Left.commits -= 1
        return self._conn.execute(text, *rest)

    def __getattr__(self, name: str) -> object:
        return getattr(self._conn, name)


def counting(opened: Callable[..., sqlite3.Connection]) -> Callable[..., Commits]:
    def open_one(*args: Any, **more: Any) -> Commits:  # noqa: ANN401 - whatever it takes
        return Commits(opened(*args, **more))

    return open_one


async def act(ground: Ground, wish: dict[str, Any], commits: int) -> None:
    """Plan an act and do it with so many commits."""
    async with engine_on(ground) as engine:
        plan = await planned(engine, **wish)
        Left.commits = commits
        await engine.wait(await begin(engine, plan))


def killed(ground: Ground, wish: dict[str, Any], commits: int) -> bool:
    """Do an act in a process of its own; whether that was killed."""
    pid = os.fork()
    if pid == 0:
        for module, name in ((ledger_writer, "open_writer"), (objects_sqlite, "connect")):
            vars(module)[name] = counting(vars(module)[name])
        try:
            asyncio.run(act(ground, wish, commits))
        except BaseException:  # noqa: BLE001 - this process ends here, whatever it was
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


async def go_on(ground: Ground, kind: JobKind) -> bool:
    """Let the next engine take the act up; whether there was one."""
    async with engine_on(ground) as engine:
        job = await engine.ledger.newest_job(kind)
        if job is None:
            return False
        await engine.wait(job.id)
        row = await engine.ledger.job(job.id)
        assert row is not None
        assert row.state == "done", row.result
        return True


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A migrated set, a backup of its table, then a table that lost rows; all kept aside."""
    made = make_ground(tmp_path, objects=12, buckets=2)
    make_workspace(made, Knobs(workers=1, batch_size=10))

    async def fill() -> None:
        async with engine_on(made) as engine:
            assert (await migrate(engine)).state == "done"
            assert (await backed_up(engine, tmp_path / "kept.ndjson")).state == "done"

    asyncio.run(fill())
    shutil.copy(made.target / "objects.db", tmp_path / "whole.db")
    change(
        made.target / "objects.db",
        "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'",
        "UPDATE versitygw_objects SET cid = 'bafkwrong' WHERE s3_key LIKE 'd2/%'",
    )
    shutil.copytree(made.workspace, tmp_path / "ws.aside", ignore=shutil.ignore_patterns("*.sock"))
    shutil.copy(made.target / "objects.db", tmp_path / "damaged.db")
    return made


def put_back(ground: Ground, tmp_path: Path) -> None:
    shutil.rmtree(ground.workspace)
    shutil.copytree(tmp_path / "ws.aside", ground.workspace)
    for end in ("", "-wal", "-shm"):
        (ground.target / f"objects.db{end}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "damaged.db", ground.target / "objects.db")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", [JobKind.RESTORE, JobKind.REBUILD])
def test_the_tables_in_use_are_the_old_or_the_new_after_any_kill(
    ground: Ground, tmp_path: Path, kind: JobKind
) -> None:
    table = ground.target / "objects.db"
    whole, damaged = all_rows(tmp_path / "whole.db"), all_rows(table)
    wish: dict[str, Any] = (
        {"act": Act.RESTORE, "file": str(tmp_path / "kept.ndjson")}
        if kind is JobKind.RESTORE
        else {"act": Act.REBUILD, "origin": "pins"}
    )
    seen = set[str]()
    for commits in count():
        put_back(ground, tmp_path)
        if not killed(ground, wish, commits):
            break
        now = all_rows(table)
        assert now in (damaged, whole)
        seen.add("new" if now == whole else "old")
        if asyncio.run(go_on(ground, kind)):
            assert all_rows(table) == whole
            old = [name for name in names(table) if name.startswith(f"{OBJECTS}_")]
            assert [name.removeprefix(f"{OBJECTS}_")[:9] for name in old] == ["vgwm_old_"]
            assert all_rows(table, old[0]) == damaged
        else:
            assert (all_rows(table), names(table)) == (damaged, LIVE)
        assert not [path for path in ground.workspace.iterdir() if path.suffix == ".spool"]
    assert all_rows(table) == whole
    assert seen == {"old", "new"}
    assert commits > 10
