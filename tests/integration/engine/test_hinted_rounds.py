"""Quick rounds of what hints name, between full ones: `cutover.hints: access-log`."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
import pytest

from core.config.knobs import Knobs
from core.config.workspace import FILE_NAME, load, write
from core.engine.crew.task import LookPage
from core.engine.cutting.final_round import catch_up, last_round
from core.engine.reins import Reins
from core.engine.syncing.hinted_walk import held_against
from core.ledger.rounds import RoundKind
from core.model import JobKind, Page
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from core.engine.copying.errand import Errand
    from core.engine.engine import Engine
    from core.ledger.rounds import RoundRow
    from tests.integration.engine.ground import Ground

HOUR = "1h"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    ground = make_ground(tmp_path, objects=8)
    make_workspace(ground, Knobs(workers=1, batch_size=20))
    path = ground.workspace / FILE_NAME
    workspace = load(path)
    named = msgspec.structs.replace(
        workspace.cutover, hints="access-log", access_logs=(log_of(ground),)
    )
    write(path, msgspec.structs.replace(workspace, cutover=named))
    log_of(ground).touch()
    return ground


def log_of(ground: Ground) -> Path:
    return ground.source.parent / "access.log"


def say(ground: Ground, bucket: str, key: str, op: str = "PutObject") -> None:
    """Write the line of a request, as a gateway does."""
    uri = f"/{bucket}/{quote(key)}"
    when = "[25/November/2026:23:00:14 +0000]"
    with log_of(ground).open("a") as log:
        log.write(f"AK {bucket} {when} 127.0.0.1 AK R s3_{op} {key} {uri} 200 - 0 0 1 1 - -\n")


def put(ground: Ground, bucket: str, key: str, body: bytes) -> None:
    ground.put(bucket, key, body)
    say(ground, bucket, key)


def delete(ground: Ground, bucket: str, key: str) -> None:
    (ground.source / bucket / key).unlink()
    del ground.bodies[bucket, key]
    say(ground, bucket, key, "DeleteObject")


@asynccontextmanager
async def watching(ground: Ground) -> AsyncIterator[Engine]:
    """Give an engine whose sync rests behind its first full round, the next an hour away."""
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        engine.syncs.quick_s = 0.05
        await engine.set_knobs({"round_interval": HOUR}, "tester")
        job = await engine.start_job(JobKind.SYNC, {"mode": "watch"}, "tester", "")
        await until(lambda rows: ended(rows, RoundKind.FULL) == 1, engine)
        yield engine
        row = await engine.ledger.job(job)
        if row is not None and row.ended_ns is None:
            await engine.cancel(job, "tester")
            await engine.wait(job)
        await engine.ledger.recount()


def ended(rows: list[RoundRow], kind: RoundKind) -> int:
    return sum(row.kind is kind and row.state == "done" for row in rows)


async def until(holds: Callable[[list[RoundRow]], bool], engine: Engine) -> list[RoundRow]:
    """Return the rounds, the newest first, once they are so."""
    while True:
        rows = await engine.ledger.rounds.rounds(50)
        if holds(rows):
            return rows
        await asyncio.sleep(0.02)


async def said(engine: Engine) -> list[str]:
    return [row.text for row in await engine.ledger.last_events(200) if row.kind == "hints"]


async def test_what_a_log_names_is_carried_without_a_walk_and_is_no_proof(ground: Ground) -> None:
    async with watching(ground) as engine:
        forecast, full = await engine.syncs.forecast(), await engine.ledger.rounds.last_full()
        put(ground, "bucket0", "new/a b", b"new")
        put(ground, "bucket1", "d1/k0001", b"another body")
        delete(ground, "bucket0", "d2/k0002")
        put(ground, "nobody", "knows", b"a bucket that no round has met")
        del ground.bodies["nobody", "knows"]
        await until(lambda _: bodies(ground.target) == ground.bodies, engine)
        rows = await until(lambda rows: rows[0].state == "done", engine)
        found = [row.found for row in rows if row.kind is RoundKind.QUICK]
        assert sum(one.added for one in found) == 1
        assert sum(one.changed for one in found) == 1
        assert sum(one.deleted for one in found) == 1
        assert ended(rows, RoundKind.FULL) == 1, "nothing else was walked"
        assert await engine.syncs.forecast() == forecast, "quick rounds walk nothing"
        assert await engine.ledger.rounds.last_full() == full
        assert await engine.ledger.rounds.full_rounds(50) == [full]


async def test_a_name_that_is_wrong_changes_nothing(ground: Ground) -> None:
    async with watching(ground) as engine:
        before = bodies(ground.target)
        for key in ("d1/k0001", "never/was", "d1", ".sgwtmp/x", "d1/k0001/below"):
            say(ground, "bucket0", key, "DeleteObject")
        rows = await until(lambda rows: ended(rows, RoundKind.QUICK) > 0, engine)
        assert rows[0].found.moved == 0
        assert bodies(ground.target) == before


async def test_what_nobody_names_waits_for_a_full_round_and_silence_is_said(
    ground: Ground,
) -> None:
    async with watching(ground) as engine:
        ground.put("bucket0", "unnamed", b"past the gateway")
        await engine.set_knobs({"round_interval": "1s"}, "tester")
        await until(lambda _: bodies(ground.target) == ground.bodies, engine)
        rows = await until(lambda rows: ended(rows, RoundKind.FULL) > 1, engine)
        assert ended(rows, RoundKind.QUICK) == 0
        while not any("silent" in text for text in await said(engine)):  # noqa: ASYNC110 - as in until
            await asyncio.sleep(0.02)


async def test_a_log_that_was_cut_makes_a_full_round_due_at_once(ground: Ground) -> None:
    async with watching(ground) as engine:
        engine.syncs.wide_s = 0.0
        say(ground, "bucket0", "d1/k0001")
        await until(lambda rows: ended(rows, RoundKind.QUICK) > 0, engine)
        ground.put("bucket0", "in a lost line", b"lost")
        os.truncate(log_of(ground), 0)
        await until(lambda rows: ended(rows, RoundKind.FULL) > 1, engine)
        assert bodies(ground.target) == ground.bodies
        assert any("cut" in text for text in await said(engine))


async def test_without_a_log_hints_are_off_and_rounds_go_on(ground: Ground) -> None:
    log_of(ground).unlink()
    async with watching(ground) as engine:
        (text,) = await said(engine)
        assert text.startswith("hints are off: an access log cannot be read")
        await engine.set_knobs({"round_interval": "1s"}, "tester")
        ground.put("bucket0", "unnamed", b"still found")
        await until(lambda _: bodies(ground.target) == ground.bodies, engine)


async def test_what_could_not_be_looked_at_is_not_what_is_gone(ground: Ground) -> None:
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        bucket, keys = (await engine.ledger.buckets())[0], [b"d1/k0001", b"d2/k0002"]
        looked = LookPage(Page([], []), [b"d1/k0001"])
        stretch = await held_against(engine.ledger.rounds, bucket.id, keys, looked)
        assert stretch.found.gone == [(b"d2/k0002", b"")]
        assert stretch.found.count == 1


async def test_an_unmounted_source_deletes_nothing_by_a_name(ground: Ground) -> None:
    async with watching(ground) as engine:
        before = bodies(ground.target)
        kept = ground.source.rename(ground.source.with_name("elsewhere"))
        ground.source.mkdir()
        say(ground, "bucket0", "d1/k0001")
        job = (await engine.ledger.rounds.rounds(1))[0].job
        await engine.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state == "failed"
        assert bodies(ground.target) == before
        assert (await engine.ledger.rounds.due_count()) == 0
        ground.source.rmdir()
        kept.rename(ground.source)


async def test_a_round_of_names_that_a_kill_cut_off_is_ended_and_a_walk_finds_them(
    ground: Ground,
) -> None:
    """Names are in no ledger."""
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        await engine.set_knobs({"round_interval": HOUR}, "tester")
        job = await engine.start_job(JobKind.SYNC, {"mode": "watch"}, "tester", "")
        await until(lambda rows: ended(rows, RoundKind.FULL) == 1, engine)
        await engine.ledger.syncing.begin(job, RoundKind.QUICK)
        ground.put("bucket0", "new", b"named before the kill")
    async with engine_on(ground) as engine:
        rows = await until(lambda rows: ended(rows, RoundKind.FULL) > 1, engine)
        assert ended(rows, RoundKind.QUICK) == 1
        assert bodies(ground.target) == ground.bodies
        await engine.cancel(job, "tester")
        await engine.wait(job)


async def test_before_the_fence_what_was_written_under_the_walk_is_carried_too(
    ground: Ground,
) -> None:
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        ground.put("bucket0", "before", b"found by the walk")

        async def carry(reins: Reins, errand: Errand | None = None) -> None:
            if ("bucket0", "late") not in ground.bodies:
                put(ground, "bucket0", "late", b"behind the walk")
            await engine._carry(reins, errand)  # noqa: SLF001 - as the engine gives it to cutovers

        await catch_up(engine.premises, Reins(id=99, kind=JobKind.CUTOVER), carry)
        rows = await engine.ledger.rounds.rounds(10)
        assert [(row.kind, row.found.added) for row in rows] == [("quick", 1), ("full", 1)]
        assert bodies(ground.target) == ground.bodies
        await engine.ledger.syncing.begin(99, RoundKind.QUICK)  # one that was cut off
        ground.put("bucket1", "unnamed", b"the last round trusts no hint")
        assert await last_round(engine.premises, Reins(id=99, kind=JobKind.CUTOVER), carry) == []
        assert (await engine.ledger.rounds.rounds(1))[0].kind == "last"
        assert bodies(ground.target) == ground.bodies
