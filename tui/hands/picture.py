"""A screen as an SVG picture: for reports, and for the picture in the README.

One `text` element per run of a role, stretched to its cells, so that any monospaced font fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tui.keys import Keymap
from tui.linked import Link, LinkState
from tui.screen import Name
from tui.terminal import themes
from tui.terminal.grid import Grid
from tui.ui import Scene, Ui
from tui.views.frame import draw
from tui.views.line import Size, width_of

if TYPE_CHECKING:
    from core.control.wire.state import Snapshot
    from tui.terminal.themes import Look
    from tui.views.line import Piece

CELL_W = 8.4
CELL_H = 18
EDGE = 12
_BASELINE = 13.5
_FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
PRINTED = "dark"
"""The theme of a picture where the shown one leaves its colours to the terminal."""


def svg(grid: Grid, look: Look) -> str:
    """Return a grid as a whole SVG document in a theme's colours."""
    if look.ansi:
        look = themes.load(PRINTED)
    width = grid.size.width * CELL_W + 2 * EDGE
    height = grid.size.height * CELL_H + 2 * EDGE
    background = look.colours["background"]
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}">'
        ),
        f'<rect width="100%" height="100%" rx="8" fill="{background}"/>',
        f'<g font-family="{_FONT}" font-size="14" xml:space="preserve">',
    ]
    for y in range(grid.size.height):
        parts += _row(grid.runs(y), y, look)
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _row(runs: list[Piece], y: int, look: Look) -> list[str]:
    parts: list[str] = []
    x = 0
    for run in runs:
        cells = width_of((run,))
        if run.text.strip() or "reverse" in look.attributes.get(run.role, ()):
            parts += _run(run, x, y, cells, look)
        x += cells
    return parts


def _run(run: Piece, x: int, y: int, cells: int, look: Look) -> list[str]:
    left, top = EDGE + x * CELL_W, EDGE + y * CELL_H
    attributes = look.attributes.get(run.role, ())
    ink = look.roles.get(run.role, look.colours["foreground"])
    box: list[str] = []
    if "reverse" in attributes:
        box = [
            (
                f'<rect x="{left:.1f}" y="{top}" width="{cells * CELL_W:.1f}" height="{CELL_H}" '
                f'fill="{ink}"/>'
            )
        ]
        ink = look.colours["background"]
    bold = ' font-weight="bold"' if "bold" in attributes else ""
    return [
        *box,
        (
            f'<text x="{left:.1f}" y="{top + _BASELINE:.1f}" textLength="{cells * CELL_W:.1f}" '
            f'lengthAdjust="spacingAndGlyphs" fill="{ink}"{bold}>{escape(run.text)}</text>'
        ),
    ]


def migrate(snapshot: Snapshot, look: Look, size: Size, *, unicode: bool = False) -> str:
    """Return the Migrate screen of a snapshot as an SVG document."""
    scene = Scene(now_ns=snapshot.at_ns, workspace=snapshot.workspace.name, snapshot=snapshot)
    ui = Ui(
        screen=Name.MIGRATE,
        link=Link(state=LinkState.LIVE, age_s=0.0),
        painted_bytes_s=0.0,
        unicode=unicode,
    )
    return svg(Grid.of(draw(scene, ui, size, Keymap()), size), look)
