"""A circuit breaker for one node: closed, open after faults, half-open with one bundle. No I/O.

A node that fails at real work is left out, so that it is not hammered and holds nobody up. When its
pause is over, one bundle goes there on trial; its end closes the breaker, or doubles the pause.
"""

from __future__ import annotations

from enum import StrEnum

FAULTS = 3
"""Faults in a row that open it; one that cost a long wait opens it alone."""

FIRST_S = 5.0
MOST_S = 60.0
FULL_S = 60.0
BUSY_S = 5.0

AT_ONCE = frozenset(
    {"NodeSlow", "CapacityExhausted", "NodeBusy", "Denied", "PinFailed", "PinMoved"}
)
"""Kinds of fault that say enough alone: each cost minutes, or the node's own word."""

_PIN_KINDS = frozenset({"PinFailed", "PinMoved", "BlocksMissing"})


class Circuit(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts a node's faults. All times are monotonic seconds, given by the caller."""

    def __init__(self) -> None:
        self.kind = ""
        self.reason = ""
        self._faults = 0
        self._pause_s = 0.0
        self._until_s = 0.0
        self._trial_until_s = 0.0

    def circuit(self, now_s: float) -> Circuit:
        """Return where it stands."""
        if not self._pause_s:
            return Circuit.CLOSED
        return Circuit.OPEN if now_s < self._until_s else Circuit.HALF_OPEN

    def takes(self, now_s: float) -> bool:
        """Tell whether a bundle may go there now; in half-open only while no other is on trial."""
        if now_s < self._until_s:
            return False
        return not self._pause_s or now_s >= self._trial_until_s

    def wait_s(self, now_s: float) -> float:
        """Return how long nothing goes there, 0 when something may."""
        return max(0.0, self._until_s - now_s)

    def taken(self, now_s: float) -> None:
        """Note that a bundle goes there. A trial that nobody hears of again ends by itself."""
        if self._pause_s:
            self._trial_until_s = now_s + MOST_S

    def fault(self, kind: str, reason: str, now_s: float, *, wait_s: float = 0.0) -> bool:
        """Count a fault; return whether it opened now. wait_s: what the node itself asked for.

        kind: name of the error's class. Below the limit the node only rests for a moment.
        """
        was_closed = not self._pause_s
        self.kind, self.reason = kind, reason
        self._faults += 1
        self._trial_until_s = 0.0
        if was_closed and self._faults < FAULTS and kind not in AT_ONCE:
            self._until_s = now_s + max(wait_s, FIRST_S / 5 * self._faults)
            return False
        if not was_closed and now_s < self._until_s:
            # of bundles that were under way when it opened: no news, unless it asks for longer
            self._until_s = max(self._until_s, now_s + wait_s)
            return False
        first_s = {"CapacityExhausted": FULL_S, "NodeBusy": BUSY_S}.get(kind, FIRST_S)
        self._pause_s = first_s if was_closed else min(MOST_S, self._pause_s * 2)
        self._until_s = now_s + max(self._pause_s, wait_s)
        return was_closed

    def passed(self, *, pinned: bool) -> bool:
        """Note that a bundle arrived there, or was pinned there; return whether that closed it.

        What opened by a pin closes by a pin only: its imports went well all the while.
        """
        if self.kind in _PIN_KINDS and not pinned:
            return False
        was_open = self._pause_s > 0
        self.kind = self.reason = ""
        self._faults = 0
        self._pause_s = self._until_s = self._trial_until_s = 0.0
        return was_open
