"""The engine link: how it names what the engine does, and how long it waits; the meter; glyphs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.control.client import Client
from core.control.server import build_app
from core.errors import Broken, EngineDown, NoAnswer
from tests.tui.engine import LiveDesk
from tests.tui.terminal import ROOT, environment, opened
from tui.facts.link import PERIOD_S, EngineLink
from tui.hands import child
from tui.linked import ACT_LIMIT_S, LinkState
from tui.terminal import glyphs
from tui.terminal.glyphs import Glyphs
from tui.terminal.meter import Meter

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire import state as wire


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Desk(LiveDesk):
    error: Exception | None = None

    async def snapshot(self) -> wire.Snapshot:
        if self.error is not None:
            raise self.error
        return await super().snapshot()


async def test_a_silent_engine_is_asked_after_1_2_4_and_8_seconds() -> None:
    desk, clock = Desk(), Clock()
    async with Client(build_app(desk)) as client:
        link = EngineLink(client, clock)
        assert await link.poll() == PERIOD_S
        desk.error = NoAnswer(what="silent", where="engine", remedy="wait")
        waits = [await link.poll() for _ in range(5)]
        assert [round(wait) for wait in waits] == [1, 2, 4, 8, 8]
        assert link.now().state is LinkState.SILENT
        desk.error = None
        assert await link.poll() == PERIOD_S
        assert link.now().state is LinkState.LIVE


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NoAnswer(what="w", where="x", remedy="r"), LinkState.SILENT),
        (EngineDown(what="w", where="x", remedy="r"), LinkState.GONE),
        (Broken(what="w", where="x", remedy="r"), LinkState.FOREIGN),
    ],
)
async def test_i7_no_answer_is_never_ok(error: Exception, state: LinkState) -> None:
    desk, clock = Desk(), Clock()
    async with Client(build_app(desk)) as client:
        link = EngineLink(client, clock)
        await link.poll()
        facts = link.snapshot
        desk.error = error
        clock.now_s += 12.0
        await link.poll()
        now = link.now()
    assert (now.state, now.age_s, link.snapshot) == (state, 12.0, facts)
    assert now.quiet_s > ACT_LIMIT_S
    assert now.why_no_acts


def test_the_meter_counts_bytes_a_second_and_finds_a_slow_terminal() -> None:
    meter = Meter()
    meter.sample(1_000, 0.0, 10.0)
    assert meter.bytes_s is None
    meter.sample(1_700, 0.0, 11.0)
    assert meter.bytes_s == pytest.approx(700.0)
    slow = []
    for second, stuck_s in enumerate((0.5, 0.0, 0.4, 1.0)):
        meter.sample(1_700, stuck_s, 12.0 + second)
        slow.append(meter.is_slow)
    assert slow == [False, False, False, True]
    meter.forget()
    assert not meter.is_slow


def test_a_stall_of_long_ago_is_forgotten() -> None:
    meter = Meter()
    for second in range(40):
        meter.sample(0, 0.5 if second % 5 == 0 else 0.0, float(second))
        assert not meter.is_slow


def test_glyphs_asked_for_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    assert glyphs.is_unicode(Glyphs.UNICODE)
    assert not glyphs.is_unicode(Glyphs.ASCII)
    assert not glyphs.is_unicode(Glyphs.AUTO)


@pytest.mark.parametrize(
    ("locale", "shown"), [({"LANG": "C"}, b"False"), ({"LANG": "C.UTF-8"}, b"True")]
)
def test_a_c_locale_gets_ascii(tmp_path: Path, locale: dict[str, str], shown: bytes) -> None:
    code = "from tui.terminal.glyphs import *; print(is_unicode(Glyphs.AUTO))"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(tmp_path, **locale),
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == shown


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A workspace that no engine has ever served."""
    (tmp_path / "gw" / "photos").mkdir(parents=True)
    path = tmp_path / "ws"
    subprocess.run(  # noqa: S603 - our own command line
        [
            *(sys.executable, "-m", "tui.main", "init", "-w", str(path)),
            *("--source", f"posix:{tmp_path / 'gw'}", "--target", f"dir:{tmp_path / 'out'}"),
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return path


async def test_without_an_engine_the_facts_are_the_ledgers(fresh: Path) -> None:
    snapshot = await child.ledger_snapshot(fresh)
    assert (snapshot.engine.state, snapshot.workspace.name) == ("down", "ws")


async def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="workspace"):
        await child.start_engine(tmp_path / "nowhere")


def test_the_screen_shows_the_ledger_and_how_to_start(fresh: Path, tmp_path: Path) -> None:
    with opened(fresh, tmp_path) as terminal:
        terminal.until_written(b"no engine ~")
        terminal.until_written(b"these facts are the ledger's; B starts it")
        terminal.press("q")
        assert terminal.end() == 3
