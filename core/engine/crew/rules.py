"""The rules that the coordinator makes for all workers: hold, and how many bytes a second.

They stand on the board, so that a worker in the middle of a bundle obeys at its next piece. The
bandwidth is one account for all: each piece reserves its time on one clock, under a lock of the
file, so that the sum keeps the limit whoever sends, and an idle worker takes no share of it.
May import nothing of the project.
"""

from __future__ import annotations

import fcntl
from time import monotonic_ns
from typing import NamedTuple

RULE_CELLS = 4
_HOLD, _RATE, _NEXT = range(3)

_LOCK_AT = 0
_LOCK_BYTES = 8

SLACK_NS = 200_000_000
"""How far behind its account a sender may catch up: what a late sleep or a busy disk cost."""

AHEAD_NS = 100_000_000
"""How far ahead pieces may be reserved: so soon does a new rate hold."""


class Turn(NamedTuple):
    """The answer to a wish to send. wait_ns: until the piece may go, or the wish be repeated."""

    granted: bool
    wait_ns: int


class Rules:
    """The cells behind the slots. fd: the board's, whose first bytes are the lock."""

    def __init__(self, cells: memoryview[int], fd: int) -> None:
        self._cells = cells
        self._fd = fd

    def close(self) -> None:
        """Let the memory go."""
        self._cells.release()

    def rule(self, *, hold: bool, bytes_s: int) -> None:
        """Make the rules: the coordinator's side."""
        self._cells[_HOLD] = int(hold)
        self._cells[_RATE] = bytes_s

    def held(self) -> bool:
        """Tell whether no byte may pass."""
        return self._cells[_HOLD] != 0

    def bytes_s(self) -> int:
        """Return the bytes a second of all workers and copies together; 0 for no limit."""
        return self._cells[_RATE]

    def turn(self, size_bytes: int, bytes_s: int) -> Turn:
        """Reserve a piece's time on the clock of all workers, unless too much is reserved ahead."""
        # a dead holder's lock is given back by the kernel
        fcntl.lockf(self._fd, fcntl.LOCK_EX, _LOCK_BYTES, _LOCK_AT)
        try:
            now_ns = monotonic_ns()
            due_ns = max(self._cells[_NEXT], now_ns - SLACK_NS)
            if due_ns - now_ns > AHEAD_NS:
                return Turn(granted=False, wait_ns=due_ns - now_ns - AHEAD_NS // 2)
            self._cells[_NEXT] = due_ns + size_bytes * 1_000_000_000 // bytes_s
            return Turn(granted=True, wait_ns=max(0, due_ns - now_ns))
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, _LOCK_BYTES, _LOCK_AT)
