"""Options: the command line before the environment before the workspace's own file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from core.cli.main import AppGiven
from tui.acts import steering
from tui.main import open_app
from tui.options import chosen
from tui.terminal.glyphs import Glyphs

if TYPE_CHECKING:
    from pathlib import Path


class Case(NamedTuple):
    given: bool | None
    environment: str
    file: str
    expected: bool


@pytest.mark.parametrize(
    "case",
    [
        Case(None, "", "low_data: true\n", expected=True),
        Case(None, "", "low_data: false\n", expected=False),
        Case(None, "", "v: 1\n", expected=False),
        Case(None, "", ": no: yaml: [\n", expected=False),
        Case(None, "", "- a list\n", expected=False),
        Case(None, "0", "low_data: true\n", expected=False),
        Case(None, "1", "low_data: false\n", expected=True),
        Case(given=False, environment="1", file="low_data: true\n", expected=False),
        Case(given=True, environment="0", file="low_data: false\n", expected=True),
    ],
)
def test_low_data_comes_from_the_nearest_that_says_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    monkeypatch.setenv("VGWM_LOW_DATA", case.environment)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "vgwm.yaml"
    path.write_text(case.file)
    options = chosen(path, low_data=case.given, theme="mono", glyphs=Glyphs.ASCII)
    assert options.low_data is case.expected


def test_a_workspace_without_a_file_is_no_reason_for_low_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VGWM_LOW_DATA", raising=False)
    gone = tmp_path / "vgwm.yaml"
    assert not chosen(gone, low_data=None, theme="mono", glyphs=Glyphs.ASCII).low_data


def test_who_acts_is_known_to_the_screens_and_their_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VGWM_ACTOR", "somebody")
    monkeypatch.setattr("tui.app.run", lambda *_, **__: 0)
    given = AppGiven(
        workspace=tmp_path, low_data=None, theme="", glyphs="auto", mouse=False, actor="op7"
    )
    assert open_app(given) == 0
    assert steering.actor() == "op7"
