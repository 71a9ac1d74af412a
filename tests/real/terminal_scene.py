"""An operator at the terminal of the story: asks for acts by their keys, as gates allow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from tests.lab.gateway import s3_client

if TYPE_CHECKING:
    from tests.lab.rehearsal.ground import Ground
    from tests.lab.rehearsal.story import Story
    from tests.tui.tmux import Tmux

TRIES: Final = 12
LABELS: Final = {"B": "rehearse", "C": "cut over", "R": "roll back"}


def ask(tmux: Tmux, story: Story, key: str, title: str) -> None:
    """Ask for an act's plan; what only warns is taken on, what a busy host made is asked again."""
    for _ in range(TRIES):
        tmux.keys("app", key)
        answers = (title, "exit 5", f" {key} {LABELS[key]} is off: ")
        tmux.until(lambda: any(words in tmux.shown("app") for words in answers), "app", 60)  # noqa: B023 - waited for here
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


def put(lab: Ground, bucket: str, key: str, body: bytes) -> None:
    """Write by a load balancer, as clients do."""
    with s3_client(lab.urls[0], lab.blue.account) as client:
        client.put_object(Bucket=bucket, Key=key, Body=body)


def got(lab: Ground, url: str, bucket: str, key: str) -> bytes:
    """Read at an address; every gateway of the story knows the same account."""
    with s3_client(url, lab.blue.account) as client:
        body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body
