"""The script's door: a command line goes to `core.cli`, which opens the application if it may."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.main import main as command_line

if TYPE_CHECKING:
    from core.cli.main import AppGiven


def main() -> None:
    """Run `vgwm` and exit with its code."""
    sys.exit(command_line(sys.argv[1:], open_app))


def open_app(given: AppGiven) -> int:
    """Open the terminal application, and return its exit code."""
    # Textual takes 180 ms, and no command line needs it.
    from tui import app, opening, options  # noqa: PLC0415 - as said above
    from tui.terminal.glyphs import Glyphs  # noqa: PLC0415 - as said above

    if given.actor:
        os.environ["VGWM_ACTOR"] = given.actor  # its children act in the same name
    glyphs = Glyphs(given.glyphs)
    if given.replay is None:
        return app.run(
            given.workspace,
            low_data=given.low_data,
            theme=given.theme,
            glyphs=glyphs,
            mouse=given.mouse,
        )
    path = (given.workspace or Path.cwd()).absolute()
    chosen = options.chosen(
        path / opening.WORKSPACE_FILE, low_data=given.low_data, theme=given.theme, glyphs=glyphs
    )
    return app.show(app.Terminal(path, given.replay, options=chosen), mouse=given.mouse)


if __name__ == "__main__":
    main()
