"""How far a repair is, and what it came to, as its job keeps it. Pure.

A step that was broken off is taken up behind what it had done; done twice it harms nothing.
"""

from __future__ import annotations

import msgspec


class RepairProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of a repair. total: lines that it was to end.

    step: how many steps are done. at: of the one at work, the last bundle or how many lines.
    done: lines whose bundle, row or key was dealt with; of them left. written, removed: rows;
    bundles: mended; dropped: cached keys; unpinned: pins. reasons: why things were left, by count.
    sent: objects put into new bundles; carried: those of them that came through, once settled;
    lost: objects whose copies are damaged, and that the source has no more.
    """

    total: int = 0
    step: int = 0
    at: int = 0
    done: int = 0
    left: int = 0
    bundles: int = 0
    written: int = 0
    removed: int = 0
    dropped: int = 0
    unpinned: int = 0
    sent: int = 0
    carried: int = 0
    settled: bool = False
    lost: int = 0
    reasons: dict[str, int] = {}

    def text(self) -> str:
        """Return what a job keeps; `parse` reads it back."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def parse(text: str) -> RepairProgress:
        """Return what `text` wrote; an empty text is a beginning."""
        return msgspec.json.decode(text, type=RepairProgress) if text else RepairProgress()

    @property
    def figures(self) -> dict[str, int]:
        """What a client shows of it."""
        return {
            "bundles": self.bundles,
            "rows_written": self.written,
            "rows_removed": self.removed,
            "keys_dropped": self.dropped,
            "pins_removed": self.unpinned,
            "carried_again": self.carried,
            "lost": self.lost,
            "left": self.left,
        }
