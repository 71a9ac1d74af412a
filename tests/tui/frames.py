"""A panel that shows random frames: run twice, with our writer and with Textual's, to compare.

`python -m tests.tui.frames ours|textual THEME`; each `n` shows the next frame, `r` another screen.
"""

from __future__ import annotations

import random
import sys
import time

from textual.app import App
from textual.screen import Screen

from tui.terminal import themes, wire
from tui.terminal.governor import Governor
from tui.views.line import Line, Piece, Role, Size
from tui.widgets.panel import Panel

ALPHABET = "abcdefgh 0123456789 ..  ..  =+#漢字日本é▁▃█"


def frame(seed: int, size: Size) -> list[Line]:
    """A frame that shares most of its cells with the one before."""
    lines: list[Line] = [(Piece(f"frame {seed} "),)]
    for y in range(1, size.height):
        moved = random.Random(f"{seed}:{y}").random() < 0.4  # noqa: S311 - a test's frames
        dice = random.Random(f"{seed if moved else seed // 3}:{y}")  # noqa: S311 - a test's frames
        pieces, cells = [], 0
        while cells < size.width and dice.random() < 0.9:
            length = dice.randrange(1, 14)
            text = "".join(dice.choice(ALPHABET) for _ in range(length))
            pieces.append(Piece(text, dice.choice(list(Role))))
            cells += length
        lines.append(tuple(pieces))
    return lines


class Frames(App[None], inherit_bindings=False):
    """Shows frame after frame."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, look: themes.Look) -> None:
        super().__init__(ansi_color=look.ansi or None)
        self.look = look
        self.register_theme(themes.textual_theme(look))
        self.theme = f"vg-{look.name}"
        self.panel = Panel(Governor(1 << 20))
        self.seed = 0

    def get_default_screen(self) -> Screen[None]:
        screen: Screen[None] = Screen()
        screen.compose = lambda: [self.panel]  # type: ignore[method-assign]  # one widget
        return screen

    def on_mount(self) -> None:
        self.panel.restyle(themes.styles(self.look, sixteen=False))

    def on_panel_sized(self) -> None:
        self.step()

    def on_key(self, event: object) -> None:
        del event
        self.seed += 1
        self.step()

    def step(self) -> None:
        size = Size(*self.panel.size)
        self.panel.show(frame(self.seed, size), time.monotonic(), at_once=True)


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        assert wire.install()
    Frames(themes.load(sys.argv[2])).run(mouse=False)
