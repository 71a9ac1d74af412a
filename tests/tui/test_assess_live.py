"""Assess and Plan on a real engine and its ledger, over the workspace's own socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.control.client import Client
from core.control.live import EngineDesk
from core.control.serve import serve
from core.engine.engine import Engine
from core.model import JobKind
from tests.integration.engine.ground import Ground, make_ground, make_workspace, run_job
from tests.tui.test_app import Driven
from tests.tui.test_assess import marked, typed
from tui.app import Terminal
from tui.facts import link
from tui.options import Options
from tui.terminal import themes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SOON_S = 40.0
"""Engine, processes and screen are here at once; the machine may be busy with others."""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the engine ten times a second: what is waited for here is one look away."""
    monkeypatch.setattr(link, "PERIOD_S", 0.1)


@contextlib.asynccontextmanager
async def engine_desk(ground: Ground) -> AsyncIterator[EngineDesk]:
    engine = await Engine.open(ground.workspace)
    desk = EngineDesk(engine)
    ready = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(ground.workspace, desk, ending=desk.ending, ready=ready.set))
            await ready.wait()
            try:
                yield desk
            finally:
                desk.ending.set()
    finally:
        await engine.close()


@contextlib.asynccontextmanager
async def screen(path: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driven]:
    async with Client(path) as client:
        app = Terminal(path, client, options=Options(look=themes.load("mono")))
        async with app.run_test(size=size) as pilot:
            it = Driven(app, pilot, None)  # type: ignore[arg-type]  # no desk of a test's own
            await it.until(lambda: "posix:" in it.text, SOON_S)
            yield it


def ground_of(tmp_path: Path) -> Ground:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    make_workspace(ground, Knobs(workers=1, batch_size=20))
    return ground


async def test_from_the_first_key_to_a_warning_taken_on_that_outlives_the_engine(
    tmp_path: Path,
) -> None:
    ground = ground_of(tmp_path)
    async with engine_desk(ground), screen(ground.workspace) as it:
        await it.until(lambda: "1 prepare     - not assessed" in it.text, SOON_S)
        await typed(it, "g", "a")
        await it.until(lambda: "- 12 not asked" in it.text, SOON_S)
        await it.press("B")
        await it.settled()
        await typed(it, "tab", "enter")
        await it.until(lambda: "took " in it.text and "0 fail" in it.text, SOON_S)
        await typed(it, "/", *"lb", "enter", "A", *"night", "enter")
        await it.settled()
        await typed(it, "tab", "enter")
        await it.until(lambda: "1 taken" in it.text, SOON_S)
        assert "- taken     lb" in marked(it)
        await typed(it, "escape", "tab")
        assert "objects   13" in it.text
    async with screen(ground.workspace) as it:
        await typed(it, "g", "a")
        await it.until(lambda: "1 taken" in it.text, SOON_S)
        assert "no engine" in it.text
        await typed(it, "/", *"taken", "enter")
        assert "on by " in it.text
        assert "night" in it.text


async def test_a_fail_blocks_the_plan_until_it_is_mended_and_asked_again(tmp_path: Path) -> None:
    ground = ground_of(tmp_path)
    async with engine_desk(ground), screen(ground.workspace) as it:
        moved = ground.source.rename(tmp_path / "gone")
        await typed(it, "g", "a", "B")
        await it.settled()
        await typed(it, "tab", "enter")
        await it.until(lambda: "x fail      source" in it.text and "took " in it.text, SOON_S)
        await typed(it, "g", "p")
        await it.until(lambda: "there is no plan yet" in it.text, SOON_S)
        await it.press("B")
        await it.settled()
        await typed(it, "tab", "enter")
        await it.until(lambda: "x error  check source" in it.text, SOON_S)
        moved.rename(ground.source)
        await typed(it, "escape", "g", "a", "home")
        await it.until(lambda: "source" in marked(it), SOON_S)
        await it.press("T")
        await it.until(lambda: "x fail      source" not in it.text and "took " in it.text, SOON_S)
        await typed(it, "g", "p", "B")
        await it.settled()
        await typed(it, "tab", "enter")
        await it.until(lambda: "= whole" in it.text, SOON_S)
        assert "objects   13" in it.text


async def test_the_plan_of_the_ledger_is_shown_without_an_engine(tmp_path: Path) -> None:
    ground = ground_of(tmp_path)
    (ground.source / "bucket0" / "d0" / os.fsdecode(b"dump\xff")).write_bytes(b"x")
    engine = await Engine.open(ground.workspace)
    await run_job(engine, JobKind.PLAN)
    await engine.close()
    async with screen(ground.workspace, (120, 40)) as it:
        await typed(it, "g", "p")
        await it.until(lambda: "= whole" in it.text, SOON_S)
        assert "strategy  blue-green" in it.text
        await typed(it, "tab")
        assert "Enter lists them by name" in it.text
        await typed(it, "enter")
        await it.until(lambda: "exit 0" in it.text, SOON_S)
        assert "bucket0/d0/dump" in it.text
