"""Bytes on the wire, counted by the reader of a pty while a live engine changes every second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.control.wire import state as wire
from core.control.wire import verify as wire_verify
from tests.tui import proved
from tests.tui.engine import LiveDesk, serving
from tests.tui.million import MILLION, failure
from tests.tui.stage import NOON_NS
from tests.tui.terminal import SPY, Terminal, ask, opened
from tests.tui.test_verify import row as difference

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire import failures as wire_failures

SECONDS = 6


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "vgwm.yaml").touch()


FIRST_PAINT = 8_000
SCREEN_CHANGE = 5_000
ARROW_KEY = 500
LOW_DATA_S = 2_000


def quiet(terminal: Terminal, for_s: float = 0.25) -> None:
    """Wait until the application has just painted and is silent for a moment."""
    seen = len(terminal.chunks)
    terminal.until(lambda: len(terminal.chunks) > seen, "never painted")
    terminal.until(lambda: time.monotonic() - terminal.chunks[-1][0] > for_s, "never silent")


def at_migrate(terminal: Terminal) -> None:
    terminal.until_written(b"/data/gw")
    terminal.press("gm")
    terminal.until_written(b"recorded" if b"ui low" not in terminal.written else b"limit")


def by_second(terminal: Terminal) -> list[int]:
    begin_s = time.monotonic()
    terminal.until(lambda: time.monotonic() > begin_s + SECONDS, "time stands", SECONDS + 5.0)
    return [terminal.bytes_between(begin_s + n, begin_s + n + 1) for n in range(SECONDS)]


@pytest.mark.parametrize(
    ("size", "workers"), [((80, 24), 10), ((200, 50), 44)], ids=["80x24", "200x50"]
)
def test_low_data_stays_below_2000_bytes_in_every_second(
    tmp_path: Path, size: tuple[int, int], workers: int
) -> None:
    with (
        serving(tmp_path / "ws", LiveDesk(workers)),
        opened(tmp_path / "ws", tmp_path, size=size, low_data=True) as terminal,
    ):
        at_migrate(terminal)
        quiet(terminal)
        begin = len(terminal.chunks)
        terminal.until(lambda: len(terminal.chunks) > begin + 1, "never painted")
        seconds = by_second(terminal)
    assert max(seconds) <= LOW_DATA_S, seconds
    assert seconds.count(0) <= 1, seconds  # something new each second, at a period of 1.02 s


def test_first_paint_screen_change_and_arrow_key(tmp_path: Path) -> None:
    with serving(tmp_path / "ws", LiveDesk()), opened(tmp_path / "ws", tmp_path) as terminal:
        terminal.until_written(b"/data/gw")
        first = len(terminal.written)
        quiet(terminal)
        begin = len(terminal.written)
        terminal.press("gm")
        terminal.until(lambda: b"recorded" in terminal.written[begin:], "no Migrate")
        change = len(terminal.written) - begin
        quiet(terminal)
        begin = len(terminal.written)
        terminal.press("j")
        terminal.until(lambda: len(terminal.written) > begin, "no answer to j")
        arrow = len(terminal.written) - begin
    assert first <= FIRST_PAINT
    assert change <= SCREEN_CHANGE
    assert arrow <= ARROW_KEY


class ManyDesk(LiveDesk):
    """An engine with a million failures and a copy that stands still."""

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        del limit
        return wire_verify.Proofs(proofs=[proved.FOUND, proved.CLEAN])

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        ends = min(MILLION, query.at + query.limit)
        rows = [difference(place) for place in range(query.at, ends)]
        return wire_verify.View(job=15, name=query.name, at=query.at, total=MILLION, rows=rows)

    async def failures(self, query: wire_failures.FailureQuery) -> wire.Failures:
        begins = query.at or 0
        if query.after or query.before:
            place = int(query.after or query.before)
            begins = place + 1 if query.after else place - query.limit
        rows = [
            msgspec.structs.replace(failure(place), cursor=str(place))
            for place in range(begins, min(MILLION, begins + query.limit))
        ]
        return wire.Failures(failures=rows, total=MILLION, as_of_ns=NOON_NS)


@pytest.mark.parametrize(("go", "there", "more"), [("ge", b"class", ""), ("gv", b"join", "\t")])
def test_a_key_in_a_long_list_costs_few_bytes(
    tmp_path: Path, go: str, there: bytes, more: str
) -> None:
    desk = ManyDesk()
    desk.fixed = desk.moving()

    def cost(keys: str) -> int:
        begin = len(terminal.written)
        terminal.press(keys)
        terminal.until(lambda: len(terminal.written) > begin, f"no answer to {keys!r}")
        quiet(terminal)
        return len(terminal.written) - begin

    with serving(tmp_path / "ws", desk), opened(tmp_path / "ws", tmp_path) as terminal:
        terminal.until_written(b"/data/gw")
        terminal.press(go)
        terminal.until_written(there)
        terminal.press(more)
        terminal.until_written(b"2024/0000000.jpg")
        quiet(terminal)
        assert cost("j") <= ARROW_KEY
        assert cost("\x1b[F") <= SCREEN_CHANGE
        assert b"999,999" in terminal.written
        assert cost("\x1b[5~") <= SCREEN_CHANGE


def test_the_drivers_own_count_agrees_with_the_readers(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    with (
        serving(workspace, LiveDesk()),
        opened(workspace, tmp_path, code=SPY) as terminal,
    ):
        at_migrate(terminal)
        quiet(terminal)
        told = ask(workspace).bytes_out
        assert told == pytest.approx(len(terminal.written), rel=0.02)


def fill(terminal: Terminal, workspace: Path) -> None:
    """Let the application write until the terminal takes no more: two screens, again and again."""
    grew_s = time.monotonic()
    while time.monotonic() - grew_s < 0.5:
        before = ask(workspace).bytes_out
        terminal.press("ghgm?")
        time.sleep(0.05)  # a paint's time; whether it was enough is asked, not assumed
        if ask(workspace).bytes_out > before:
            grew_s = time.monotonic()


def test_a_stuck_terminal_gets_nothing_and_then_low_data(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    with (
        serving(workspace, LiveDesk()),
        opened(workspace, tmp_path, code=SPY) as terminal,
    ):
        at_migrate(terminal)
        terminal.reads.clear()
        fill(terminal, workspace)
        terminal.until(lambda: ask(workspace).low_data, "never low-data")
        held = ask(workspace).bytes_out
        terminal.reads.set()
        terminal.until_written(b"low-data is on")
        # Screens asked for in the 0.3 s before it counted as stuck; seconds of it would be more.
        assert len(terminal.written) < held + 20_000


def test_nothing_new_paints_only_ages(tmp_path: Path) -> None:
    desk = LiveDesk()
    desk.fixed = desk.moving()
    with serving(tmp_path / "ws", desk), opened(tmp_path / "ws", tmp_path) as terminal:
        at_migrate(terminal)
        quiet(terminal)
        seconds = by_second(terminal)
    assert max(seconds) <= 100, seconds


def test_ascii_sends_no_byte_over_0x7e_and_no_color_no_colour(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "ws", LiveDesk()),
        opened(tmp_path / "ws", tmp_path, LANG="C", LC_ALL="C", NO_COLOR="1") as terminal,
    ):
        at_migrate(terminal)
        quiet(terminal)
        written = terminal.written
    assert max(written) <= 0x7E
    for begin in range(30, 38):
        assert b"\x1b[%dm" % begin not in written
        assert b";%dm" % begin not in written
    assert b"38;" not in written
