"""A rebuild behind rounds of a sync: the ledger knows what bundles do not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.keeping.wish import Act
from core.model import JobKind
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.keeping import all_rows, change, done, ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground

LOST = ("DROP TABLE versitygw_objects", "DROP TABLE versitygw_buckets")
TAGGED = ("bucket0", "d1/k0001")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=25, buckets=2)
    make_workspace(made, Knobs(workers=1, batch_size=10))
    return made


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    """A set that was overwritten, added to, thinned out and tagged since it was copied."""
    async with engine_on(ground) as running:
        assert (await migrate(running)).state == "done"
        ground.put("bucket0", "new/one", b"one")
        ground.put("bucket1", "d1/k0001", b"another body")
        (ground.source / "bucket0/d2/k0002").unlink()
        tagged = ground.source / "/".join(TAGGED)
        os.setxattr(tagged, "user.X-Amz-Tagging", b'{"a":"b"}')
        job = await running.start_job(JobKind.SYNC, {"mode": "once"}, "t", os.urandom(4).hex())
        assert (await ended(running, job)).state == "done"
        yield running


async def test_a_rebuild_from_the_ledger_after_rounds_is_to_the_byte(
    ground: Ground, engine: Engine
) -> None:
    table = ground.target / "objects.db"
    objects, buckets = all_rows(table), all_rows(table, "versitygw_buckets")
    assert '"tags":{"a":"b"}' in next(str(row[6]) for row in objects if row[:2] == TAGGED)
    change(table, *LOST)
    came = await done(engine, Act.REBUILD, origin="ledger")
    assert all_rows(table) == objects
    assert all_rows(table, "versitygw_buckets") == buckets
    assert came.stale == 0


async def test_attributes_that_nobody_has_any_more_are_counted_as_stale(
    ground: Ground, engine: Engine
) -> None:
    table = ground.target / "objects.db"
    objects = all_rows(table)
    change(table, *LOST)
    ground.source.rename(ground.source.with_name("away"))
    came = await done(engine, Act.REBUILD, origin="ledger")
    differ = [row[:2] for row, now in zip(objects, all_rows(table), strict=True) if row != now]
    assert differ == [TAGGED]
    assert came.stale == 1


async def test_a_rebuild_from_pins_takes_the_latest_bundle_and_brings_back_what_was_removed(
    ground: Ground, engine: Engine
) -> None:
    table = ground.target / "objects.db"
    objects = {row[:2]: row for row in all_rows(table)}
    change(table, *LOST)
    await done(engine, Act.REBUILD, origin="pins")
    now = {row[:2]: row for row in all_rows(table)}
    assert now.keys() - objects.keys() == {("bucket0", "d2/k0002")}
    assert {key for key, row in objects.items() if now[key] != row} == {TAGGED}
