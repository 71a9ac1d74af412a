"""Goldens of Cluster, and of Cutover beside it, as text. Written anew with VGWM_GOLDENS=write."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.control.fact import State
from tests.tui import crossed, peers, stage
from tests.tui.test_views import GOLDENS, LARGE, SMALL, drawn
from tui.facts.crossing import Crossings
from tui.facts.way import Back
from tui.keys import Keymap
from tui.screen import Name
from tui.views import cluster
from tui.views.frame import draw
from tui.views.line import Size, plain

if TYPE_CHECKING:
    from tui.ui import Scene, Ui

QUIET = stage.scene(stage.snapshot(jobs=[stage.PLAN_DONE]))


def scene(**fields: object) -> Scene:
    return replace(QUIET, **fields)  # type: ignore[arg-type]  # a test's own fields


CASES: dict[str, tuple[Scene, Ui]] = {
    "cluster-well": (scene(cluster=peers.WELL), stage.ui(Name.CLUSTER)),
    "cluster-ill": (scene(cluster=peers.ILL), stage.ui(Name.CLUSTER, cursor=1)),
    "cluster-folder": (scene(cluster=peers.FOLDER), stage.ui(Name.CLUSTER)),
    "cluster-unread": (scene(), stage.ui(Name.CLUSTER)),
    "cutover-peers": (
        scene(cutover=crossed.READY, cluster=peers.ILL),
        stage.ui(Name.CUTOVER),
    ),
}


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("name", list(CASES))
def test_the_screen_is_as_it_was_agreed(name: str, size: Size) -> None:
    found = drawn(*CASES[name], size)
    file = GOLDENS / f"{name}-{size.width}x{size.height}.txt"
    if os.environ.get("VGWM_GOLDENS") == "write":
        file.write_text(found)
    assert found == file.read_text()


@pytest.mark.parametrize("width", range(40, 200, 8))
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    for name in ("cluster-ill", "cutover-peers"):
        for height in (8, 24, 50):
            lines = draw(*CASES[name], Size(width, height), Keymap())
            assert all(len(plain(line)) <= width for line in lines), name


def test_i7_old_figures_are_no_state() -> None:
    aged = peers.peer(1, age_s=cluster.STALE_S + 0.1)
    assert cluster.state_of(aged) is State.UNKNOWN
    assert cluster.state_of(peers.peer(1, age_s=None)) is State.UNKNOWN
    assert cluster.state_of(peers.peer(1)) is State.PASS


def test_the_panel_stands_beside_the_gates_of_a_wide_terminal_and_below_where_it_fits() -> None:
    here, ui = CASES["cutover-peers"]
    wide = drawn(here, ui, LARGE).splitlines()
    assert any("canary" in row and "cluster-" in row for row in wide)
    tall = drawn(here, ui, Size(80, 40)).splitlines()
    gates = next(n for n, row in enumerate(tall) if "gate " in row)
    rows = next(n for n, row in enumerate(tall) if "peer " in row)
    assert rows > gates
    low = drawn(here, ui, Size(80, 18))
    assert "C" in low
    assert "cluster-2" not in low


class FakeLink:
    """Counts what was asked of an engine."""

    def __init__(self) -> None:
        self.client = self
        self.asked: list[str] = []

    async def cutover(self, slice_: str) -> object:
        self.asked.append(f"cutover {slice_}".strip())
        return crossed.READY

    async def cluster(self) -> object:
        self.asked.append("cluster")
        return peers.WELL


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        (Name.CLUSTER, ["cluster"]),
        (Name.CUTOVER, ["cutover", "cluster"]),
        (Name.HOME, []),
    ],
)
async def test_the_cluster_is_asked_while_it_is_shown_and_not_else(
    name: Name, asked: list[str]
) -> None:
    link = FakeLink()
    await Crossings(link).follow(name, "", Back())  # type: ignore[arg-type]  # a link of this test
    assert link.asked == asked
