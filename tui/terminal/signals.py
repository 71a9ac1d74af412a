"""Signals: the screen is given back and the exit code says which one it was.

`signal.signal`, not the loop's handlers: a loop that is stuck would never run them. If the app has
not ended 1.5 s later, the process ends itself; the terminal's line settings are put back first.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

ENDING = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
PATIENCE_S = 1.5


def exit_code(number: int) -> int:
    """Return the exit code of a process that a signal ended."""
    return 128 + number


def install(leave: Callable[[int], None]) -> None:
    """Call `leave` with the exit code on a signal that ends us, even on one that was ignored."""
    settings = _line_settings()

    def end(number: int, _frame: FrameType | None) -> None:
        code = exit_code(number)
        threading.Thread(
            target=_end_anyway, args=(code, settings), name="end anyway", daemon=True
        ).start()
        leave(code)

    for number in ENDING:
        signal.signal(number, end)


def let_go() -> None:
    """Point output at nothing: a window that is gone takes no last word.

    What Python cannot flush at its end would hide the exit code behind 120.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def _line_settings() -> list[int | list[bytes | int]] | None:
    try:
        return termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, OSError, ValueError):
        return None


def _end_anyway(code: int, settings: list[int | list[bytes | int]] | None) -> None:
    time.sleep(PATIENCE_S)
    if settings is not None:
        try:
            # NOW, not DRAIN: the terminal takes nothing, so draining would wait for ever.
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, settings)
        except (termios.error, OSError, ValueError):
            os._exit(code)
    os._exit(code)
