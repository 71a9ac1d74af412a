"""Rollback by keys: which way, and what is at risk by name, while green is alive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.control.wire import state as wire
from core.control.wire.rollback import NamesQuery, RiskName, RiskNames
from tests.tui import crossed, stage
from tests.tui.million import MILLION
from tests.tui.stage import NOON_NS
from tests.tui.test_acts import after
from tests.tui.test_app import driven
from tests.tui.test_confirm import LIVE, Crossings, at
from tui.acts import effects
from tui.acts.said import command_of
from tui.facts.at_risk import Which
from tui.facts.crossing import Crossing
from tui.facts.way import Back
from tui.screen import Name
from tui.ui import Asks

if TYPE_CHECKING:
    from pathlib import Path

NEXT = ("photos", "docs", "rest")
TREE = Back("data", "/backup/gw", "/data/gw new")


def test_tab_goes_from_way_to_way_and_r_asks_for_the_one_shown() -> None:
    ui, scene = at(Name.ROLLBACK)
    full = after(ui, "tab", scene=scene)
    assert (full.ui.way, full.effect) == (Back("full"), effects.LoadList())
    assert after(full.ui, "R", scene=scene).effect == effects.AskCrossing(
        Crossing("rollback", "", Back("full"))
    )
    asking = after(full.ui, "tab", scene=scene).ui
    assert asking.prompt is not None
    assert asking.prompt.asks is Asks.RESTORE
    data = after(asking, *"/backup/gw '/data/gw new'", "enter", scene=scene)
    assert (data.ui.way, data.effect) == (TREE, effects.LoadList())
    assert command_of(data.ui, scene) == (
        "vgwm rollback plan --data --backup-location /backup/gw --to '/data/gw new'"
    )
    assert after(data.ui, "R", scene=scene).effect == effects.AskCrossing(
        Crossing("rollback", "", TREE)
    )
    assert after(data.ui, "tab", scene=scene).ui.way == Back()
    assert after(data.ui, "escape", scene=scene).ui.way == Back()


@pytest.mark.parametrize("typed", ["", "/backup/gw", "gw /data/new", "/a /b /c", "'/a /b"])
def test_a_restore_without_two_whole_paths_is_not_asked_for(typed: str) -> None:
    ui, scene = at(Name.ROLLBACK, way=Back("full"))
    step = after(ui, "tab", *typed, "enter", scene=scene)
    assert (step.ui.way, step.ui.prompt, step.effect) == (Back("full"), None, None)
    assert step.ui.message is not None
    assert "two folders by their whole paths" in step.ui.message.text


def test_r_on_another_screen_is_the_quick_way_whatever_was_looked_at_before() -> None:
    ui, scene = at(Name.HOME, way=Back("full"), names=Which.AT_RISK)
    scene = replace(scene, rollback=crossed.NOT_LIVE)
    step = after(ui, "R", scene=scene)
    assert step.effect == effects.AskCrossing(Crossing("rollback"))
    assert (step.ui.screen, step.ui.way, step.ui.names) == (Name.ROLLBACK, Back(), None)
    stays = after(replace(ui, screen=Name.ROLLBACK, names=None), "R", scene=scene)
    assert stays.effect is None
    assert stays.ui.message is not None
    assert "green has not taken over" in stays.ui.message.text


def test_enter_lists_the_figure_under_the_cursor_and_esc_comes_back_to_it() -> None:
    ui, scene = at(Name.ROLLBACK)
    for moves, which in (((), Which.AT_RISK), (("down",), Which.CANNOT_CARRY)):
        step = after(ui, *moves, "enter", scene=scene)
        assert (step.ui.names, step.ui.cursor, step.effect) == (which, 0, effects.LoadList())
        back = after(step.ui, "escape", scene=scene).ui
        assert (back.names, back.cursor, back.screen) == (None, len(moves), Name.ROLLBACK)
    assert after(ui, "down", "down", "enter", scene=scene).ui.names is None  # a gate
    listed = replace(ui, names=Which.CANNOT_CARRY, slice="docs")
    assert command_of(listed, scene) == "vgwm rollback names --slice docs --cannot-carry"


class Names(Crossings):
    """An engine with a million keys at risk that are made when they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[NamesQuery] = []
        self.gone = 0

    async def names(self, query: NamesQuery) -> RiskNames:
        self.asked.append(query)
        places = range(query.at, min(query.at + query.limit, MILLION))
        rows = tuple(
            RiskName(
                object=f"photos/{place + self.gone:07}.jpg",
                op="put",
                size_bytes=4_096,
                seen_ns=NOON_NS,
            )
            for place in places
        )
        return RiskNames(
            slice="all", what=query.what, rows=rows, as_of_ns=NOON_NS, at=query.at, total=MILLION
        )


