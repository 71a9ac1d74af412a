"""How far a retry or a skip is, as its job keeps it. Pure.

Stored in the commit that takes the objects, so that the next engine goes on behind them (I5).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from core.dag.canonical import dumps

if TYPE_CHECKING:
    from core.ledger.counters import Counters
    from core.ledger.failure_pages import FailurePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryFigures:
    """What a retry came to: queued = recovered + still_failed + gone + waiting."""

    queued: int
    recovered: int
    gone: int
    waiting: int

    @property
    def still_failed(self) -> int:
        """Objects that failed again."""
        return self.queued - self.recovered - self.gone - self.waiting

    @staticmethod
    def of(progress: ActProgress, counted: Counters, waiting: int) -> RetryFigures:
        """Return the figures. waiting: objects of its bundles that have no end state yet."""
        return RetryFigures(
            queued=progress.taken,
            recovered=counted.migrated - progress.migrated,
            gone=counted.gone - progress.gone,
            waiting=waiting,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActProgress:
    """How far an act is.

    taken, taken_bytes: objects so far. last: the last of them, in the order of the list; None
    before the first. whole: all are taken. migrated, gone: the ledger's counters when it began; a
    retry has the ledger's copies to itself, so what they grow by is its own. figures: what a retry
    came to, once it has ended.
    """

    taken: int = 0
    taken_bytes: int = 0
    last: FailurePlace | None = None
    whole: bool = False
    migrated: int = 0
    gone: int = 0
    figures: RetryFigures | None = None

    def behind(self, last: FailurePlace, objects: int, size_bytes: int) -> ActProgress:
        """Return the same with more objects taken."""
        return replace(
            self,
            taken=self.taken + objects,
            taken_bytes=self.taken_bytes + size_bytes,
            last=last,
        )

    def text(self) -> str:
        """Return what a job keeps; `parse` reads it back."""
        last = (
            None if self.last is None else [self.last[0], *(part.hex() for part in self.last[1:])]
        )
        return dumps(
            {
                "taken": self.taken,
                "taken_bytes": self.taken_bytes,
                "last": last,
                "whole": self.whole,
                "migrated": self.migrated,
                "gone": self.gone,
                "figures": None if self.figures is None else asdict(self.figures),
            }
        )

    @staticmethod
    def parse(text: str) -> ActProgress:
        """Return what `text` wrote; an empty text is a beginning."""
        if not text:
            return ActProgress()
        read = json.loads(text)
        last = read["last"]
        return ActProgress(
            taken=read["taken"],
            taken_bytes=read["taken_bytes"],
            last=None
            if last is None
            else (last[0], bytes.fromhex(last[1]), bytes.fromhex(last[2])),
            whole=read["whole"],
            migrated=read["migrated"],
            gone=read["gone"],
            figures=None if read["figures"] is None else RetryFigures(**read["figures"]),
        )
