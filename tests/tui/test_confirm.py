"""Acts that change a side: only the word, typed after the sheet was seen, does what was shown."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from textual.events import Paste

from core.control.wire.cutover import Off
from core.errors import Refused
from tests.tui import crossed, stage
from tests.tui.engine import LiveDesk
from tests.tui.test_acts import after
from tests.tui.test_app import Driven, driven
from tests.tui.test_views import LEASED
from tui.acts import effects
from tui.acts.crossing_sheet import crossing_sheet
from tui.facts.crossing import Crossing
from tui.linked import ACT_LIMIT_S, Link, LinkState
from tui.screen import Name
from tui.ui import Asks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from core.control.wire import state as wire
    from core.control.wire.cutover import Cutover, CutoverPlan, CutoverRequest
    from core.control.wire.rollback import Rollback, RollbackQuery
    from tui.ui import Scene, Ui

WANTED = Crossing("rollback")
ACT = effects.DoCrossing(crossed.BACK_PLAN, WANTED)
QUIET = stage.snapshot(jobs=[stage.PLAN_DONE])
LIVE = msgspec.structs.replace(QUIET, risk=crossed.RISK)


def at(name: Name = Name.CUTOVER, **fields: object) -> tuple[Ui, Scene]:
    scene = stage.scene(LIVE, cutover=crossed.READY, rollback=crossed.BACK)
    return stage.ui(name, **fields), scene


def sheeted() -> Ui:
    sheet = replace(crossing_sheet(crossed.BACK_PLAN, ACT), painted_at_s=0.0)
    return stage.ui(Name.ROLLBACK, sheet=sheet)


@pytest.mark.parametrize(
    ("key", "act"), [("B", "rehearse"), ("C", "cutover"), ("X", "abort"), ("R", "rollback")]
)
def test_an_act_asks_for_its_plan_and_does_nothing_yet(key: str, act: str) -> None:
    ui, scene = at()
    step = after(ui, key, scene=scene)
    assert step.effect == effects.AskCrossing(Crossing(act))


def test_c_commits_once_green_is_live() -> None:
    ui, scene = at()
    live = msgspec.structs.replace(crossed.LIVE, off=crossed.READY.off)
    assert after(ui, "C", scene=replace(scene, cutover=live)).effect == effects.AskCrossing(
        Crossing("commit")
    )


@pytest.mark.parametrize("name", [name for name in Name if name is not Name.HELP])
def test_r_opens_the_way_back_from_any_screen_once_green_is_live(name: Name) -> None:
    ui, scene = at(name)
    step = after(ui, "R", scene=scene)
    assert (step.ui.screen, step.effect) == (Name.ROLLBACK, effects.AskCrossing(WANTED))
    before = after(ui, "R", scene=replace(scene, snapshot=QUIET, rollback=None))
    assert (before.effect, before.ui.screen) == (None, name)
    assert before.ui.message is not None
    assert "nothing to go back from" in before.ui.message.text


def test_an_act_that_is_off_says_why() -> None:
    ui, scene = at()
    off = Off(start="gate lb-2 is unknown\njob 3 (copy) is running")
    busy = msgspec.structs.replace(crossed.NOT_READY, off=off)
    step = after(ui, "C", scene=replace(scene, cutover=busy))
    assert step.effect is None
    assert step.ui.message is not None
    assert step.ui.message.text == "C cut over is off: job 3 (copy) is running"


def test_gates_are_asked_with_the_plan_so_that_they_turn_no_key_off() -> None:
    ui, scene = at()
    step = after(ui, "C", scene=replace(scene, cutover=crossed.NOT_READY))
    assert step.effect == effects.AskCrossing(Crossing("cutover"))


@pytest.mark.parametrize("key", ["B", "C", "X", "R"])
@pytest.mark.parametrize(
    "link",
    [
        Link(state=LinkState.SILENT, age_s=12.0, quiet_s=ACT_LIMIT_S + 2),
        Link(state=LinkState.FOREIGN, detail="the engine speaks API 2"),
        Link(state=LinkState.REPLAY),
    ],
    ids=["silent", "foreign", "replay"],
)
def test_nothing_changes_a_side_without_a_listening_engine(key: str, link: Link) -> None:
    ui, scene = at(link=link)
    step = after(ui, key, scene=scene)
    assert (step.effect, step.ui.sheet, step.ui.prompt) == (None, None, None)


@pytest.mark.parametrize("key", ["B", "C", "X"])
def test_an_act_while_another_steers_asks_why(key: str) -> None:
    ui, scene = at(actor="op2")
    prompt = after(ui, key, scene=replace(scene, snapshot=LEASED)).ui.prompt
    assert prompt is not None
    assert prompt.asks is Asks.TAKEOVER


@pytest.mark.parametrize(
    "keys",
    [
        ("enter",),
        ("tab", "enter"),
        ("R",) * 5,
        (*("R",) * 5, "enter"),
        (*"photo", "enter"),
        (*"Photos", "enter"),
        (*"photos"[::-1], "enter"),
        (*"photos", "escape", "enter"),
    ],
)
def test_i8_nothing_but_the_word_does_it(keys: Sequence[str]) -> None:
    assert after(sheeted(), *keys, at_s=1.0).effect is None


def test_i8_the_word_does_what_was_shown() -> None:
    step = after(sheeted(), *"photos", "enter", at_s=1.0)
    assert (step.effect, step.ui.sheet) == (ACT, None)


def test_i8_a_wrong_word_says_so_keeps_the_sheet_and_nothing_typed() -> None:
    step = after(sheeted(), *"photo", "enter", at_s=1.0)
    assert step.ui.sheet is not None
    assert (step.ui.sheet.wrong, step.ui.sheet.typed) == (True, "")
    assert after(step.ui, *"photos", "enter", at_s=9.0).effect == ACT


def test_i8_keys_before_the_sheet_was_seen_do_not_count() -> None:
    ui = sheeted()
    assert ui.sheet is not None
    unseen = replace(ui, sheet=replace(ui.sheet, painted_at_s=None))
    assert after(unseen, *"photos", "enter", at_s=1.0).effect is None


class Crossings(LiveDesk):
    """An engine that is ready, then live on green; its plans change when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.made = crossed.BACK_PLAN
        self.moved: CutoverPlan | None = None
        self.begun: list[dict[str, str]] = []
        self.ways: list[tuple[str, str, str]] = []
        self.planned: list[CutoverRequest] = []

    async def snapshot(self) -> wire.Snapshot:
        return LIVE

    async def cutover(self, slice_: str) -> Cutover:
        del slice_
        return crossed.READY

    async def rollback(self, query: RollbackQuery) -> Rollback:
        self.ways.append((query.way, query.origin, query.to))
        return msgspec.structs.replace(crossed.BACK, way=query.way)

    async def make_cutover(self, request: CutoverRequest) -> CutoverPlan:
        self.acts.append(("plan", request.act))
        self.planned.append(request)
        return self.made

    async def start_job(self, request: wire.JobRequest) -> int:
        if self.moved is not None and request.args.get("plan") != self.moved.hash:
            self.made = self.moved
            raise Refused(what="the world has moved", where="plan", remedy="Look again.")
        self.begun.append(dict(request.args))
        return 32


