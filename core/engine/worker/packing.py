"""A bundle's blocks on their way into its CAR: each once, framed, handed on by the MiB.

May import dag and the sinks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.dag.car import BlockTally
from core.dag.varint import encode
from core.model import MIB, BlockCounts, Cid

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.target.sink import BundleSink

FLUSH_BYTES: Final = MIB


def _no_rest() -> None:
    pass


class Packer:
    """Counts and frames one bundle's blocks. rest: waits at each hand-over while work is held.

    A block given as a memoryview lies in a buffer that its owner uses again: it goes out at once.
    """

    def __init__(self, sink: BundleSink, *, rest: Callable[[], None] = _no_rest) -> None:
        self._sink = sink
        self._rest = rest
        self.tally = BlockTally()
        self.parts: list[bytes] = []
        self.held = 0
        self._segment = (0, 0)

    def emit(self, cid: Cid, block: bytes | memoryview) -> None:
        """Put a block into the CAR, unless this CAR holds it already."""
        size = len(block)
        if not self.tally.add(cid, size):
            return
        head = encode(len(cid) + size) + cid
        if isinstance(block, memoryview):
            self._sink.put_now((*self.parts, head, block), self.held + len(head) + size)
            self.parts, self.held = [], 0
            self._rest()
            return
        self.parts += (head, block)
        self.held += len(head) + size
        if self.held >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what is held to the sink."""
        if self.parts:
            self._sink.put(self.parts, self.held)
            self.parts, self.held = [], 0
            self._rest()

    def end_segment(self) -> tuple[int, int]:
        """Return (sections, block bytes) since the last segment ended; the next begins."""
        self.flush()
        sections, section_bytes = self._segment
        self._segment = (self.tally.sections, self.tally.section_bytes)
        self.tally.next_car()
        return self._segment[0] - sections, self._segment[1] - section_bytes

    def counts(self) -> BlockCounts:
        """Return the counts of the whole bundle."""
        return self.tally.counts()
