"""Rounds of a sync over a directory target: what the source says in the end, the target says."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.errors import Refused
from core.ledger import seals
from core.model import JobKind, ObjectState
from tests.integration.engine.ground import (
    engine_on,
    make_ground,
    make_workspace,
    migrate,
    run_job,
)
from tests.integration.engine.proof import bodies, rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.engine import Engine
    from core.ledger.rows import JobRow
    from tests.integration.engine.ground import Ground

SMALL = Knobs(workers=2, batch_size=20)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    ground = make_ground(tmp_path, objects=40)
    make_workspace(ground, SMALL)
    return ground


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        yield engine


async def sync(engine: Engine, **args: str) -> JobRow:
    """Run one round to its end; the counters have to equal the rows."""
    asked = {"mode": "once", **args}
    job = await engine.start_job(JobKind.SYNC, asked, "tester", os.urandom(4).hex())
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    await engine.ledger.recount()
    with closing(sqlite3.connect(engine.path / "ledger.db")) as conn:
        assert seals.broken(conn) == []
    return row


async def synced(engine: Engine, **args: str) -> tuple[int, int, int, int]:
    """Run a round that ends well; return added, changed, attrs, deleted."""
    row = await sync(engine, **args)
    assert row.state == "done", row.result
    found = (await engine.ledger.rounds.rounds(1, row.id))[0].found
    return found.added, found.changed, found.attrs, found.deleted


async def test_a_round_over_a_source_that_stands_still_writes_nothing(
    ground: Ground, engine: Engine
) -> None:
    await synced(engine)  # what was racy is read again
    before = rows(ground.target)
    assert await synced(engine) == (0, 0, 0, 0)
    assert rows(ground.target) == before


async def test_a_round_brings_adds_overwrites_and_deletes_over(
    ground: Ground, engine: Engine
) -> None:
    ground.put("bucket0", "new/one", b"one")
    ground.put("bucket1", "d1/k0001", b"another body")
    (ground.source / "bucket0/d2/k0002").unlink()
    del ground.bodies["bucket0", "d2/k0002"]
    assert await synced(engine) == (1, 1, 0, 1)
    assert bodies(ground.target) == ground.bodies


async def test_a_tag_alone_moves_no_byte_and_keeps_the_bundle(
    ground: Ground, engine: Engine
) -> None:
    before = rows(ground.target)
    bundles = (await engine.ledger.counters()).bundles
    os.setxattr(ground.source / "bucket0/d1/k0001", "user.X-Amz-Tagging", b'{"a":"b"}')
    assert await synced(engine) == (0, 0, 1, 0)
    assert (await engine.ledger.counters()).bundles == bundles
    now = rows(ground.target)
    was, is_ = before["bucket0", "d1/k0001"][2], now["bucket0", "d1/k0001"][2]
    assert (is_["pin"], is_["vgwm"], is_["tags"]) == (was["pin"], was["vgwm"], {"a": "b"})
    assert {k: v for k, v in now.items() if before[k] != v}.keys() == {("bucket0", "d1/k0001")}
    assert bodies(ground.target) == ground.bodies


async def test_a_folder_that_is_renamed_is_gone_and_there_under_its_new_name(
    ground: Ground, engine: Engine
) -> None:
    (ground.source / "bucket0/d3").rename(ground.source / "bucket0/e3")
    for bucket, key in list(ground.bodies):
        if bucket == "bucket0" and key.startswith("d3/"):
            ground.bodies[bucket, "e" + key[1:]] = ground.bodies.pop((bucket, key))
    await synced(engine)
    assert bodies(ground.target) == ground.bodies


async def test_what_comes_back_after_its_removal_is_there_again(
    ground: Ground, engine: Engine
) -> None:
    path = ground.source / "bucket0/d1/k0001"
    path.unlink()
    await synced(engine)
    assert ("bucket0", "d1/k0001") not in rows(ground.target)
    ground.put("bucket0", "d1/k0001", b"back")
    assert await synced(engine) == (1, 0, 0, 0)
    assert bodies(ground.target) == ground.bodies


async def test_new_buckets_come_and_their_keys(ground: Ground, engine: Engine) -> None:
    ground.put("fresh", "a/b", b"1")
    assert await synced(engine) == (1, 0, 0, 0)
    assert bodies(ground.target) == ground.bodies


async def test_i8_a_vanished_bucket_waits_for_a_yes_and_goes_only_with_it(
    ground: Ground, engine: Engine
) -> None:
    before = rows(ground.target)
    shutil.move(ground.source / "bucket1", ground.source.parent / "kept")
    row = await sync(engine)
    assert row.state == "failed"
    assert '"exit_code":5' in row.result
    due = await engine.ledger.rounds.due()
    assert due.buckets == (b"bucket1",)
    assert due.hash in row.result
    assert rows(ground.target) == before
    assert await synced(engine, accept=due.hash) == (0, 0, 0, 0)
    assert {bucket for bucket, _ in rows(ground.target)} == {"bucket0"}


async def test_i8_what_was_only_away_comes_back_without_a_byte(
    ground: Ground, engine: Engine
) -> None:
    before = rows(ground.target)
    shutil.move(ground.source / "bucket1", ground.source.parent / "kept")
    assert (await sync(engine)).state == "failed"
    shutil.move(ground.source.parent / "kept", ground.source / "bucket1")
    await synced(engine)
    assert {k: v[:2] for k, v in rows(ground.target).items()} == {
        k: v[:2] for k, v in before.items()
    }
    assert (await engine.ledger.counters()).gone == 0


async def test_i8_more_deletes_than_max_delete_wait(ground: Ground, engine: Engine) -> None:
    await engine.set_knobs({"max_delete": "3"}, "tester")
    for number in range(5):
        (ground.source / f"bucket0/d{number}/k000{number}").unlink()
        del ground.bodies["bucket0", f"d{number}/k000{number}"]
    row = await sync(engine)
    assert (row.state, await engine.ledger.rounds.due_count()) == ("failed", 5)
    due = await engine.ledger.rounds.due()
    await synced(engine, accept=due.hash)
    assert bodies(ground.target) == ground.bodies


async def test_i8_the_last_object_of_a_bucket_goes_only_with_a_yes(
    ground: Ground, engine: Engine
) -> None:
    before = rows(ground.target)
    of_it = [key for bucket, key in ground.bodies if bucket == "bucket1"]
    for key in of_it:
        (ground.source / "bucket1" / key).unlink()
        del ground.bodies["bucket1", key]
    row = await sync(engine)
    assert row.state == "failed"
    assert '"exit_code":5' in row.result
    due = await engine.ledger.rounds.due()
    assert (due.objects, due.buckets, due.emptied) == (len(of_it), (), (b"bucket1",))
    assert due.hash in row.result
    assert "bucket bucket1 has no object any more" in row.result
    assert rows(ground.target) == before
    await synced(engine, accept=due.hash)
    assert bodies(ground.target) == ground.bodies
    # a bucket that is empty already asks nobody, and one that keeps an object does not either
    (ground.source / "bucket0/d1/k0001").unlink()
    del ground.bodies["bucket0", "d1/k0001"]
    await synced(engine)
    assert bodies(ground.target) == ground.bodies


async def test_a_target_that_is_not_there_is_not_called_kept_up(
    ground: Ground, engine: Engine
) -> None:
    await synced(engine)
    aside = ground.target.with_name("aside")
    ground.target.rename(aside)
    row = await sync(engine)
    assert row.state == "failed"
    assert '"exit_code":4' in row.result
    assert "the object table is not there" in row.result
    assert not ground.target.exists()
    aside.rename(ground.target)
    await synced(engine)


async def test_i8_a_yes_to_another_list_deletes_nothing(ground: Ground, engine: Engine) -> None:
    await engine.set_knobs({"max_delete": "0"}, "tester")
    (ground.source / "bucket0/d1/k0001").unlink()
    assert (await sync(engine)).state == "failed"
    due = await engine.ledger.rounds.due()
    with pytest.raises(Refused, match="wait"):
        await sync(engine, accept="00000000" if due.hash != "00000000" else "1")
    assert ("bucket0", "d1/k0001") in rows(ground.target)


async def test_a_dry_run_counts_and_writes_nothing(ground: Ground, engine: Engine) -> None:
    await synced(engine)
    before = rows(ground.target)
    rounds = len(await engine.ledger.rounds.rounds(10))
    ground.put("bucket0", "new/one", b"one")
    ground.put("fresh", "a/b", b"1")
    (ground.source / "bucket0/d2/k0002").unlink()
    row = await sync(engine, dry_run="1")
    assert row.state == "done", row.result
    assert '"found":[83,2,0,0,1,4]' in row.progress
    assert rows(ground.target) == before
    assert len(await engine.ledger.rounds.rounds(10)) == rounds
    assert {one.name for one in await engine.ledger.buckets()} == {b"bucket0", b"bucket1"}


async def test_rounds_end_once_a_freeze_would_be_short(engine: Engine) -> None:
    row = await sync(engine, mode="ready")
    assert row.state == "done", row.result
    rounds = await engine.ledger.rounds.rounds(10, row.id)
    assert len(rounds) == 2
    assert (await engine.syncs.forecast()).ready


async def test_a_sync_waits_for_no_copy_that_has_not_ended(ground: Ground) -> None:
    async with engine_on(ground) as engine:
        for words in ({}, {"dry_run": "1"}):
            assert "no_plan" in (await sync(engine, **words)).result
        await run_job(engine, JobKind.PLAN)
        for words in ({}, {"dry_run": "1"}):
            assert "the copy has not ended" in (await sync(engine, **words)).result


async def test_an_object_that_becomes_a_symlink_leaves_the_target_and_is_a_skip_then(
    ground: Ground, engine: Engine
) -> None:
    before = rows(ground.target)
    path = ground.source / "bucket0/d1/k0001"
    path.unlink()
    path.symlink_to("nowhere")
    await synced(engine)
    assert ("bucket0", "d1/k0001") not in rows(ground.target)
    assert before.keys() - rows(ground.target).keys() == {("bucket0", "d1/k0001")}
    await synced(engine)
    (skipped,) = await engine.ledger.failures()
    assert skipped.key == b"d1/k0001"
    stored = await engine.ledger.rounds.stored(1, b"d1/k0000", b"d1/k0001", 10)
    assert stored[-1].state is ObjectState.SKIPPED


async def test_i4_a_bucket_that_goes_under_a_round_takes_its_open_bundles_with_it(
    ground: Ground, engine: Engine
) -> None:
    """What a round was to bring from it is gone, and holds up no other bucket."""
    await engine.set_knobs({"workers": "0"}, "tester")
    ground.put("bucket1", "d1/k0001", b"another body")
    ground.put("bucket0", "new/one", b"one")
    job = await engine.start_job(JobKind.SYNC, {"mode": "once"}, "tester", "")
    while engine.copy is None:  # noqa: ASYNC110 - a job's step has no event
        await asyncio.sleep(0.01)
    await engine.pause(job, "tester")  # what is held is cancelled at once
    await engine.cancel(job, "tester")
    await engine.wait(job)
    shutil.move(ground.source / "bucket1", ground.source.parent / "kept")
    await engine.set_knobs({"workers": "2"}, "tester")
    assert (await sync(engine)).state == "failed"
    due = await engine.ledger.rounds.due()
    await synced(engine, accept=due.hash)
    assert (await engine.ledger.counters()).remaining == 0
    assert bodies(ground.target) == {
        at: body for at, body in ground.bodies.items() if at[0] == "bucket0"
    }


async def test_a_watch_goes_on_with_rounds_until_it_is_cancelled(
    ground: Ground, engine: Engine
) -> None:
    await engine.set_knobs({"round_interval": "1s"}, "tester")
    job = await engine.start_job(JobKind.SYNC, {"mode": "watch"}, "tester", "")
    looks = engine.ledger.rounds
    while (await looks.last_full()) is None:  # noqa: ASYNC110 - a round's end has no event
        await asyncio.sleep(0.02)
    ground.put("bucket0", "new/one", b"one")
    while ("bucket0", "new/one") not in rows(ground.target):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.02)
    await engine.cancel(job, "tester")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state == "cancelled"
    assert len(await looks.rounds(10, job)) > 1
    assert bodies(ground.target) == ground.bodies


async def test_since_reads_what_stands_still_again_and_finds_it_as_it_was(
    ground: Ground, engine: Engine
) -> None:
    before = rows(ground.target)
    assert await synced(engine, since_ns="0") == (0, 0, 0, 0)
    assert rows(ground.target) == before


async def test_i8_another_source_in_its_place_is_refused_and_nothing_is_marked(
    ground: Ground, engine: Engine
) -> None:
    """An empty mount point looks like a source that lost everything."""
    ground.source.rename(ground.source.with_name("away"))
    (ground.source / "bucket0").mkdir(parents=True)
    row = await sync(engine)
    assert '"exit_code":5' in row.result
    assert await engine.ledger.rounds.due_count() == 0
    assert {one.state.there for one in await engine.ledger.buckets()} == {True}
