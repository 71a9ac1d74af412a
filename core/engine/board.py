"""What each worker process is doing, in memory shared with the coordinator.

A worker stores a few integers a step; the coordinator reads them once a second. Nothing counts on
them: counters come from the ledger (I4). A killed worker leaves its last values behind.
May import the model.
"""

from __future__ import annotations

import mmap
import os
import time
from enum import IntEnum
from typing import NamedTuple

FIELDS = 8
"""64-bit integers a slot: beat, bundle, step, done, total, objects, bytes, part."""

MAX_SLOTS = 256


class Step(IntEnum):
    """What a worker is at."""

    IDLE = 0
    READ = 1  # done, total: objects of the bundle
    SEND = 2  # part: index of the node waited for
    STREAM = 3  # done, total: bytes of a large object
    WALK = 4
    STORE = 5


class Seen(NamedTuple):
    """One slot, as read. Times are monotonic nanoseconds of this machine."""

    beat_ns: int
    bundle: int
    step: Step
    done: int
    total: int
    objects: int
    size_bytes: int
    part: int


class Board:
    """The slots of all workers over one anonymous file that the processes share."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._map = mmap.mmap(fd, MAX_SLOTS * FIELDS * 8)
        self._cells = memoryview(self._map).cast("q")

    @classmethod
    def create(cls) -> Board:
        """Make a board; children find it by the inherited descriptor `fd`."""
        fd = os.memfd_create("vgwm-board", 0)
        os.ftruncate(fd, MAX_SLOTS * FIELDS * 8)
        return cls(fd)

    def read(self, slot: int) -> Seen:
        """Return what slot holds now; torn reads of single fields do not happen on 64-bit hosts."""
        cells = self._cells[slot * FIELDS : (slot + 1) * FIELDS].tolist()
        step = Step(cells[2]) if cells[2] in Step._value2member_map_ else Step.IDLE
        return Seen(cells[0], cells[1], step, *cells[3:])

    def clear(self, slot: int) -> None:
        """Forget what slot's former process left, but its totals."""
        for field in range(5):
            self._cells[slot * FIELDS + field] = 0

    def desk(self, slot: int) -> Desk:
        """Return the writing side of one slot."""
        return Desk(self._cells[slot * FIELDS : (slot + 1) * FIELDS])

    def close(self) -> None:
        """Release the memory."""
        self._cells.release()
        self._map.close()
        os.close(self.fd)


class Desk:
    """A worker's own slot."""

    __slots__ = ("cells",)

    def __init__(self, cells: memoryview[int]) -> None:
        self.cells = cells

    def at(self, step: Step, *, bundle: int = 0, total: int = 0) -> None:
        """Say which step begins."""
        cells = self.cells
        cells[1] = bundle
        cells[2] = int(step)
        cells[3] = 0
        cells[4] = total
        cells[0] = time.monotonic_ns()

    def tick(self, done: int, *, objects: int = 0, size_bytes: int = 0) -> None:
        """Say how far the step is; objects and size_bytes are added to the slot's totals."""
        cells = self.cells
        cells[3] = done
        cells[5] += objects
        cells[6] += size_bytes
        cells[0] = time.monotonic_ns()

    def waits_for(self, part: int) -> None:
        """Say which node is waited for."""
        self.cells[7] = part
        self.cells[0] = time.monotonic_ns()
