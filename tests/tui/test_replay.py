"""A recording on the screens: its facts, its keys, and no way to act on what is over."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from core.control.flight import frames as flight
from core.control.flight.reading import open_recording
from core.control.flight.replaying import Playhead, ReplayClient
from core.control.flight.ring import FlightRing
from core.control.wire import state as wire
from tests.tui import stage
from tests.tui.terminal import opened
from tests.tui.test_views import drawn
from tui.app import Terminal
from tui.linked import Link, LinkState, Played
from tui.options import Options
from tui.screen import Name
from tui.terminal import themes
from tui.views.line import Size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

MINUTES = 10


class Replayed:
    """An application over a recording of ten minutes, whose clock stands still."""

    def __init__(self, app: Terminal, pilot: Pilot[int], playhead: Playhead) -> None:
        self.app = app
        self.pilot = pilot
        self.playhead = playhead

    @property
    def text(self) -> str:
        return self.app.panel.shown.text()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, shown: str) -> None:
        end_s = time.monotonic() + 60
        while shown not in self.text:
            assert time.monotonic() < end_s, self.text
            await asyncio.sleep(0.01)


def _recorded(folder: Path) -> None:
    ring = FlightRing(folder / flight.FOLDER)
    for second in range(MINUTES * 60 + 1):
        totals = wire.Totals(objects=100_000, migrated=second * 100, remaining=100_000)
        now = stage.snapshot(
            at_ns=stage.NOON_NS + second * stage.S,
            totals=totals,
            jobs=[stage.job(state="paused" if second > 590 else "running")],
        )
        ring.add(now.at_ns, flight.pack(now, str))
    ring.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    _recorded(folder)
    return folder


@contextlib.asynccontextmanager
async def replayed(
    folder: Path, clock: Callable[[], float] = lambda: 0.0
) -> AsyncIterator[Replayed]:
    recording = open_recording(folder)
    playhead = Playhead(recording.times_ns, clock=clock)
    app = Terminal(
        folder,
        ReplayClient(recording, playhead),
        options=Options(look=themes.load(themes.MONO)),
    )
    async with app.run_test(size=(80, 24)) as pilot:
        yield Replayed(app, pilot, playhead)


async def test_it_shows_the_recorded_facts_marked_as_a_replay(recorded: Path) -> None:
    async with replayed(recorded) as it:
        await it.until("REPLAY 14:02:11 x10")
        await it.press("g", "m")
        await it.until("0 of 100,000")
        assert it.app.scene.now_ns == stage.NOON_NS  # ages are those of then
        assert "> copying" in it.text
        assert "REPLAY of 24 Nov 2025" in it.text
        assert "engine ok" not in it.text
        assert "0.0 % of 10 m 00 s, plays" in it.text


async def test_keys_move_it_and_the_screen_follows(recorded: Path) -> None:
    async with replayed(recorded) as it:
        await it.press("g", "m", "5")
        await it.until("REPLAY 14:07:11")
        await it.until("30,000 of 100,000")
        await it.press("right")
        await it.until("33,000 of 100,000")
        await it.press("left", "left")
        await it.until("27,000 of 100,000")
        await it.press("0", ".")
        await it.until("60,000 of 100,000")
        await it.until("100.0 % of 10 m 00 s, ended")
        await it.press(",")
        await it.until("REPLAY 14:02:11")


async def test_space_stops_it_and_speed_changes(recorded: Path) -> None:
    clock = [0.0]
    async with replayed(recorded, lambda: clock[0]) as it:
        await it.press("g", "m", "space")
        await it.until("paused")
        clock[0] = 20.0
        await it.press(">")
        await it.until("REPLAY 14:02:11 x30")
        assert it.playhead.position_s == 0.0
        await it.press("<", "<", "space")
        await it.until("x5")
        clock[0] = 30.0
        await it.until("5,000 of 100,000")


async def test_nothing_can_be_done_to_what_is_over(recorded: Path) -> None:
    async with replayed(recorded) as it:
        await it.press("g", "m")
        await it.until("0 of 100,000")
        for key in ("P", "X", "K", "B"):
            await it.press(key)
            await it.until("this is a replay: nothing can be changed")
            assert it.app.ui.sheet is None
            assert it.app.ui.prompt is None
        await it.press("9")
        await it.until("54,000 of 100,000")


async def test_other_screens_show_it_too(recorded: Path) -> None:
    async with replayed(recorded) as it:
        for letter, shown in (("h", "Home"), ("l", "Log"), ("e", "Errors")):
            await it.press("g", letter)
            await it.until(f"photos   {shown}")
            assert "REPLAY 14:02:11" in it.text
        await it.until("a recording counts objects, and holds no list")
        await it.press("q")


PLAYED = Played(at_ns=stage.NOON_NS, speed=10, share=0.4, length_s=3_600, paused=False, ended=False)


@pytest.mark.parametrize("name", list(Name))
@pytest.mark.parametrize("size", [Size(80, 24), Size(40, 10), Size(200, 50), Size(30, 5)])
def test_no_screen_of_a_replay_can_be_taken_for_a_live_one(name: Name, size: Size) -> None:
    link = Link(state=LinkState.REPLAY, age_s=0.0, played=PLAYED)
    shown = drawn(stage.scene(stage.snapshot()), stage.ui(name, link=link), size)
    assert "REPLAY" in shown.split("\n")[0]
    assert "engine ok" not in shown


def test_the_command_opens_it_on_a_terminal_and_leaves_with_0(
    recorded: Path, tmp_path: Path
) -> None:
    code = "import sys; from tui.main import main; sys.argv[1:] = ['replay', sys.argv[1]]; main()"
    with opened(recorded, tmp_path, code=code) as terminal:
        terminal.until_written(b"REPLAY ")
        terminal.press("q")
        assert terminal.end() == 0
        assert b"the engine goes on" not in terminal.written
