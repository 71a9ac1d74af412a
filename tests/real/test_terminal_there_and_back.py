"""By keys alone, in tmux, on real servers: rehearsed, to green, and back to a restored blue."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.lab.gateway import s3_client
from tests.lab.rehearsal.story import Story
from tests.real.terminal_scene import ask, got, put, show
from tests.tui.terminal import CHILD
from tests.tui.test_assess_tmux import says
from tests.tui.test_tmux import command
from tests.tui.test_verify_tmux import type_word
from tests.tui.tmux import FOUND, Tmux

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.rehearsal.ground import Ground

pytestmark = [
    pytest.mark.skipif(FOUND is None, reason="tmux is not installed"),
    pytest.mark.timeout(240),
]
BUCKET, KEY = "photos", "written/on-green"
BESIDE = "written"
"""A posix tree cannot hold it beside KEY."""
LOST = "fixed/3/0003"
"""Of blue's tree it is gone when clients come back; the copy has it."""
SEED = 7
RESTART = """#!/bin/sh
cat > {folder}/told
mv {folder}/told {folder}/asked
while [ ! -e {folder}/done ]; do sleep 0.05; done
"""


def keys_of_blue(lab: Ground) -> list[str]:
    with s3_client(lab.blue.url, lab.blue.account) as client:
        page = client.list_objects_v2(Bucket=BUCKET, Prefix=BESIDE)
        return [one["Key"] for one in page.get("Contents", [])]


def look_at_names_and_ways(lab: Ground, tmux: Tmux) -> None:
    """See by name what blue cannot hold, live; then the plan of the full way, and leave it."""
    tmux.until(lambda: KEY in keys_of_blue(lab), "app", 60)
    put(lab, BUCKET, BESIDE, b"beside a folder")
    tmux.keys("app", "g", "r")
    says(tmux, "cannot carry   1 key:")
    tmux.keys("app", "Enter")
    says(tmux, f"{BUCKET}/{BESIDE}")
    says(tmux, "on blue other keys lie below it")
    show(tmux)
    tmux.keys("app", "Escape")  # alone: before another key it would be Alt
    says(tmux, "back to blue, slice all   quick   plan ")
    tmux.keys("app", "Tab")
    says(tmux, "back to blue, slice all   full   plan ")
    tmux.keys("app", "R")
    says(tmux, "runs   vgwm rollback start --full --confirm ")
    show(tmux)
    tmux.keys("app", "Escape")
    says(tmux, "R roll back")


def name_a_restart(lab: Ground, folder: Path) -> None:
    """Give blue a command that hands its restart over to this test, which holds the gateway."""
    command_ = folder / "restart"
    command_.write_text(RESTART.format(folder=folder))
    command_.chmod(0o755)
    path = lab.vgwm.workspace / "vgwm.yaml"
    told = yaml.safe_load(path.read_text())
    told["cutover"]["blue"]["restart"] = [str(command_)]
    path.write_text(yaml.safe_dump(told, sort_keys=False))


def serve(lab: Ground, new: Path) -> None:
    """Do what an operator's command does: let blue's path be the new tree, and restart it."""
    root = lab.blue.root
    lab.blue.server.kill()
    root.rename(root.with_name("tree.old"))
    root.symlink_to(new)
    lab.blue.server.start()
    (root.parent / "pid").write_text(str(lab.blue.server.pid))


def go_back_to_a_restored_tree(lab: Ground, tmux: Tmux, story: Story, folder: Path) -> None:
    """Name the copy and a new folder on the Rollback screen, and go back to what comes of them."""
    (lab.blue.root / BUCKET / LOST).unlink()
    tmux.keys("app", "Tab")
    says(tmux, "copy of blue's tree, new folder:")
    new = folder / "new"
    tmux.run("send-keys", "-t", "app", "-l", f"{folder / 'copy'} {new}")
    says(tmux, f"{new}_")
    tmux.keys("app", "Enter")
    says(tmux, "back to blue, slice all   data   plan ")
    ask(tmux, story, "R", "runs   vgwm rollback start --data --backup-location")
    says(tmux, "and lets blue")
    type_word(tmux, lab.vgwm.workspace.name)
    tmux.until((folder / "asked").exists, "app", 60)
    serve(lab, new)
    (folder / "done").touch()
    says(tmux, "= rollback done")
    show(tmux)
    assert (new / BUCKET / KEY).read_bytes() == got(lab, lab.blue.url, BUCKET, KEY)
    assert got(lab, lab.urls[1], BUCKET, LOST)
    assert not (folder / "blue" / "tree.old" / BUCKET / LOST).exists()


def test_by_keys_alone_clients_come_to_green_and_back_to_a_restored_blue(
    lab: Ground, tmux: Tmux, short: Path
) -> None:
    name_a_restart(lab, short)
    story = Story(lab, seed=SEED, say=print)
    story.prepare()
    subprocess.run(["/bin/cp", "-a", lab.blue.root, short / "copy"], check=True)  # noqa: S603 - folders of our own
    workspace = lab.vgwm.workspace
    word = workspace.name
    tmux.open("app", command(CHILD, workspace), (80, 24))
    says(tmux, "5 cut over    - not begun")
    tmux.keys("app", "g", "u")
    says(tmux, "slice all")
    show(tmux)
    ask(tmux, story, "B", "rehearse the cutover")
    type_word(tmux, word)
    says(tmux, "rehearsal      = pass")
    show(tmux)
    ask(tmux, story, "C", "cut over to green")
    type_word(tmux, word)
    says(tmux, "slice all   > 12 GREEN_LIVE")
    show(tmux)
    put(lab, BUCKET, KEY, b"accepted by green")
    says(tmux, "R back  at risk")
    assert got(lab, lab.front.url, BUCKET, KEY) == b"accepted by green"
    tmux.keys("app", "g", "h")
    says(tmux, "5 cut over    > 12 GREEN_LIVE")
    look_at_names_and_ways(lab, tmux)
    go_back_to_a_restored_tree(lab, tmux, story, short)
    assert got(lab, lab.blue.url, BUCKET, KEY) == b"accepted by green"
