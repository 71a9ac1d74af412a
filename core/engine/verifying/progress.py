"""How far a verification is, as its job keeps it and `watch` shows it. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from core.dag.canonical import dumps
from core.verify.difference import Listed

if TYPE_CHECKING:
    from core.verify.figures import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyProgress:
    """done, total: keys that were joined; while bytes are read, bundles. figures: by list."""

    phase: str = ""
    done: int = 0
    total: int = 0
    figures: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(figures: Figures) -> VerifyProgress:
        """Return what a job shows of these figures."""
        counted = {str(listed): figures.objects.get(listed, 0) for listed in Listed}
        counted["unpinned"] = figures.unpinned
        done, total = figures.joined, figures.keys
        if figures.bytes is not None:
            counted |= {"read": figures.bytes.n, "bad": figures.bytes.bad}
            if figures.phase == "bytes":
                done, total = figures.bytes.done, figures.bytes.all
        return VerifyProgress(phase=figures.phase, done=done, total=total, figures=counted)

    def stored(self) -> str:
        """Return what a job keeps; `parse` reads it back."""
        return dumps(asdict(self))

    @staticmethod
    def parse(text: str) -> VerifyProgress:
        """Return what `stored` wrote; an empty text is a beginning."""
        return VerifyProgress(**json.loads(text)) if text else VerifyProgress()
