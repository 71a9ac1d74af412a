"""By keys alone, in tmux, on real servers: rehearsed, cut over to green, and back to blue."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.lab.gateway import s3_client
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
BUCKET, KEY = "photos", "written/on-green"
BESIDE = "written"
"""A posix tree cannot hold it beside KEY."""
SEED = 7
TRIES = 12
LABELS = {"B": "rehearse", "C": "cut over", "R": "roll back"}


def ask(tmux: Tmux, story: Story, key: str, title: str) -> None:
    """Ask for an act's plan; what only warns is taken on, what a busy host made is asked again."""
    for _ in range(TRIES):
        tmux.keys("app", key)
        answers = (title, "exit 5", f" {key} {LABELS[key]} is off: ")
        tmux.until(lambda: any(words in tmux.shown("app") for words in answers), "app", 30)  # noqa: B023 - waited for here
        show(tmux)
        if title in tmux.shown("app"):
            return
        if "gate preflight is unknown" in tmux.shown("app"):
            story.ground.vgwm.run("assess", code=None)
        if "exit 5" in tmux.shown("app"):
            tmux.keys("app", "Escape")
        story.take_on_gates()
    raise AssertionError(tmux.shown("app"))


def show(tmux: Tmux) -> None:
    """Keep what an operator sees in the test's output."""
    sys.stdout.write(tmux.shown("app") + "\n")


def put(lab: Ground, body: bytes, key: str = KEY) -> None:
    with s3_client(lab.urls[0], lab.blue.account) as client:
        client.put_object(Bucket=BUCKET, Key=key, Body=body)


def got(lab: Ground, url: str) -> bytes:
    with s3_client(url, lab.blue.account) as client:
        body: bytes = client.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
        return body


def keys_of_blue(lab: Ground) -> list[str]:
    with s3_client(lab.blue.url, lab.blue.account) as client:
        page = client.list_objects_v2(Bucket=BUCKET, Prefix=BESIDE)
        return [one["Key"] for one in page.get("Contents", [])]


def look_at_names_and_ways(lab: Ground, tmux: Tmux) -> None:
    """See by name what blue cannot hold, live; then the plan of the full way, and leave it."""
    tmux.until(lambda: KEY in keys_of_blue(lab), "app", 60)
    put(lab, b"beside a folder", BESIDE)
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


def test_by_keys_alone_clients_come_to_green_and_back_to_blue(lab: Ground, tmux: Tmux) -> None:
    story = Story(lab, seed=SEED, say=print)
    story.prepare()
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
    put(lab, b"accepted by green")
    says(tmux, "R back  at risk")
    assert got(lab, lab.front.url) == b"accepted by green"
    look_at_names_and_ways(lab, tmux)
    tmux.keys("app", "g", "h")
    says(tmux, "5 cut over    > 12 GREEN_LIVE")
    ask(tmux, story, "R", "runs   vgwm rollback start")
    type_word(tmux, word)
    says(tmux, "= rollback done")
    show(tmux)
    assert got(lab, lab.blue.url) == b"accepted by green"
