"""Goldens of Cutover and Rollback in each state, as text. Written anew with VGWM_GOLDENS=write."""

from __future__ import annotations

import os
from dataclasses import replace

import msgspec
import pytest

from core.control import facts
from core.control.wire import state as wire
from core.control.wire.cutover import Step
from tests.tui import crossed, stage
from tests.tui.test_views import GOLDENS, LARGE, SMALL, UNPLANNED, drawn
from tui.acts import effects
from tui.acts.crossing_sheet import crossing_sheet
from tui.facts.at_risk import Which
from tui.facts.crossing import Crossing
from tui.facts.way import Back
from tui.keys import Keymap
from tui.linked import Link, LinkState
from tui.screen import Name
from tui.ui import Asks, Prompt, Scene, Ui
from tui.views.frame import draw
from tui.views.line import Size, packed

QUIET = stage.snapshot(jobs=[stage.PLAN_DONE])
GONE = Link(state=LinkState.GONE, age_s=3.0)
PLAN = crossing_sheet(crossed.PLAN, effects.DoCrossing(crossed.PLAN, Crossing("cutover", "photos")))
BACK = crossing_sheet(
    crossed.BACK_PLAN, effects.DoCrossing(crossed.BACK_PLAN, Crossing("rollback"))
)
MOVED = crossing_sheet(
    crossed.BACK_PLAN,
    effects.DoCrossing(crossed.BACK_PLAN, Crossing("rollback")),
    msgspec.structs.replace(crossed.BACK_PLAN, hash="0a1b2c3d"),
)


FULL, DATA, BIG = (
    crossing_sheet(plan, effects.DoCrossing(plan, Crossing(plan.act)))
    for plan in (crossed.FULL_PLAN, crossed.DATA_PLAN, crossed.BIG_PLAN)
)


def scene(risk: wire.Risk | None = None, **fields: object) -> Scene:
    return stage.scene(msgspec.structs.replace(QUIET, risk=risk), **fields)


def ui(name: Name = Name.CUTOVER, **fields: object) -> Ui:
    return stage.ui(name, **fields)


CASES: dict[str, tuple[Scene, Ui]] = {
    "cutover-not-ready": (scene(cutover=crossed.NOT_READY), ui(cursor=7)),
    "cutover-ready": (scene(cutover=crossed.READY), ui()),
    "cutover-live": (scene(cutover=crossed.LIVE, risk=crossed.RISK), ui()),
    "cutover-plan": (scene(cutover=crossed.READY), ui(sheet=replace(PLAN, typed="pho"))),
    "cutover-big-bang": (scene(cutover=crossed.BIG_BANG), ui()),
    "cutover-big-bang-plan": (scene(cutover=crossed.BIG_BANG), ui(sheet=BIG)),
    "cutover-rolling": (scene(cutover=crossed.ROLLING, risk=crossed.RISK), ui(slice="photos")),
    "cutover-uncounted": (scene(cutover=crossed.UNCOUNTED, risk=crossed.RISK), ui(slice="photos")),
    "cutover-unread": (scene(), ui()),
    "cutover-no-engine": (scene(), ui(link=GONE)),
    "cutover-no-facts": (stage.scene(UNPLANNED), ui()),
    "cutover-help": (scene(), stage.ui(Name.HELP, back=Name.CUTOVER)),
    "rollback-live": (scene(rollback=crossed.BACK, risk=crossed.CANNOT), ui(Name.ROLLBACK)),
    "rollback-names": (
        scene(
            rollback=crossed.BACK,
            risk=crossed.CANNOT,
            risk_window=crossed.names(Which.AT_RISK, *crossed.NAMES),
        ),
        ui(Name.ROLLBACK, names=Which.AT_RISK, cursor=2),
    ),
    "rollback-names-none": (
        scene(risk_window=crossed.names(Which.CANNOT_CARRY, slice_="docs")),
        ui(Name.ROLLBACK, names=Which.CANNOT_CARRY, slice="docs"),
    ),
    "rollback-names-unread": (scene(), ui(Name.ROLLBACK, names=Which.AT_RISK)),
    "rollback-full": (
        scene(rollback=crossed.FULL, risk=crossed.CANNOT),
        ui(Name.ROLLBACK, way=Back("full"), sheet=FULL, cursor=1),
    ),
    "rollback-data": (
        scene(rollback=crossed.BACK, risk=crossed.CANNOT),
        ui(Name.ROLLBACK, way=Back("data", "/backup/gw", "/data/gw.new"), sheet=DATA),
    ),
    "rollback-restore": (
        scene(rollback=crossed.FULL, risk=crossed.CANNOT),
        ui(Name.ROLLBACK, way=Back("full"), prompt=Prompt(asks=Asks.RESTORE, typed="/backup/gw ")),
    ),
    "rollback-dead": (scene(rollback=crossed.DEAD, risk=crossed.SILENT), ui(Name.ROLLBACK)),
    "rollback-plan": (
        scene(rollback=crossed.BACK, risk=crossed.CANNOT),
        ui(Name.ROLLBACK, sheet=BACK),
    ),
    "rollback-moved": (
        scene(rollback=crossed.BACK, risk=crossed.CANNOT),
        ui(Name.ROLLBACK, sheet=MOVED),
    ),
    "rollback-not-live": (scene(rollback=crossed.NOT_LIVE), ui(Name.ROLLBACK)),
    "rollback-no-engine": (scene(), ui(Name.ROLLBACK, link=GONE)),
    "rollback-help": (scene(), stage.ui(Name.HELP, back=Name.ROLLBACK)),
    "home-live": (scene(risk=crossed.RISK), ui(Name.HOME)),
    "log-silent": (scene(risk=crossed.SILENT), ui(Name.LOG)),
    "home-slices": (
        stage.scene(
            msgspec.structs.replace(
                QUIET,
                risk=crossed.RISK,
                slices=[
                    wire.SliceShort(
                        name="photos",
                        state="GREEN_LIVE",
                        number="12",
                        since_ns=2,
                        writable="green",
                        risk=crossed.RISK,
                    ),
                    wire.SliceShort(name="docs", state="READY", number="6", since_ns=1),
                ],
            )
        ),
        ui(Name.HOME),
    ),
    "home-safe": (scene(risk=crossed.SAFE), ui(Name.HOME)),
}


