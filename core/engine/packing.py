"""A bundle's blocks on their way into its CAR: each once, framed, handed on by the MiB.

May import dag and the sinks.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from core.dag.car import BlockTally
from core.dag.varint import encode
from core.model import MIB, BlockCounts, Cid

if TYPE_CHECKING:
    from core.target.sink import BundleSink

FLUSH_BYTES: Final = MIB


class Packer:
    """Counts and frames one bundle's blocks, no faster than `bytes_s` (None: as fast as may be).

    A block given as a memoryview lies in a buffer that its owner uses again: it goes out at once.
    """

    def __init__(self, sink: BundleSink, *, bytes_s: float | None = None) -> None:
        self._sink = sink
        self._bytes_s = bytes_s
        self._began_s = time.monotonic()
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
            self._hold_back()
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
            self._hold_back()

    def _hold_back(self) -> None:
        """Sleep until the bundle's share of the bandwidth allows what was handed on."""
        if self._bytes_s is not None:
            due_s = self._began_s + self.tally.section_bytes / self._bytes_s
            time.sleep(max(0.0, due_s - time.monotonic()))

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
