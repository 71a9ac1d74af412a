"""How large, how often and where: the environment's word, read once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

KIB, MIB = 1 << 10, 1 << 20
TMPFS = Path("/dev/shm")  # noqa: S108 - a file system, not a temporary file's guessable name


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """folder: of this run alone. tmpfs: a folder in memory, None where there is none.

    scale: of the numbers of objects; below 1 the figures mean nothing. workers: None takes 2, and
    4 on the real stack. wait_s: the longest wait for a quiet machine.
    """

    folder: Path
    tmpfs: Path | None
    scale: float = 1.0
    rounds: int = 3
    workers: int | None = None
    wait_s: float = 20.0

    def count(self, full: int, *, least: int = 4) -> int:
        """Return how many objects there are at this scale."""
        return max(least, round(full * self.scale))


def tmpfs_folder(name: str) -> Path | None:
    """Return a name for a folder in memory: below BENCH_TMPFS, else /dev/shm; None without one."""
    base = Path(os.environ.get("BENCH_TMPFS") or TMPFS)
    return base.absolute() / name if os.access(base, os.W_OK) else None
