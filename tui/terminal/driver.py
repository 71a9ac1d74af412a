"""The terminal driver: Textual's, with a file that counts bytes and knows how long it is stuck.

A link that takes no bytes blocks the writer's thread, not this process: while it is stuck nothing
is painted, so that the event loop never waits in a full queue.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App


class MeteredFile:
    """Writes text to a file descriptor; counts what went out. Used by the writer's thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pending: list[str] = []
        self._since_s: float | None = None
        self.bytes_out = 0

    def write(self, text: str) -> int:
        """Keep text until `flush`."""
        self._pending.append(text)
        return len(text)

    def flush(self) -> None:
        """Write what was kept; blocks as long as the terminal does."""
        left = memoryview("".join(self._pending).encode("utf-8", "replace"))
        self._pending.clear()
        self._since_s = time.monotonic()
        try:
            while left:
                written = os.write(self._fd, left)
                self.bytes_out += written
                self._since_s = time.monotonic()
                left = left[written:]
        finally:
            self._since_s = None

    def stuck_s(self) -> float:
        """Return for how long the terminal has taken nothing of what is being written."""
        since_s = self._since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._fd

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return os.isatty(self._fd)


class MeteredDriver(LinuxDriver):
    """Textual's driver, writing through a metered file."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        stderr = sys.__stderr__
        self.meter = MeteredFile(stderr.fileno() if stderr is not None else 2)
        # The writer's thread takes any object that writes text; Textual types it as TextIO.
        self._file = self.meter  # type: ignore[assignment]  # see above
