"""Every figure that a screen shows is in `--plain`, too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from core.control import facts
from tests.tui.test_views import CASES, LARGE, SMALL, drawn

if TYPE_CHECKING:
    from tui.views.line import Size

FIGURE = re.compile(r"[A-Za-z0-9.,:%/_-]*\d[A-Za-z0-9.,:%/_-]*")

SCREENS = [
    "home-copying",
    "home-failed",
    "home-planning",
    "log-listed",
    "migrate-copied",
    "migrate-copying",
    "migrate-planning",
    "migrate-stalled",
]
TITLE_ROWS = 1
"""The title's figures are the screen's own: its byte rate, the age of the engine's answer."""


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("case", SCREENS)
def test_a_screen_knows_nothing_that_plain_does_not(case: str, size: Size) -> None:
    scene, ui = CASES[case]
    assert scene.snapshot is not None
    plain = "\n".join(facts.line(fact) for fact in facts.facts(scene.snapshot))
    body = "\n".join(drawn(scene, ui, size).splitlines()[TITLE_ROWS:])
    figures = set(FIGURE.findall(body))
    assert figures
    assert sorted(figure for figure in figures if figure not in plain) == []
