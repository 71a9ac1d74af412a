"""A cutover's end on real servers: to green by commands, committed in tmux by its key and word."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.lab.rehearsal.story import Story
from tests.tui.terminal import CHILD
from tests.tui.test_assess_tmux import says
from tests.tui.test_tmux import command
from tests.tui.test_verify_tmux import type_word
from tests.tui.tmux import FOUND, Tmux

if TYPE_CHECKING:
    from tests.lab.rehearsal.ground import Ground

pytestmark = [
    pytest.mark.skipif(FOUND is None, reason="tmux is not installed"),
    pytest.mark.timeout(240),
]
SEED = 11


def test_green_stays_once_it_is_committed_and_nothing_is_removed(lab: Ground, tmux: Tmux) -> None:
    story = Story(lab, seed=SEED, say=print)
    story.prepare()
    story.take_on_gates()
    story.shown("cutover", "rehearse")
    story.take_on_gates()
    story.confirmed("cutover", "rehearse")
    story.confirmed("cutover", "start")
    vgwm, folder = lab.vgwm, lab.vgwm.workspace
    plan = vgwm.run("--json", "cutover", "commit").result()
    early = vgwm.run("cutover", "commit", "--confirm", str(plan["hash"]), code=3)
    for said in (plan["off"], early.err):
        assert "the watch window is open" in str(said)
    vgwm.run("set", "watch_window=1s")
    tmux.open("app", command(CHILD, folder), (80, 24))
    tmux.keys("app", "g", "u")
    says(tmux, "slice all   > 12 GREEN_LIVE")
    tmux.until(lambda: "C is off" not in tmux.shown("app"), "app", 30)
    tmux.keys("app", "C")
    says(tmux, "commit: give the way back up, slice all")
    type_word(tmux, folder.name)
    says(tmux, "13 COMMITTED")
    sys.stdout.write(tmux.shown("app") + "\n")
    told = vgwm.run("--json", "cutover", "status", code=None).result()["slices"]
    assert isinstance(told, list)
    assert [one["state"] for one in told] == ["COMMITTED"]
    [report] = (folder / "reports").glob("cutover-*.json")
    found = json.loads(report.read_bytes())
    assert found["removed"] == []
    assert [line.split(" at ")[0] for line in found["may_be_taken_down"]] == [
        "gateway blue-1",
        "private writer",
        f"posix:{lab.blue.root}",
    ]
    assert {one.met("photos") for one in lab.balancers} == {"green"}
    assert lab.blue.root.is_dir()
