"""Cutover with the cluster's panel: beside it on a wide terminal, else below if it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.views import cluster, cutover
from tui.views.line import EMPTY, WIDE, Line, Size, beside

if TYPE_CHECKING:
    from tui.ui import Scene, Ui

_PANEL = 56
_GAP = 2


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows."""
    now = scene.cluster
    if now is None or scene.cutover is None:
        return cutover.view(scene, ui, size)
    if size.width >= WIDE:
        left = Size(size.width - _PANEL - _GAP, size.height)
        pane = cluster.panel(now, Size(_PANEL, size.height))
        return beside(cutover.view(scene, ui, left), pane, left.width + _GAP, size.height)
    lines = cutover.view(scene, ui, size)
    pane = cluster.panel(now, Size(size.width, size.height))
    fits = len(lines) + 1 + len(pane) <= size.height
    return [*lines, EMPTY, *pane] if fits else lines
