"""What a sync has come to, as it is kept with its job. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Self

from core.dag.canonical import dumps
from core.ledger.rounds import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """found: of all rounds that ended. accepted: the deletes that the job took on are done."""

    rounds: int = 0
    found: Found = field(default_factory=Found)
    accepted: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` wrote; "" is a beginning."""
        if not text:
            return cls()
        read = json.loads(text)
        return cls(
            rounds=read["rounds"], found=Found(*read["found"]), accepted=bool(read["accepted"])
        )

    @property
    def figures(self) -> dict[str, int]:
        """Return what the rounds came to, by name."""
        names = ("seen", "added", "changed", "attrs", "deleted", "size_bytes")
        return {"rounds": self.rounds, **dict(zip(names, self.found, strict=True))}

    def text(self) -> str:
        """Return it as it is stored."""
        return dumps({"rounds": self.rounds, "found": list(self.found), "accepted": self.accepted})

    def behind(self, found: Found) -> Self:
        """Return it with one round more."""
        return replace(self, rounds=self.rounds + 1, found=self.found.plus(found))
