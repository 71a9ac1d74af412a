"""The application over the real API, in this process: keys reach the engine, answers the screen."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from core.control.client import Client
from core.control.server import build_app
from core.errors import EngineDown, NoAnswer, WrongState
from tests.tui import stage
from tests.tui.engine import LiveDesk
from tests.tui.test_views import PLANNED, UNPLANNED
from tui.app import Terminal
from tui.linked import LinkState
from tui.options import Options
from tui.screen import Name
from tui.terminal import themes
from tui.terminal.grid import Grid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from core.control.wire import state as wire


class Driven:
    """An application, its pilot and its engine."""

    def __init__(self, app: Terminal, pilot: Pilot[int], desk: LiveDesk) -> None:
        self.app = app
        self.pilot = pilot
        self.desk = desk

    @property
    def text(self) -> str:
        return self.app.panel.shown.text()

    @property
    def row23(self) -> str:
        return self.text.split("\n")[-2]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], object], within_s: float = 60.0) -> None:
        end_s = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < end_s, self.text
            await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Wait until a sheet takes keys."""
        await self.until(lambda: self.app.ui.sheet is not None and self.app.ui.sheet.painted_at_s)
        sheet = self.app.ui.sheet
        assert sheet is not None
        assert sheet.painted_at_s is not None
        ready_s = sheet.painted_at_s + 0.3
        await self.until(lambda: time.monotonic() > ready_s)


@contextlib.asynccontextmanager
async def driven(
    path: Path, desk: LiveDesk | None = None, size: tuple[int, int] = (80, 24), theme: str = "mono"
) -> AsyncIterator[Driven]:
    desk = desk if desk is not None else LiveDesk()
    async with Client(build_app(desk)) as client:
        app = Terminal(path, client, options=Options(look=themes.load(theme)))
        async with app.run_test(size=size) as pilot:
            shown = Driven(app, pilot, desk)
            await shown.until(lambda: app.link.snapshot is not None)
            await pilot.pause()
            yield shown


