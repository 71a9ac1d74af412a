"""What clients did and were told: one entry for each attempt, also for those that were refused.

Times are of the monotonic clock, which all threads of a process share.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Told(StrEnum):
    """What a client knows of an attempt."""

    DONE = "done"
    HELD = "held"  # 503 of the load balancer's or a fence's: certainly not done
    UNKNOWN = "unknown"  # another error, or none: it may be done


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request. digest: SHA-256 of what was put, "" for a delete. side: who answered.

    status: 0 where there was no answer.
    """

    client: str
    op: str
    bucket: str
    key: str
    digest: str
    began_ns: int
    ended_ns: int
    told: Told
    status: int
    side: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key has to hold. digest: "" for nothing. settled: no later attempt is under way."""

    digest: str
    settled: bool
    at: int


class Journal:
    """Attempts in the order of their ends, and what each key has to hold after them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.attempts: list[Attempt] = []
        self._wanted: dict[tuple[str, str], str] = {}
        self._under_way: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._changes: defaultdict[tuple[str, str], int] = defaultdict(int)

    def begin(self, bucket: str, key: str) -> None:
        """An attempt at a key begins: from now on it may hold either content."""
        with self._lock:
            self._under_way[bucket, key] += 1
            self._changes[bucket, key] += 1

    def settle(self, bucket: str, key: str, digest: str) -> None:
        """The last attempt was acknowledged; no other one of this operation is under way."""
        with self._lock:
            self._wanted[bucket, key] = digest
            self._under_way[bucket, key] -= 1
            self._changes[bucket, key] += 1

    def add(self, attempt: Attempt) -> None:
        with self._lock:
            self.attempts.append(attempt)

    def wanted(self, at: tuple[str, str]) -> Wanted:
        """Return what a key has to hold now; `at` changes with everything done to it."""
        with self._lock:
            return Wanted(self._wanted.get(at, ""), not self._under_way[at], self._changes[at])

    def touched(self) -> list[tuple[str, str]]:
        """Return every key for which something was acknowledged."""
        with self._lock:
            return sorted(self._wanted)

    def save(self, path: Path) -> None:
        """Write all attempts as lines of JSON."""
        with self._lock, path.open("w", encoding="utf-8") as file:
            for attempt in self.attempts:
                file.write(json.dumps(asdict(attempt)) + "\n")