SIZED = [(case, size) for case in CASES for size in (SMALL, LARGE)]


@pytest.mark.parametrize(
    ("case", "size"), SIZED, ids=[f"{case}-{size.width}x{size.height}" for case, size in SIZED]
)
def test_golden(case: str, size: Size) -> None:
    path = GOLDENS / f"{case}-{size.width}x{size.height}.txt"
    text = drawn(*CASES[case], size)
    if os.environ.get("VGWM_GOLDENS") == "write":
        path.write_text(text, encoding="ascii")
    assert text == path.read_text(encoding="ascii")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [(40, 10), (39, 9), (300, 80), (63, 24), (1, 1)])
def test_every_screen_fits_every_size(case: str, size: tuple[int, int]) -> None:
    assert len(draw(*CASES[case], Size(*size), Keymap())) == size[1]


@pytest.mark.parametrize("name", list(Name))
def test_the_cost_of_the_way_back_stands_on_every_screen_once_green_is_live(name: Name) -> None:
    text = drawn(scene(risk=crossed.RISK), ui(name, back=Name.HOME), SMALL)
    row = text.split("\n")[1]
    for said in ("at risk", "23 writes", "1.20 MB", "2 deletes", "oldest 4.0 s", "R back"):
        assert said in row
    assert drawn(scene(), ui(name, back=Name.HOME), SMALL).split("\n")[1] == ""


def test_i7_a_silent_feed_is_unknown_since_and_never_nothing() -> None:
    row = drawn(scene(risk=crossed.SILENT), ui(Name.HOME), SMALL).split("\n")[1]
    assert "? unknown since 14:01:10" in row
    assert "0 writes" not in row


def test_keys_that_would_be_lost_stand_before_all_else() -> None:
    lines = drawn(scene(rollback=crossed.DEAD), ui(Name.ROLLBACK), SMALL).split("\n")
    first = next(n for n, line in enumerate(lines) if "photos/2025/new-1.jpg" in line)
    assert first < next(n for n, line in enumerate(lines) if line[1:].startswith("at risk now"))
    sheet = crossing_sheet(
        msgspec.structs.replace(crossed.BACK_PLAN, lost=crossed.DEAD.lost, lost_total=25),
        effects.DoCrossing(crossed.BACK_PLAN, Crossing("rollback")),
    )
    assert sheet.effects[0].startswith("LOST, 25 keys: photos/2025/new-1.jpg")
    assert "and 23 more" in sheet.effects[0]


def test_what_a_plan_costs_fits_on_a_small_screen_however_much_it_binds() -> None:
    full = msgspec.structs.replace(
        crossed.BACK_PLAN,
        lost=tuple(f"photos/2025/{n:060}.jpg" for n in range(20)),
        lost_total=25,
        warnings=tuple(f"warning {n} is long enough for a row of its own" for n in range(9)),
        lines=tuple(f"gateway {n} {'word ' * 60}" for n in range(9)),
    )
    sheet = crossing_sheet(full, effects.DoCrossing(full, Crossing("rollback")))
    text = drawn(scene(rollback=crossed.BACK), ui(Name.ROLLBACK, sheet=sheet), SMALL)
    for said in ("back to blue, slice all", "LOST, 25 keys", "R1 FENCE_GREEN", "type   photos"):
        assert said in text


def test_a_commit_says_that_there_is_no_way_back_behind_it() -> None:
    plan = msgspec.structs.replace(
        crossed.PLAN,
        act="commit",
        strategy="",
        steps=(Step(number="13", state="COMMITTED", text="report", past_return=True),),
    )
    told = crossing_sheet(plan, effects.DoCrossing(plan, Crossing("commit", "photos"))).effects
    assert "13 COMMITTED: from there on there is no way back" in told
    assert "" not in told
    assert not any("costs" in line for line in told)


def test_i7_a_gate_that_is_too_old_is_stale_whatever_it_said() -> None:
    text = drawn(scene(cutover=crossed.NOT_READY), ui(cursor=6), LARGE)
    row = next(line for line in text.split("\n") if " backups " in line)
    assert "~ stale" in row


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("home-")])
def test_plain_says_what_the_screen_says_of_a_cutover(case: str) -> None:
    now = CASES[case][0].snapshot
    assert now is not None
    plain = "\n".join(facts.line(fact) for fact in facts.facts(now))
    row = drawn(*CASES[case], SMALL).split("\n")[1]
    for said in row.partition(" at risk ")[2][2:].split("  "):
        assert said in plain
    for one in now.slices:
        assert f"{one.number} {one.state}" in plain
        assert f"writes: {one.writable}" in plain


def test_parts_are_packed_into_rows_and_none_is_broken() -> None:
    assert packed(["7 FENCE", "8 FINAL", "9 PROVE"], "  ", 17) == ["7 FENCE  8 FINAL", "9 PROVE"]
    assert packed(["too long for it"], "  ", 4) == ["too long for it"]
    assert packed([], "  ", 4) == []
