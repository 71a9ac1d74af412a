"""The panel: one widget that fills the screen and paints cells, not widgets.

It knows what the terminal shows and what it should show; `show` computes the spans between them,
asks the governor which may be painted now, and marks those regions. Everything else stays dirty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.terminal import wire
from tui.terminal.grid import Grid, changes
from tui.views.line import Role, Size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.style import Style

    from tui.terminal.governor import Governor
    from tui.views.line import Line

_UNSTYLED: Final[Mapping[Role, Style]] = {}


class Panel(Widget):
    """A grid of cells on the screen."""

    DEFAULT_CSS = "Panel { width: 100%; height: 100%; }"

    class Sized(Message):
        """The panel has another size: it wants to be shown anew."""

    def __init__(self, governor: Governor) -> None:
        super().__init__()
        self.governor = governor
        self.shown = Grid(Size(1, 1))
        self._wanted = self.shown
        self._styles: Mapping[Role, Style] = _UNSTYLED
        self._costs: Mapping[Role, int] = {}

    def on_mount(self) -> None:
        """Paint all of it after Ctrl+Z and fg: by then the terminal shows the shell's lines."""
        self.app.app_resume_signal.subscribe(self, lambda _app: self._repaint())

    def _repaint(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        """Say so once the layout has given the new size; the app's own event comes before that."""
        self.post_message(self.Sized())

    def restyle(self, styles: Mapping[Role, Style]) -> None:
        """Take the roles' styles of another theme, and paint all of it."""
        self._styles = styles
        colours = wire.colours_of(self.app.console)
        self._costs = {role: wire.cost_bytes(style, colours) for role, style in styles.items()}
        self.refresh()

    def show(self, lines: Sequence[Line], now_s: float, *, at_once: bool) -> None:
        """Bring the screen towards these lines.

        now_s: monotonic. at_once: an operator's key asked for it, so what differs from the lines
        of last time is painted whatever it costs, and charged. A new size is painted whole.
        """
        size = Size(*self.size)
        wanted = Grid.of(lines, size)
        if self.shown.size != size:
            self.governor.charge(changes(Grid(size), wanted, self._costs), now_s)
            self.shown.size, self.shown.rows = size, [list(row) for row in wanted.rows]
            self._wanted = wanted
            self.refresh()
            return
        spans = changes(self.shown, wanted, self._costs)
        if at_once:
            asked_for = changes(self._wanted, wanted, self._costs)
            spans = [span for span in spans if any(span.overlaps(other) for other in asked_for)]
            self.governor.charge(spans, now_s)
        else:
            spans = self.governor.take(spans, size.height, now_s)
        self._wanted = wanted
        if spans:
            self.shown.take(wanted, spans)
            self.refresh(*(Region(x, y, end - x, 1) for y, x, end, _ in spans))

    def render_line(self, y: int) -> Strip:
        """Return row y of what the terminal shows."""
        if y >= self.shown.size.height:
            return Strip.blank(self.size.width)
        style = self._styles.get
        return Strip(
            [Segment(text, style(role)) for text, role in self.shown.runs(y)],
            self.shown.size.width,
        )
