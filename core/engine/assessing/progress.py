"""How far an assessment is, as its job keeps it. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from core.dag.canonical import dumps


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessProgress:
    """rows: how many are asked; answered: how many of them have come in. text: what it is at."""

    rows: int = 0
    answered: int = 0
    text: str = ""

    def stored(self) -> str:
        """Return what a job keeps; `parse` reads it back."""
        return dumps(asdict(self))

    @staticmethod
    def parse(text: str) -> AssessProgress:
        """Return what `stored` wrote; an empty text is a beginning."""
        return AssessProgress(**json.loads(text)) if text else AssessProgress()
