"""What a verification came to, in figures: kept as JSON with its proof, shown by every client.

Pure; may import msgspec, and its own room.
"""

from __future__ import annotations

import msgspec

from core.verify.bytes_told import BytesFigures  # noqa: TC001 - msgspec reads the annotations
from core.verify.difference import Ill, Listed


class RowCount(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one kind in one list; ill None in the list of the equal."""

    listed: Listed
    ill: Ill | None
    rows: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one verification. objects: keys by list, each key in one. rows: lines by kind.

    keys: that the ledger has, of the buckets asked for. joined: keys so far. unpinned: objects
    whose bundle was not seen pinned on each allocation; unread: those where nobody could look.
    dirty: changed at the source since they were copied. gone: at neither end any more. skipped:
    left behind by plan or by an operator, with a reason. phase: bytes, pins, join, again, lists,
    done; phase_ns: when that began, UTC; joined_before: keys that were joined by then. bytes: None
    where nothing is read again. partial: it ended before its end.
    """

    phase: str = ""
    phase_ns: int = 0
    joined_before: int = 0
    keys: int = 0
    joined: int = 0
    objects: dict[Listed, int] = {}
    rows: tuple[RowCount, ...] = ()
    unpinned: int = 0
    unread: int = 0
    bundles: int = 0
    bundles_unpinned: int = 0
    dirty: int = 0
    gone: int = 0
    skipped: int = 0
    versions: int = 0
    markers: int = 0
    partial: bool = False
    bytes: BytesFigures | None = None

    @property
    def found(self) -> int:
        """Keys that are in another list than the equal."""
        return sum(n for listed, n in self.objects.items() if listed is not Listed.EQUAL)

    def stored(self) -> str:
        """Return what a proof keeps; `parse` reads it back."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def parse(text: str) -> Figures:
        """Return what `stored` wrote; an empty text is a beginning."""
        return msgspec.json.decode(text, type=Figures) if text else Figures()
