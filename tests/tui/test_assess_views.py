"""Goldens of Assess and Plan in each state, as text. Written anew with VGWM_GOLDENS=write."""

from __future__ import annotations

import os

import msgspec
import pytest

from core.control.crossing.strategies import told
from tests.tui import found, stage
from tests.tui.test_views import GOLDENS, LARGE, NOW, PLANNING, SMALL, UNPLANNED, drawn
from tui.acts.assess_acts import OWN, answered
from tui.acts.sheets import begin_sheet
from tui.facts.checklist import Kind, Pane, Wanted
from tui.keys import Keymap
from tui.linked import Link, LinkState
from tui.parts import Part
from tui.screen import Name
from tui.ui import Asks, Prompt, Scene, Ui
from tui.views.frame import draw
from tui.views.line import Size

PLAN = told(found.PLAN)
ROLLING = told(
    msgspec.structs.replace(
        found.PLAN, strategy="rolling", slices=[("photos", ["photos"]), ("rest", ["a", "b"])]
    )
)
HERE = stage.scene(NOW, checks=found.ASSESSED, plan=PLAN)
SHEET = OWN.does["begin"](stage.ui(Name.ASSESS), HERE)[0].sheet
BLOCKED = begin_sheet(stage.scene(UNPLANNED, checks=found.ASSESSED))
TRIAL = OWN.does["begin"](stage.ui(Name.ASSESS, checklist=Wanted(pane=Pane.TIME)), HERE)[0].sheet
TAKING = Prompt(asks=Asks.TAKE, about="versions", typed="kept in the manifests")
TAKE = answered(stage.ui(Name.ASSESS), TAKING)[0].sheet


def assess(pane: Pane = Pane.CHECKS, **fields: object) -> Ui:
    shown: dict[str, object] = {"checklist": Wanted(pane=pane), **fields}
    return stage.ui(Name.ASSESS, **shown)


def at_plan(part: Part = Part.SIZES, **fields: object) -> Ui:
    return stage.ui(Name.PLAN, part=part, **fields)


CASES: dict[str, tuple[Scene, Ui]] = {
    "assess-listed": (HERE, assess()),
    "assess-warn": (HERE, assess(cursor=3)),
    "assess-opened": (HERE, assess(opened=True)),
    "assess-taken": (HERE, assess(cursor=4, opened=True)),
    "assess-passed": (HERE, assess(checklist=Wanted(kind=Kind.PASS))),
    "assess-fold": (HERE, assess(cursor=9)),
    "assess-none": (HERE, assess(checklist=Wanted(text="zebra"))),
    "assess-clean": (stage.scene(NOW, checks=found.CLEAN), assess()),
    "assess-noted": (
        stage.scene(NOW, checks=found.NOTED),
        assess(checklist=Wanted(text="baseline"), opened=True),
    ),
    "assess-never": (stage.scene(UNPLANNED, checks=found.NEVER), assess()),
    "assess-asking": (stage.scene(NOW, checks=found.ASKING), assess(cursor=1)),
    "assess-inventory": (HERE, assess(Pane.INVENTORY)),
    "assess-uncounted": (stage.scene(NOW, checks=found.NEVER), assess(Pane.INVENTORY)),
    "assess-time": (HERE, assess(Pane.TIME)),
    "assess-unmeasured": (
        stage.scene(NOW, checks=msgspec.structs.replace(found.CLEAN, estimate=found.UNMEASURED)),
        assess(Pane.TIME),
    ),
    "assess-untimed": (stage.scene(NOW, checks=found.NEVER), assess(Pane.TIME)),
    "assess-filter": (HERE, assess(prompt=Prompt(asks=Asks.ONLY, typed="warn"))),
    "assess-taking": (HERE, assess(cursor=3, prompt=TAKING)),
    "assess-take": (HERE, assess(cursor=3, sheet=TAKE)),
    "assess-sheet": (HERE, assess(sheet=SHEET)),
    "assess-trial": (HERE, assess(Pane.TIME, sheet=TRIAL)),
    "assess-no-engine": (
        stage.scene(NOW),
        assess(link=Link(state=LinkState.GONE, age_s=3.0)),
    ),
    "plan-sizes": (HERE, at_plan()),
    "plan-losses": (HERE, at_plan(Part.LOSSES)),
    "plan-time": (HERE, at_plan(Part.TIME)),
    "plan-way": (HERE, at_plan(Part.WAY)),
    "plan-rolling": (stage.scene(NOW, checks=found.CLEAN, plan=ROLLING), at_plan(Part.WAY)),
    "plan-open": (stage.scene(NOW, checks=found.CLEAN, plan=PLAN), at_plan(Part.TIME)),
    "plan-unassessed": (stage.scene(NOW, checks=found.NEVER, plan=PLAN), at_plan(Part.TIME)),
    "plan-none": (stage.scene(UNPLANNED), at_plan()),
    "plan-blocked": (stage.scene(UNPLANNED, checks=found.ASSESSED), at_plan(sheet=BLOCKED)),
    "plan-planning": (stage.scene(PLANNING), at_plan()),
    "home-assessed": (HERE, stage.ui(Name.HOME)),
    "home-clean": (stage.scene(NOW, checks=found.CLEAN), stage.ui(Name.HOME)),
    "home-asking": (stage.scene(NOW, checks=found.ASKING), stage.ui(Name.HOME)),
    "home-never": (stage.scene(UNPLANNED, checks=found.NEVER), stage.ui(Name.HOME)),
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
    lines = draw(*CASES[case], Size(*size), Keymap())
    assert len(lines) == size[1]
