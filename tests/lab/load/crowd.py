"""Threads that act as clients until they are stopped, and what went wrong in any of them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Callable


class Crowd:
    """Threads named `name`-0, `name`-1, ... act: what one does, by its number, until `over`."""

    def __init__(self, name: str, count: int, act: Callable[[int], None]) -> None:
        self.over = threading.Event()
        self._name = name
        self._act = act
        self._faults: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(n,), name=f"{name}-{n}", daemon=True)
            for n in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, limit_s: float) -> None:
        """Let each end what it is at; raise what went wrong, and who did not end."""
        self.over.set()
        ends_s = time.monotonic() + limit_s
        for thread in self._threads:
            thread.join(max(0.1, ends_s - time.monotonic()))
        if self._faults:
            raise LabError(f"a {self._name} stumbled: {self._faults[0]!r}") from self._faults[0]
        hung = [thread.name for thread in self._threads if thread.is_alive()]
        if hung:
            raise LabError(f"not ended within {limit_s:.0f} s: {hung}")

    def _run(self, number: int) -> None:
        try:
            self._act(number)
        except Exception as error:  # noqa: BLE001 - told by stop()
            self._faults.append(error)
