"""The one screen: a panel that fills it. Keys go to the app, not to widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

if TYPE_CHECKING:
    from tui.widgets.panel import Panel


class Board(Screen[None], inherit_bindings=False):
    """A screen that is one panel; which view fills it is a value in `Ui`."""

    DEFAULT_CSS = "Board { overflow: hidden; }"

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.panel = panel

    def compose(self) -> list[Panel]:
        """Return the panel."""
        return [self.panel]
