"""Where an engine listens: one socket per workspace, however long its path is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

SOCKET_NAME = "engine.sock"

_LONGEST = 107
"""Bytes of a path that fit into sockaddr_un, without the closing NUL (unix(7))."""


class Address:
    """The path by which to bind or reach the engine of a workspace, while it is open.

    A path that is too long goes through /proc/self/fd: the folder is held open, and its number is
    short.
    """

    def __init__(self, workspace: Path) -> None:
        self._fd: int | None = None
        whole = workspace / SOCKET_NAME
        self.path = str(whole)
        if len(os.fsencode(whole)) > _LONGEST:
            self._fd = os.open(workspace, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            self.path = f"/proc/self/fd/{self._fd}/{SOCKET_NAME}"

    def close(self) -> None:
        """Let the folder go."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
