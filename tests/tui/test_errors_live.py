"""The Errors screen on a real engine and its ledger, over the workspace's own socket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.control.client import Client
from core.control.live import EngineDesk
from core.control.serve import serve
from core.engine.engine import Engine
from core.model import JobKind
from tests.integration.engine.broken import break_objects
from tests.integration.engine.ground import Ground, make_ground, make_workspace, run_job
from tests.tui.many import fill
from tests.tui.test_app import Driven
from tui import themes
from tui.app import Terminal
from tui.options import Options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.control import wire, wire_failures

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
async def _opened(path: Path, desk: CountingDesk) -> AsyncIterator[tuple[Driven, CountingDesk]]:
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(path, desk, ending=desk.ending, ready=ready.set))
        await ready.wait()
        try:
            async with Client(path) as client:
                app = Terminal(path, client, options=Options(look=themes.load("mono")))
                async with app.run_test(size=(80, 24)) as pilot:
                    it = Driven(app, pilot, desk)  # type: ignore[arg-type]  # a live desk
                    await it.until(lambda: app.link.snapshot is not None)
                    await it.press("g", "e")
                    await it.until(lambda: "row 1 of" in it.text)
                    yield it, desk
        finally:
            desk.ending.set()


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