async def test_a_million_names_are_read_by_the_screen_and_are_live(tmp_path: Path) -> None:
    desk = Names()
    async with driven(tmp_path, desk) as it:
        await it.press("g", "r")
        await it.until(lambda: "cannot carry" in it.text)
        await it.press("enter")
        await it.until(lambda: "photos/0000000.jpg" in it.text)
        assert "1,000,000 keys" in it.text
        await it.press("end")
        await it.until(lambda: "> " in it.text and "photos/0999999.jpg" in it.text)
        desk.gone = 7
        await it.until(lambda: "photos/1000006.jpg" in it.text)
        assert all(query.limit <= 500 for query in desk.asked)
        assert sum(query.limit for query in desk.asked) < MILLION // 100
        await it.press("escape")
        await it.until(lambda: "back to blue, slice all" in it.text)


async def test_the_full_way_is_shown_planned_and_begun_by_its_own_hash(tmp_path: Path) -> None:
    desk = Crossings()
    desk.made = crossed.FULL_PLAN
    async with driven(tmp_path, desk) as it:
        await it.press("g", "r")
        await it.until(lambda: "back to blue, slice all   quick" in it.text)
        await it.press("tab")
        await it.until(lambda: "back to blue, slice all   full" in it.text)
        assert desk.ways[-1] == ("full", "", "")
        await it.press("R")
        await it.until(lambda: "type   photos, then Enter" in it.text)
        assert "puts back 2 files of blue's own" in it.text
        assert desk.planned[-1].way == "full"
        await it.settled()
        await it.press(*"photos", "enter")
        await it.until(lambda: desk.begun)
        assert desk.begun == [crossed.FULL_PLAN.args]


def test_a_big_bang_is_begun_from_the_screen_while_gates_of_a_copy_are_spared() -> None:
    ui, _ = at()
    scene = stage.scene(LIVE, cutover=crossed.BIG_BANG)
    assert after(ui, "C", scene=scene).effect == effects.AskCrossing(Crossing("cutover"))


def test_r_is_about_the_slice_that_went_to_green_last_and_n_goes_to_another() -> None:
    ui, scene = at(Name.HOME)
    slices = [
        wire.SliceShort(name=name, state=state, number="12", since_ns=since_ns)
        for name, state, since_ns in (
            ("photos", "GREEN_LIVE", 1),
            ("docs", "GREEN_LIVE", 2),
            ("rest", "FENCE", 3),
        )
    ]
    scene = replace(scene, snapshot=msgspec.structs.replace(LIVE, slices=slices))
    step = after(ui, "R", scene=scene)
    assert (step.ui.slice, step.effect) == (
        "docs",
        effects.AskCrossing(Crossing("rollback", "docs")),
    )
    chosen = after(replace(ui, slice="photos"), "R", scene=scene)
    assert chosen.effect == effects.AskCrossing(Crossing("rollback", "photos"))
    assert [after(replace(step.ui, slice=name), "n", scene=scene).ui.slice for name in NEXT] == [
        "docs",
        "rest",
        "photos",
    ]
    whole = [msgspec.structs.replace(slices[1], name="all")]
    alone = replace(scene, snapshot=msgspec.structs.replace(LIVE, slices=whole))
    assert after(ui, "R", scene=alone).effect == effects.AskCrossing(Crossing("rollback"))
