"""What keys do on the Plan screen: its parts, one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.own import Own
from tui.parts import Part

if TYPE_CHECKING:
    from tui.own import Done
    from tui.ui import Scene, Ui


def _pane(ui: Ui, scene: Scene) -> Done:
    del scene
    parts = list(Part)
    after = parts[(parts.index(ui.part) + 1) % len(parts)]
    return replace(ui, part=after, message=None), None


def _back(ui: Ui) -> Ui | None:
    return None if ui.part is Part.SIZES else replace(ui, part=Part.SIZES)


OWN = Own(does={"pane": _pane}, back=_back, words={"pane": "next"})
