"""The command line after `:`: a child process of `vgwm`, its answer over the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput
from tests.tui import stage
from tests.tui.test_acts import after
from tests.tui.test_app import driven
from tui.acts import effects
from tui.acts.prompt import completed
from tui.hands import line_child
from tui.ui import Asks, Output, Prompt

if TYPE_CHECKING:
    from pathlib import Path


def line(typed: str) -> Prompt:
    return Prompt(asks=Asks.LINE, typed=typed)


def test_enter_runs_the_line_and_keeps_it() -> None:
    step = after(stage.ui(), ":", *"jobs", "enter")
    assert step.effect == effects.RunLine("jobs")
    assert step.ui.output == Output(typed="jobs")
    assert step.ui.history == ("jobs",)


def test_up_and_down_go_through_what_was_run() -> None:
    ui = stage.ui(history=("jobs", "set workers=2"))
    for keys, typed in (
        (("up",), "set workers=2"),
        (("up", "up", "up"), "jobs"),
        (("up", "up", "down"), "set workers=2"),
        (("up", "down"), ""),
    ):
        prompt = after(ui, ":", *keys).ui.prompt
        assert prompt is not None
        assert prompt.typed == typed


@pytest.mark.parametrize(
    ("typed", "found", "expected", "offers"),
    [
        ("engine sta", ("start", "status"), "engine sta", ("start", "status")),
        ("engine st", ("start", "status"), "engine sta", ("start", "status")),
        ("ru", ("run",), "run ", ()),
        ("set ", ("workers",), "set workers ", ()),
        ("set x=1", ("workers",), "set x=1", ("workers",)),
    ],
)
def test_tab_adds_what_all_offers_share(
    typed: str, found: tuple[str, ...], expected: str, offers: tuple[str, ...]
) -> None:
    prompt = completed(line(typed), found)
    assert (prompt.typed, prompt.offers) == (expected, offers)


def test_an_open_quotation_is_bad_input() -> None:
    with pytest.raises(BadInput):
        line_child.words_of("skip --reason 'old")
    assert line_child.words_of("vgwm skip --reason 'old one'") == ["skip", "--reason", "old one"]


def test_what_a_command_writes_can_be_scrolled_and_closed() -> None:
    output = Output(typed="errors", lines=tuple(f"line {n}" for n in range(100)), ended="")
    ui = stage.ui(output=output)
    for keys, top in ((("down",), 1), (("end",), 99), (("pagedown",), ui.room), (("up",), 0)):
        shown = after(ui, *keys).ui.output
        assert shown is not None
        assert shown.top == top
    assert after(ui, "escape").ui.output is None


async def test_the_clis_own_completion_completes(tmp_path: Path) -> None:
    assert set(await line_child.complete(tmp_path, "engine sta")) >= {"start", "status"}
    assert await line_child.complete(tmp_path, "engine 'sta") == ()


async def test_a_command_that_is_not_waited_for_is_ended(tmp_path: Path) -> None:
    answer = await line_child.run(tmp_path, ["--version"], wait_s=0.0)
    assert answer.code is None


async def test_the_answer_stands_over_the_screen_until_escape(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "m", ":", *"engine status", "enter")
        await it.until(lambda: "exit 2" in it.text)
        assert "vgwm init" in it.text  # the remedy, at the end of a line longer than the screen
        await it.press("escape")
        await it.until(lambda: "obj/s" in it.text)


def test_control_characters_of_an_answer_are_shown_and_escapes_kept() -> None:
    assert line_child.shown("a\x1b[2Jb") == r"a\u{1b}[2Jb"
    assert line_child.shown(r"photos/a\xff\\b") == r"photos/a\xff\\b"
