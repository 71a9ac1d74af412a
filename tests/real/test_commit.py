"""A big bang by keys alone, in tmux, on real servers: to green, back, to green again, committed."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.lab.gateway import s3_client
from tests.lab.rehearsal.assessing import assess
from tests.lab.rehearsal.story import Story
from tests.real.terminal_scene import ask, got, put, show
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
BUCKET = "photos"
COMMITTED = re.compile(r"slice all +\S 13 COMMITTED")


def to_green(lab: Ground, tmux: Tmux, story: Story) -> None:
    """Cut over by the key of the Cutover screen, and type the word."""
    tmux.keys("app", "g", "u")
    says(tmux, "big-bang:")
    ask(tmux, story, "C", "cut over to green, big-bang, slice all")
    says(tmux, "everything is copied under the fence: writes are refused until")
    type_word(tmux, lab.vgwm.workspace.name)
    tmux.until(lambda: "slice all   > 12 GREEN_LIVE" in tmux.shown("app"), "app", 90)
    show(tmux)
    assert {one.met(BUCKET) for one in lab.balancers} == {"green"}


def fixed_at_green(lab: Ground) -> dict[tuple[str, str], str]:
    """Return the SHA-256 of what nobody writes to, read at green."""
    found = {}
    with s3_client(lab.front.url, lab.front.account) as client:
        for bucket, key in lab.fixed:
            body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            found[bucket, key] = hashlib.sha256(body).hexdigest()
    return found


def back_to_blue(lab: Ground, tmux: Tmux, story: Story) -> None:
    """Go back by the one key, quick."""
    put(lab, BUCKET, "written/on-green", b"accepted by green")
    says(tmux, "R back  at risk")
    ask(tmux, story, "R", "runs   vgwm rollback start --confirm ")
    type_word(tmux, lab.vgwm.workspace.name)
    says(tmux, "= rollback done")
    show(tmux)
    assert got(lab, lab.blue.url, BUCKET, "written/on-green") == b"accepted by green"
    open_green(lab)
    put(lab, BUCKET, "written/on-blue", b"accepted by blue")


def open_green(lab: Ground) -> None:
    """Run green's own command, as its gate wants it behind a way back."""
    told = lab.vgwm.run("--json", "cutover", "plan").result()
    assert "its state is fenced: run its `open` command" in str(told["off"])
    asked = {"v": 1, "op": "open", "gateway": "green-1", "side": "green", "slices": []}
    words = json.dumps({**asked, "run": "by-hand", "request_id": "by-hand"})
    subprocess.run(lab.front.words("open"), input=words, text=True, check=True)  # noqa: S603 - the lab's


def hold_the_commit_to_its_window(lab: Ground) -> None:
    """Ask for it while the watch window is open: refused; then let the window be over."""
    vgwm = lab.vgwm
    plan = vgwm.run("--json", "cutover", "commit").result()
    early = vgwm.run("cutover", "commit", "--confirm", str(plan["hash"]), code=3)
    for said in (plan["off"], early.err):
        assert "the watch window is open" in str(said)
    vgwm.run("set", "watch_window=1s")


def commit(lab: Ground, tmux: Tmux) -> None:
    """Give the way back up, by key and word."""
    tmux.until(lambda: "C is off" not in tmux.shown("app"), "app", 60)
    tmux.keys("app", "C")
    says(tmux, "commit: give the way back up, slice all")
    says(tmux, "13 COMMITTED: from there on there is no way back")
    type_word(tmux, lab.vgwm.workspace.name)
    # the sheet names the state, too, and stands until the key has reached it
    tmux.until(lambda: COMMITTED.search(tmux.shown("app")), "app", 60)
    show(tmux)


def test_a_big_bang_goes_there_and_back_and_stays_once_it_is_committed_and_nothing_is_removed(
    lab: Ground, tmux: Tmux
) -> None:
    story = Story(lab, seed=SEED, say=print)
    vgwm, folder = lab.vgwm, lab.vgwm.workspace
    assess(vgwm)
    story.run("plan", "--strategy", "big-bang")
    story.take_on_gates()
    tmux.open("app", command(CHILD, folder), (80, 24))
    says(tmux, "5 cut over    - not begun")
    to_green(lab, tmux, story)
    assert fixed_at_green(lab) == lab.fixed
    back_to_blue(lab, tmux, story)
    to_green(lab, tmux, story)
    assert got(lab, lab.front.url, BUCKET, "written/on-blue") == b"accepted by blue"
    hold_the_commit_to_its_window(lab)
    commit(lab, tmux)
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
    assert {one.met(BUCKET) for one in lab.balancers} == {"green"}
    assert lab.blue.root.is_dir()