async def test_the_first_answer_is_shown_at_once(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.until(lambda: "posix /data/gw" in it.text)


async def test_what_is_shown_is_what_the_panel_renders(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "m")
        rendered = [it.app.panel.render_line(y).text for y in range(24)]
        assert "\n".join(row.rstrip() for row in rendered) == it.text


@pytest.mark.parametrize("theme", ["mono", "terminal", "dark", "light", "contrast"])
async def test_every_theme_opens(tmp_path: Path, theme: str) -> None:
    async with driven(tmp_path, theme=theme) as it:
        await it.press("g", "m")
        await it.until(lambda: "Migrate" in it.text)


async def test_pause_reaches_the_engine_and_says_how_to_undo(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "m", "P")
        await it.until(lambda: it.desk.acts)
        assert it.desk.acts == [("pause", 14)]
        await it.until(lambda: "job 14 pauses; P resumes it" in it.row23)
        await it.until(lambda: "| copy paused" in it.text)
        await it.press("P")
        await it.until(lambda: len(it.desk.acts) == 2)
        assert it.desk.acts[1] == ("resume", 14)


async def test_knob_reaches_the_engine(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "m", "K")
        assert " set workers _" in it.row23
        await it.press("1", "2", "enter")
        await it.until(lambda: "workers is 12; it was 10" in it.row23)
        assert it.desk.acts == [("knobs", {"workers": "12"})]


async def test_begin_copy_needs_tab_and_enter(tmp_path: Path) -> None:
    desk = LiveDesk()
    desk.fixed = PLANNED
    async with driven(tmp_path, desk) as it:
        await it.press("g", "m", "B")
        await it.until(lambda: "[ Run ]" in it.text)
        await it.settled()
        await it.press("enter")
        assert it.app.ui.sheet is None
        assert desk.acts == []
        await it.press("B")
        await it.settled()
        await it.press("tab", "enter")
        await it.until(lambda: desk.acts)
        assert desk.acts == [("start", "copy")]
        await it.until(lambda: "job 15 (copy) began" in it.row23)


async def test_i8_a_burst_begins_nothing(tmp_path: Path) -> None:
    desk = LiveDesk()
    desk.fixed = UNPLANNED
    async with driven(tmp_path, desk) as it:
        await it.press("g", "m", "B", "tab", "enter")
        assert it.app.ui.sheet is not None
        assert desk.acts == []


class RefusingDesk(LiveDesk):
    async def act(self, job: int, verb: object, act: wire.Act) -> None:
        del verb, act
        raise WrongState(what=f"job {job} has ended", where="copy", remedy="Begin a new one.")


async def test_a_refusal_is_shown_as_stderr_would_say_it(tmp_path: Path) -> None:
    async with driven(tmp_path, RefusingDesk()) as it:
        await it.press("g", "m", "P")
        await it.until(lambda: "x error  job 14 has ended" in it.text)
        assert "do       Begin a new one." in it.text
        await it.press("escape")
        assert "x error" not in it.text
        assert it.app.ui.screen is Name.MIGRATE


async def test_frozen_view_stands_still_while_the_engine_goes_on(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "m", "z")
        rows = it.text.split("\n")[2:10]
        seen = it.app.link.snapshot
        await it.until(lambda: it.app.link.snapshot is not seen)
        await it.until(lambda: "~ frozen 1 s" in it.text)
        assert it.text.split("\n")[2:10] == rows
        await it.press("z")
        await it.until(lambda: it.text.split("\n")[2:10] != rows)


async def test_low_data_leaves_the_object_column_and_the_log_out(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "m")
        assert "obj/s" in it.text.split("\n")[9]
        await it.press("b")
        await it.until(lambda: "obj/s" not in it.text.split("\n")[9])
        assert "recorded" not in it.text
        assert "ui low" in it.text


async def test_errors_and_log_are_read_from_the_engine(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "e")
        await it.until(lambda: "IMG_0031442.jpg" in it.text)
        assert r"a\xffb\u{202e}.txt" in it.text
        await it.press("g", "l")
        await it.until(lambda: "88,412" in it.text)


async def test_resize_paints_all_of_it(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "m")
        for size in ((120, 40), (40, 10), (39, 9), (300, 80), (80, 24)):
            await it.pilot.resize_terminal(*size)
            await it.until(lambda size=size: tuple(it.app.panel.shown.size) == size)  # type: ignore[misc]  # bound now
            assert it.app.panel.shown.text().strip()


async def test_a_question_does_not_stay_open_unseen(tmp_path: Path) -> None:
    desk = LiveDesk()
    desk.fixed = UNPLANNED
    async with driven(tmp_path, desk) as it:
        await it.press("g", "m", "B")
        assert it.app.ui.sheet is not None
        await it.pilot.resize_terminal(30, 5)
        await it.until(lambda: it.app.ui.sheet is None)


class FailingDesk(LiveDesk):
    error: Exception | None = None

    async def snapshot(self) -> wire.Snapshot:
        if self.error is not None:
            raise self.error
        return await super().snapshot()


async def test_a_silent_engine_keeps_its_facts_and_shows_their_age(tmp_path: Path) -> None:
    desk = FailingDesk()
    async with driven(tmp_path, desk) as it:
        await it.press("g", "m")
        desk.error = NoAnswer(what="silent", where="engine", remedy="wait")
        await it.until(lambda: it.app.link.now().state is LinkState.SILENT)
        await it.until(lambda: "engine silent ~" in it.text)
        assert "of 12,004,118" in it.text
        desk.error = None
        await it.until(lambda: "engine ok" in it.text)


async def test_a_gone_engine_keeps_its_facts_and_offers_to_start_it(tmp_path: Path) -> None:
    desk = FailingDesk()
    async with driven(tmp_path, desk) as it:
        await it.press("g", "m")
        desk.error = EngineDown(what="gone", where="engine", remedy="start it")
        await it.until(lambda: "engine gone ~" in it.text)
        assert "B starts it" in it.row23
        assert "of 12,004,118" in it.text


async def test_another_api_version_is_read_only(tmp_path: Path) -> None:
    desk = LiveDesk()
    desk.fixed = stage.snapshot(v=2)
    async with Client(build_app(desk)) as client:
        app = Terminal(tmp_path, client, options=Options(look=themes.load("mono")))
        async with app.run_test(size=(80, 24)) as pilot:
            it = Driven(app, pilot, desk)
            await it.until(lambda: "engine of another version" in it.text)
            await it.press("g", "m", "P")
            assert "read-only: the engine speaks API 2" in it.row23


async def test_q_exits_with_0(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("q")
    assert it.app.return_code == 0


async def test_only_changed_rows_are_marked(tmp_path: Path) -> None:
    desk = LiveDesk()
    desk.fixed = desk.moving()
    async with driven(tmp_path, desk) as it:
        await it.press("g", "m")
        before = Grid.of([], it.app.panel.shown.size)
        before.rows = [list(row) for row in it.app.panel.shown.rows]
        await it.press("down")
        changed = [y for y in range(1, 24) if before.rows[y] != it.app.panel.shown.rows[y]]
        assert changed == [10, 11]  # the title's age may have moved, too
