"""kill -9 before every commit of a repair: the next engine goes on, and ends with the same set."""

from __future__ import annotations

import asyncio
import os
import shutil
from itertools import count
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.repairing.progress import RepairProgress
from core.ledger import writer as ledger_writer
from core.model import JobKind
from core.target import objects_sqlite
from core.verify.report_reading import differences
from tests.faults.test_kill_keeping import Left, counting
from tests.integration.engine.ground import (
    Ground,
    engine_on,
    make_ground,
    make_workspace,
    migrate,
)
from tests.integration.engine.keeping import all_rows, change, ended

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine


async def repair(ground: Ground, commits: int) -> None:
    """Do the plan of the newest check with so many commits."""
    async with engine_on(ground) as engine:
        plan = await engine.repairs.plans.make("", (), patience_s=60.0)
        Left.commits = commits
        job = await engine.start_job(JobKind.REPAIR, {"plan": plan.plan.hash}, "tester", "once")
        await engine.wait(job)


def killed(ground: Ground, commits: int) -> bool:
    """Repair in a process of its own; whether that was killed."""
    pid = os.fork()
    if pid == 0:
        for module, name in ((ledger_writer, "open_writer"), (objects_sqlite, "connect")):
            vars(module)[name] = counting(vars(module)[name])
        try:
            asyncio.run(repair(ground, commits))
        except BaseException:  # noqa: BLE001 - this process ends here, whatever it was
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


async def go_on(ground: Ground) -> RepairProgress | None:
    """Let the next engine take the repair up; what it came to, None where there was none."""
    async with engine_on(ground) as engine:
        job = await engine.ledger.newest_job(JobKind.REPAIR)
        if job is None:
            return None
        row = await ended(engine, job.id)
        assert row.state == "done", row.result
        return RepairProgress.parse(row.progress)


def files(ground: Ground) -> dict[str, bytes]:
    folders = (ground.target / "bundles", ground.target / "manifests")
    return {path.name: path.read_bytes() for folder in folders for path in folder.iterdir()}


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A migrated set, kept aside as `whole`, then hurt and checked, kept aside as `hurt`."""
    made = make_ground(tmp_path, objects=12, buckets=2)
    make_workspace(made, Knobs(workers=1, batch_size=5))

    async def hurt() -> None:
        async with engine_on(made) as engine:
            assert (await migrate(engine)).state == "done"
            shutil.copytree(made.target, tmp_path / "whole")
            change(
                made.target / "objects.db",
                "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'",
                "UPDATE versitygw_objects SET cid='bafkwrong' WHERE s3_key LIKE 'd2/%'",
                "INSERT INTO versitygw_objects SELECT bucket,s3_key||'~',cid,size,created_at,"
                "updated_at,metadata,pin_status FROM versitygw_objects WHERE s3_key='large.bin'",
            )
            cars = sorted((made.target / "bundles").iterdir())
            cars[0].unlink()
            for path in sorted((made.target / "manifests").iterdir())[1:4]:
                path.unlink()
            await check(engine)

    asyncio.run(hurt())
    for folder, name in ((made.workspace, "ws.aside"), (made.target, "hurt")):
        shutil.copytree(folder, tmp_path / name, ignore=shutil.ignore_patterns("*.sock"))
    return made


@pytest.fixture
def bereft(tmp_path: Path) -> Ground:
    """One bundle that lost an object at the source, then its file; checked, kept as `hurt`."""
    made = Ground(tmp_path / "gw", tmp_path / "out", tmp_path / "ws", {})
    for number in range(4):
        made.put("bucket0", f"k{number}", b"content %d" % number)
    make_workspace(made, Knobs(workers=1))

    async def hurt() -> None:
        async with engine_on(made) as engine:
            assert (await migrate(engine)).state == "done"
            (made.source / "bucket0" / "k0").unlink()
            job = await engine.start_job(JobKind.SYNC, {"mode": "once"}, "tester", "sync")
            assert (await ended(engine, job)).state == "done"
            next((made.target / "bundles").iterdir()).unlink()
            await check(engine)

    asyncio.run(hurt())
    for folder, name in ((made.workspace, "ws.aside"), (made.target, "hurt")):
        shutil.copytree(folder, tmp_path / name, ignore=shutil.ignore_patterns("*.sock"))
    return made


async def check(engine: Engine) -> None:
    job = await engine.start_job(JobKind.CHECK, {}, "tester", os.urandom(4).hex())
    assert (await ended(engine, job)).state == "done"


def put_back(ground: Ground, tmp_path: Path) -> None:
    for folder, name in ((ground.workspace, "ws.aside"), (ground.target, "hurt")):
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / name, folder)


@pytest.mark.timeout(300)
def test_a_repair_goes_on_after_any_kill_and_ends_with_the_same_set(
    ground: Ground, tmp_path: Path
) -> None:
    table, whole = ground.target / "objects.db", all_rows(tmp_path / "whole" / "objects.db")
    hurt = all_rows(table)
    bundles = {
        path.name: path.read_bytes()
        for name in ("bundles", "manifests")
        for path in (tmp_path / "whole" / name).iterdir()
    }
    between = 0
    for commits in count():
        put_back(ground, tmp_path)
        if not killed(ground, commits):
            break
        between += all_rows(table) not in (hurt, whole)
        came = asyncio.run(go_on(ground))
        if came is None:
            assert all_rows(table) == hurt
            continue
        assert (came.left, came.done) == (0, came.total)
        assert (all_rows(table), files(ground)) == (whole, bundles)
    assert (all_rows(table), files(ground)) == (whole, bundles)
    assert commits > 10
    assert between


@pytest.mark.timeout(300)
def test_what_is_carried_again_is_there_once_after_any_kill(bereft: Ground, tmp_path: Path) -> None:
    """A new root, which all rows name; nothing else in the folder, and no object lost or twice."""
    table, told = bereft.target / "objects.db", set()
    hurt = all_rows(table)
    for commits in count():
        put_back(bereft, tmp_path)
        if not killed(bereft, commits):
            break
        came = asyncio.run(go_on(bereft))
        if came is None:
            assert all_rows(table) == hurt
            continue
        told.add((came.sent, came.carried, came.lost, came.left))
        assert [row[:4] for row in all_rows(table)] == [row[:4] for row in hurt]
        left = [path.stem for path in (bereft.target / "bundles").iterdir()]
        assert len(left) == 1
        assert all(left[0] in str(row[6]) for row in all_rows(table))
        asyncio.run(sound(bereft))
    assert told == {(3, 3, 0, 0)}
    assert commits > 10


async def sound(ground: Ground) -> None:
    """Look whether ledger, table and files agree, by a check and by what the ledger counts."""
    async with engine_on(ground) as engine:
        await check(engine)
        newest = (await engine.ledger.proofs(1, "check", ended=True))[0]
        assert list(differences(ground.workspace / newest.folder)) == []
        counted = await engine.ledger.counters()
        await engine.ledger.recount()
        assert await engine.ledger.counters() == counted
