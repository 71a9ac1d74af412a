"""Bucket rows at a round's end: they follow the settings, and go with their bucket."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.model import JobKind, JobState
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground

POLICY = b'{"Statement":[]}'


def bucket_rows(ground: Ground) -> dict[str, dict[str, object]]:
    with closing(sqlite3.connect(ground.target / "objects.db")) as table:
        found = table.execute("SELECT name, metadata FROM versitygw_buckets")
        return {name: json.loads(text) for name, text in found}


def change(ground: Ground, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(ground.target / "objects.db")) as table:
        table.execute(statement, values)
        table.commit()


async def sync(engine: Engine, **args: str) -> JobState:
    job = await engine.start_job(JobKind.SYNC, {"mode": "once", **args}, "op1", "")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    return row.state


async def without(engine: Engine, ground: Ground, bucket: str) -> None:
    """Have a bucket vanish, and somebody take that on."""
    shutil.move(ground.source / bucket, ground.source.parent / "aside")
    assert await sync(engine) is JobState.FAILED
    assert bucket in bucket_rows(ground)
    accepted = (await engine.ledger.rounds.due()).hash
    assert await sync(engine, accept=accepted) is JobState.DONE


async def test_a_changed_setting_comes_through_and_what_stands_still_is_not_written(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=5)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        await migrate(engine)
        os.setxattr(ground.source / "bucket0", "user.policy", POLICY)
        assert await sync(engine) is JobState.DONE
        assert bucket_rows(ground)["bucket0"]["policy"] == POLICY.decode()
        # not looked at again while nothing changed at the source: that is a verification's work
        change(ground, "UPDATE versitygw_buckets SET metadata='{}' WHERE name='bucket0'")
        assert await sync(engine) is JobState.DONE
        assert bucket_rows(ground)["bucket0"] == {}
        os.setxattr(ground.source / "bucket1", "user.policy", POLICY)
        assert await sync(engine) is JobState.DONE
        assert bucket_rows(ground)["bucket0"]["policy"] == POLICY.decode()


async def test_a_vanished_bucket_takes_its_row_along(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=5)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        await migrate(engine)
        await without(engine, ground, "bucket1")
        assert set(bucket_rows(ground)) == {"bucket0"}


async def test_i10_a_bucket_row_that_somebody_changed_stays(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=5)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        await migrate(engine)
        change(ground, """UPDATE versitygw_buckets SET metadata='{"a":1}' WHERE name='bucket1'""")
        await without(engine, ground, "bucket1")
        assert bucket_rows(ground)["bucket1"] == {"a": 1}


async def test_i10_a_bucket_with_rows_of_others_keeps_its_own(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=5)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        await migrate(engine)
        change(
            ground,
            "INSERT INTO versitygw_objects(bucket, s3_key, cid, size, metadata, pin_status)"
            " VALUES('bucket1', 'theirs', 'bafy', 1, '{}', 2)",
        )
        await without(engine, ground, "bucket1")
        assert "bucket1" in bucket_rows(ground)
        told = [event.text for event in await engine.ledger.last_events(20)]
        assert any("bucket1 is gone at the source, and has rows of others" in one for one in told)
