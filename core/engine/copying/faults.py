"""Which faults are the outside's, and how long to wait before the next try.

A node's fault costs no attempt of an object: the bundle goes elsewhere or waits (`docs/target.md`).
"""

from __future__ import annotations

import asyncio
import random

from core.errors import Family

NODE_FAMILIES = frozenset({Family.TRANSIENT, Family.THROTTLED, Family.CAPACITY, Family.AUTH})
"""Faults that time or somebody outside mends: the bundle goes elsewhere, or waits."""

FIRST_S = 1.0
MOST_S = 30.0


class Backoff:
    """Waits that double from 1 s to 30 s, with jitter, so that bundles do not come back as one."""

    def __init__(self, *, first_s: float = FIRST_S, most_s: float = MOST_S) -> None:
        self._next_s = first_s
        self._most_s = most_s

    def next_s(self, *, at_least_s: float = 0.0) -> float:
        """Return the next wait in seconds."""
        wait_s = max(at_least_s, self._next_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        self._next_s = min(self._most_s, self._next_s * 2)
        return wait_s

    async def wait(self, *, at_least_s: float = 0.0) -> None:
        """Sleep for the next wait."""
        await asyncio.sleep(self.next_s(at_least_s=at_least_s))
