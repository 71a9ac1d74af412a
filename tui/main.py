"""The script's door: arguments go to the command line, none on a terminal to the application."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from core.cli.main import main as command_line

if TYPE_CHECKING:
    from pathlib import Path


def main() -> None:
    """Run `vgwm` and exit with its code."""
    sys.exit(command_line(sys.argv[1:], _open_app))


def _open_app(workspace: Path | None) -> int:
    from tui import app  # noqa: PLC0415 - Textual takes 180 ms, and no command line needs it

    return app.run(workspace)


if __name__ == "__main__":
    main()