@contextlib.asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[Driven, Crossings]]:
    """An application with the plan back to blue in its sheet."""
    desk = Crossings()
    async with driven(path, desk) as it:
        await it.press("R")
        await it.until(lambda: "type   photos, then Enter" in it.text)
        yield it, desk


async def test_r_then_the_word_goes_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as (it, desk):
        assert "plan 9d2f00c1" in it.text
        assert "at risk now" in it.text
        await it.settled()
        await it.press(*"photos", "enter")
        await it.until(lambda: desk.begun)
        assert desk.begun == [crossed.BACK_PLAN.args]
        await it.until(lambda: "job 32 (rollback) began" in it.row23)


async def test_i8_a_burst_does_nothing(tmp_path: Path) -> None:
    desk = Crossings()
    async with driven(tmp_path, desk) as it:
        await it.press("R", *"photos", "enter")
        await it.until(lambda: "type   photos, then Enter" in it.text)
        assert desk.begun == []
        assert it.app.ui.sheet is not None
        assert it.app.ui.sheet.typed == ""


async def test_i8_a_paste_types_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as (it, desk):
        await it.settled()
        it.app.post_message(Paste("photos\n"))
        await it.pilot.pause()
        await it.press("enter")
        assert desk.begun == []
        assert it.app.ui.sheet is not None


async def test_i8_the_same_key_and_enter_do_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as (it, desk):
        await it.settled()
        await it.press("R", "R", "enter", "enter", "tab", "enter")
        assert desk.begun == []
        assert it.app.ui.sheet is not None


async def test_i8_a_world_that_moved_shows_the_new_plan_and_keeps_nothing_typed(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as (it, desk):
        desk.moved = msgspec.structs.replace(
            crossed.BACK_PLAN, hash="0a1b2c3d", args={"plan": "0a1b2c3d"}
        )
        await it.settled()
        await it.press(*"photos", "enter")
        await it.until(lambda: "it is another plan now: 9d2f00c1 was it" in it.text)
        assert it.app.ui.sheet is not None
        assert it.app.ui.sheet.typed == ""
        await it.settled()
        await it.press(*"photos", "enter")
        await it.until(lambda: desk.begun)
        assert desk.begun == [{"plan": "0a1b2c3d"}]


def test_a_gates_warning_is_taken_on_with_a_reason_and_nothing_else_is() -> None:
    warned = crossed.gate("fence", "the load balancers alone fence it", verdict="warn", open=False)
    ui, scene = at()
    scene = replace(scene, cutover=msgspec.structs.replace(crossed.READY, gates=(warned,)))
    asked = after(ui, "A", *"fine", "enter", scene=scene).ui
    assert asked.sheet is not None
    assert asked.sheet.act == effects.Answer("gate:fence", "fine", is_note=False)
    assert asked.sheet.command == "vgwm cutover status --ack fence=fine"
    assert after(ui, "A", "enter", scene=scene).ui.sheet is None
    step = after(ui, "A", scene=replace(scene, cutover=crossed.READY))
    assert step.ui.prompt is None
    assert step.ui.message is not None
    assert "only a warning can be taken on" in step.ui.message.text


def test_tab_goes_from_slice_to_slice_and_acts_are_about_the_one_shown() -> None:
    ui, scene = at()
    scene = replace(
        scene, cutover=msgspec.structs.replace(crossed.NOT_READY, off=crossed.READY.off)
    )
    there = after(ui, "tab", scene=scene)
    assert (there.ui.slice, there.effect) == ("docs", effects.LoadList())
    assert after(there.ui, "C", scene=scene).effect == effects.AskCrossing(
        Crossing("cutover", "docs")
    )


async def test_a_plan_that_is_off_lists_every_reason(tmp_path: Path) -> None:
    desk = Crossings()
    reasons = "gate canary is unknown: no answer\ngate fence warns and is not acknowledged"
    desk.made = msgspec.structs.replace(crossed.BACK_PLAN, off=reasons)
    async with driven(tmp_path, desk) as it:
        await it.press("R")
        await it.until(lambda: "exit 5" in it.text)
        for line in reasons.splitlines():
            assert line in it.text
        assert it.app.ui.sheet is None
        await it.press("escape")
        assert "exit 5" not in it.text
