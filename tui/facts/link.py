"""The engine link: asks for the latest state once a second, and says how the engine answers.

One request at a time. A silent or gone engine is asked after 1, 2, 4, 8 s. Without an engine the
last facts come from the ledger, by the command line in a child process.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.control.wire.state import API_VERSION
from core.errors import EngineDown, NoAnswer, VgwmError
from tui.linked import Link, LinkState

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.control.client import Client
    from core.control.wire.state import Snapshot

PERIOD_S = 1.02
"""A little over a second, so that two paints never fall into one second of the reader's clock."""
SLOWEST_S = 8.0


class EngineLink:
    """What is known of the engine: its last snapshot, when it came, and how it answers now."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self._clock = clock
        self._state = LinkState.CONNECTING
        self._detail = ""
        self._heard_s = clock()
        self._came_s: float | None = None
        self._wait_s = PERIOD_S
        self.snapshot: Snapshot | None = None

    def now(self) -> Link:
        """Return how the engine answers, with ages of this moment."""
        at_s = self._clock()
        return Link(
            state=self._state,
            age_s=None if self._came_s is None else at_s - self._came_s,
            quiet_s=at_s - self._heard_s,
            detail=self._detail,
        )

    def now_ns(self) -> int:
        """Return the time by which ages on the screen are told, UTC."""
        return time.time_ns()

    async def poll(self) -> float:
        """Ask once, and return how long to wait before the next time."""
        try:
            snapshot = await self.client.snapshot()
        except EngineDown as error:
            return self._no_answer(LinkState.GONE, error)
        except NoAnswer as error:
            return self._no_answer(LinkState.SILENT, error)
        except VgwmError as error:
            return self._no_answer(LinkState.FOREIGN, error)
        self._heard_s = self._clock()
        self._wait_s = PERIOD_S
        if snapshot.v != API_VERSION:
            self._state = LinkState.FOREIGN
            self._detail = f"the engine speaks API {snapshot.v}, this screen {API_VERSION}"
            return PERIOD_S
        self._state = LinkState.LIVE
        self._detail = ""
        self.take(snapshot)
        return PERIOD_S

    def take(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, from the engine or from the ledger."""
        self.snapshot = snapshot
        self._came_s = self._clock()

    def _no_answer(self, state: LinkState, error: VgwmError) -> float:
        self._state = state
        self._detail = error.what
        wait_s = self._wait_s
        self._wait_s = min(SLOWEST_S, wait_s * 2)
        return wait_s
