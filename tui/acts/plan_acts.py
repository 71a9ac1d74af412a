"""What keys do on the Plan screen: its parts, one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.acts.effects import RunLine
from tui.acts.own import Own
from tui.parts import Part
from tui.ui import Output

if TYPE_CHECKING:
    from tui.acts.own import Done
    from tui.ui import Scene, Ui

_LOSSES = "plan show --cannot-carry"


def _pane(ui: Ui, scene: Scene) -> Done:
    del scene
    parts = list(Part)
    after = parts[(parts.index(ui.part) + 1) % len(parts)]
    return replace(ui, part=after, message=None), None


def command_of(part: Part) -> str:
    """Return the command that shows the same as a part."""
    return f"vgwm {_LOSSES if part is Part.LOSSES else 'plan show'}"


def _open(ui: Ui, scene: Scene) -> Done:
    """List by name what the target cannot carry: the engine wrote it down, the command reads it."""
    if ui.part is not Part.LOSSES or scene.plan is None:
        return ui, None
    return replace(ui, output=Output(typed=_LOSSES), message=None), RunLine(_LOSSES)


def _back(ui: Ui) -> Ui | None:
    return None if ui.part is Part.SIZES else replace(ui, part=Part.SIZES)


OWN = Own(
    does={"pane": _pane, "open": _open},
    back=_back,
    words={"pane": "next"},
)
