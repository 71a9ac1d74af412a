"""How far a job on the whole object table is, as its job keeps it. Pure.

Stored before the step that it names begins, so that the next engine knows what may be half done.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from core.dag.canonical import dumps
from core.model import JobKind

KEEPING: Final = frozenset({JobKind.BACKUP, JobKind.RESTORE, JobKind.REBUILD})
"""The kinds of job whose progress this is."""


class Step(StrEnum):
    """What a job is at. From SWAP on the new tables are whole."""

    LOOK = "look"
    FILL = "fill"
    SWAP = "swap"
    INDEX = "index"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepProgress:
    """How far it is: done of total rows, None where that is not known before.

    old: tag of the tables that were in use. same, changed, added, removed: the new object table
    held against the one in use; carried: rows of others that it keeps. stale: rows whose metadata
    is older than the ledger's. buckets: bucket rows. dropped: tables that are gone. keys: of the
    cache, dropped; keys_left: not.
    """

    step: Step = Step.LOOK
    done: int = 0
    total: int | None = None
    old: str = ""
    same: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    carried: int = 0
    stale: int = 0
    buckets: int = 0
    dropped: int = 0
    keys: int = 0
    keys_left: int = 0

    @property
    def figures(self) -> dict[str, int]:
        """What it came to, by name."""
        told = {
            "rows": self.done,
            "buckets": self.buckets,
            "same": self.same,
            "changed": self.changed,
            "added": self.added,
            "removed": self.removed,
            "carried": self.carried,
            "stale": self.stale,
            "dropped": self.dropped,
            "keys": self.keys,
            "keys_left": self.keys_left,
        }
        return {name: n for name, n in told.items() if n or name == "rows"}

    def text(self) -> str:
        """Return what a job keeps; `parse` reads it back."""
        return dumps(asdict(self))

    @staticmethod
    def parse(text: str) -> KeepProgress:
        """Return what `text` wrote; an empty text is a beginning."""
        if not text:
            return KeepProgress()
        read = json.loads(text)
        return KeepProgress(step=Step(read.pop("step")), **read)
