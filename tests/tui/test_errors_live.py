"""The Errors screen on a real engine and its ledger, over the workspace's own socket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.control.client import Client
from core.control.live import EngineDesk
from core.control.serve import serve
from core.control.wire import state as wire
from core.control.wire.failures import PlanRequest
from core.engine.engine import Engine
from core.model import JobKind
from tests.integration.engine.broken import break_objects, mend_objects
from tests.integration.engine.ground import Ground, make_ground, make_workspace, run_job
from tests.tui.many import fill
from tests.tui.test_app import Driven
from tui.acts.steering import actor
from tui.app import Terminal
from tui.options import Options
from tui.terminal import themes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.control.wire import failures as wire_failures

MILLION = 1_000_000
ROOM = 11
BROKEN = [("bucket0", "d1/k0001"), ("bucket0", "d2/k0002"), ("bucket0", "d3/k0003")]


class CountingDesk(EngineDesk):
    """A live engine's desk that keeps how many rows each request wanted."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.limits: list[int] = []

    async def failures(self, query: wire_failures.FailureQuery) -> wire.Failures:
        self.limits.append(query.limit)
        return await super().failures(query)


@contextlib.asynccontextmanager
async def served(ground: Ground, *, extra: int = 0) -> AsyncIterator[tuple[Driven, CountingDesk]]:
    """Open the screen on the socket of an engine whose copy left BROKEN behind."""
    make_workspace(ground, Knobs(workers=1, batch_size=20))
    engine = await Engine.open(ground.workspace)
    try:
        await run_job(engine, JobKind.PLAN)
        break_objects(ground, BROKEN)
        await run_job(engine, JobKind.COPY)
        if extra:
            fill(ground.workspace / "ledger.db", extra)
        async with _opened(ground.workspace, CountingDesk(engine)) as found:
            yield found
    finally:
        await engine.close()


@contextlib.asynccontextmanager
async def served_by(path: Path, desk: EngineDesk) -> AsyncIterator[None]:
    """Serve a live engine's desk on its workspace's socket."""
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(path, desk, ending=desk.ending, ready=ready.set))
        await ready.wait()
        try:
            yield
        finally:
            desk.ending.set()


@contextlib.asynccontextmanager
async def _opened(path: Path, desk: CountingDesk) -> AsyncIterator[tuple[Driven, CountingDesk]]:
    async with served_by(path, desk), Client(path) as client:
        app = Terminal(path, client, options=Options(look=themes.load("mono")))
        async with app.run_test(size=(80, 24)) as pilot:
            it = Driven(app, pilot, desk)  # type: ignore[arg-type]  # a live desk
            await it.until(lambda: app.link.snapshot is not None)
            await it.press("g", "e")
            await it.until(lambda: "row 1 of" in it.text)
            yield it, desk


async def test_a_million_rows_of_a_ledger_scroll_and_few_are_ever_asked_for(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    async with served(ground, extra=MILLION) as (it, desk):
        await it.press("end")
        await it.until(lambda: "bucket0/many/0999999" in it.text)
        assert "row 1,000,003 of 1,000,003" in it.text
        await it.press("pageup", "pageup", "pageup")
        await it.until(lambda: "row 999,970 of 1,000,003" in it.text)
        await it.until(lambda: "..." not in it.text)
        await it.press("home")
        await it.until(lambda: "row 1 of 1,000,003" in it.text)
        assert max(desk.limits) <= 3 * ROOM
        assert sum(desk.limits) <= 40 * ROOM
        await it.press("tab", "tab")
        await it.until(lambda: "666,666" in it.text)
        assert "333,334" in it.text


async def test_retry_from_the_keyboard_counts_tries_and_brings_mended_objects_over(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    async with served(ground) as (it, _):
        assert "row 1 of 3" in it.text
        assert "tried once" in it.text
        await it.press("T")
        await it.settled()
        assert "try again: 3 objects" in it.text
        assert "3 unreadable in copy" in it.text
        await it.press("tab", "enter")
        await it.until(lambda: "(retry): 3 objects" in it.row23)
        await it.until(lambda: "tried 2 times" in it.text)
        mend_objects(ground, BROKEN)
        await it.press("T")
        await it.settled()
        await it.press("tab", "enter")
        await it.until(lambda: "no object failed or was skipped" in it.text)
        await it.until(lambda: _failed_and_migrated(it) == (0, 13))  # asked for once a second


async def test_skip_and_its_undo_from_the_keyboard(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    async with served(ground) as (it, _):
        await it.press("j", "enter", "S", *"lost", "enter")
        await it.settled()
        assert "skip, so that they do not come over: 1 object" in it.text
        assert "reason: lost" in it.text
        await it.press(*it.app.scene.workspace, "enter")
        await it.until(lambda: "(skip): 1 object" in it.row23)
        await it.until(lambda: "of 2 " in it.text and not it.app.ui.opened)  # it is gone here
        await it.press("tab")
        await it.until(lambda: "row 1 of 3" in it.text)
        await it.press("home", "j", "enter")
        await it.until(lambda: "waived in copy" in it.text)
        assert "lost" in it.text
        await it.press("S")
        await it.settled()
        assert "take the skip back: 1 object" in it.text
        await it.press("tab", "enter")
        await it.until(lambda: "(unskip): 1 object" in it.row23)
        await it.until(lambda: "failed in copy" in it.text)


async def test_i8_a_plan_that_the_world_left_behind_is_not_done(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    async with served(ground) as (it, desk):
        await it.press("T")
        await it.settled()
        await skip_one(it.app.link.client)
        await it.until(lambda: "row 1 of 2" in it.text)
        await it.press("tab", "enter")
        await it.until(lambda: "it is another plan now: 2 objects" in it.text)
        assert "try again: 2 objects" in it.text
        assert not [job for job in (await desk.snapshot()).jobs if job.kind == JobKind.RETRY]


def _failed_and_migrated(it: Driven) -> tuple[int, int] | None:
    snapshot = it.app.link.snapshot
    return None if snapshot is None else (snapshot.totals.failed, snapshot.totals.migrated)


async def skip_one(client: Client) -> None:
    """Skip the first broken object as another screen of the same operator would."""
    plan = await client.make_plan(
        PlanRequest(
            act="skip", actor=actor(), names=("bucket0/d1/k0001",), reason="gone at the source"
        )
    )
    job = await client.start_job("skip", {"plan": plan.hash}, actor=actor())
    async for _ in client.follow_job(job, every_s=0.05):
        pass


async def test_another_operators_act_is_refused_until_the_lease_is_taken_over(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    async with served(ground) as (it, desk):
        await desk.take_lease(wire.Command(actor="op9"))
        await it.until(lambda: "! op9 steers" in it.text)
        await it.press("T")
        assert "op9 steers; why take over:" in it.row23
        await it.press(*"night", "enter")
        await it.until(lambda: "you steer now" in it.row23)
        await it.until(lambda: "steers" not in it.text.split("\n")[0])
        taken = [event for event in (await desk.snapshot()).events if event.kind == "lease"]
        assert "took over from op9: night" in taken[-1].text
        await it.press("T")
        await it.settled()
        assert "try again: 3 objects" in it.text
