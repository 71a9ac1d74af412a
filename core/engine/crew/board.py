"""What each worker process is doing, and what holds for all, in memory that they share.

A worker stores a few integers a step; the coordinator reads them once a second. Nothing counts on
them: counters come from the ledger (I4). A killed worker leaves its last values behind. Behind the
slots stand the rules that the coordinator makes and every worker reads (`Rules`).
May import the reading times.
"""

from __future__ import annotations

import mmap
import os
import time
from enum import IntEnum
from typing import NamedTuple

from core.engine.crew.rules import RULE_CELLS, Rules
from core.engine.worker.latency import BINS, bin_of

SEEN = 9
"""64-bit integers of a slot: beat, bundle, step, done, total, objects, bytes, part, wait."""

SENT = SEEN
"""Bytes that the slot has sent, every copy counted."""

READS = SENT + 1
"""Where a slot's histogram of reading times begins."""

FIELDS = READS + BINS
MAX_SLOTS = 256
_RULES_AT = MAX_SLOTS * FIELDS
_CELLS = _RULES_AT + RULE_CELLS


class Step(IntEnum):
    """What a worker is at."""

    IDLE = 0
    READ = 1  # done, total: objects of the bundle
    SEND = 2  # part: index of the node waited for
    STREAM = 3  # done, total: bytes of a large object
    WALK = 4
    STORE = 5


class Wait(IntEnum):
    """Why a worker's bytes do not pass its gate now."""

    NONE = 0
    HOLD = 1
    BANDWIDTH = 2


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
    wait: Wait = Wait.NONE


class Board:
    """The slots of all workers over one anonymous file that the processes share."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._map = mmap.mmap(fd, _CELLS * 8)
        self._cells = memoryview(self._map).cast("q")
        self.rules = Rules(self._cells[_RULES_AT:], fd)

    @classmethod
    def create(cls) -> Board:
        """Make a board; children find it by the inherited descriptor `fd`."""
        fd = os.memfd_create("vgwm-board", 0)
        os.ftruncate(fd, _CELLS * 8)
        return cls(fd)

    def read(self, slot: int) -> Seen:
        """Return what slot holds now; torn reads of single fields do not happen on 64-bit hosts."""
        cells = self._cells[slot * FIELDS : slot * FIELDS + SEEN].tolist()
        step = Step(cells[2]) if cells[2] in Step._value2member_map_ else Step.IDLE
        wait = Wait(cells[8]) if cells[8] in Wait._value2member_map_ else Wait.NONE
        beat, bundle, _, done, total, objects, size_bytes, part, _ = cells
        return Seen(beat, bundle, step, done, total, objects, size_bytes, part, wait)

    def done(self) -> tuple[int, int]:
        """Return the objects and bytes that all workers have read since the board was made."""
        objects = sum(self._cells[5:_RULES_AT:FIELDS].tolist())
        return objects, sum(self._cells[6:_RULES_AT:FIELDS].tolist())

    def sent_bytes(self) -> int:
        """Return what all workers have sent since the board was made, every copy counted."""
        return sum(self._cells[SENT:_RULES_AT:FIELDS].tolist())

    def sent_by(self, slot: int) -> int:
        """Return what this slot has sent since the board was made."""
        return self._cells[slot * FIELDS + SENT]

    def reads(self) -> list[int]:
        """Return how many timed reads of all workers fell into each bin, since the beginning."""
        return [sum(self._cells[at:_RULES_AT:FIELDS].tolist()) for at in range(READS, FIELDS)]

    def clear(self, slot: int) -> None:
        """Forget what slot's former process left, but its totals."""
        for field in (0, 1, 2, 3, 4, 8):
            self._cells[slot * FIELDS + field] = 0

    def desk(self, slot: int) -> Desk:
        """Return the writing side of one slot."""
        return Desk(self._cells[slot * FIELDS : (slot + 1) * FIELDS])

    def close(self) -> None:
        """Release the memory."""
        self.rules.close()
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

    def waits(self, wait: Wait) -> None:
        """Say why the worker's bytes wait: a sign of life too."""
        self.cells[8] = int(wait)
        self.cells[0] = time.monotonic_ns()

    def sent(self, size_bytes: int) -> None:
        """Count bytes on their way to the target."""
        self.cells[SENT] += size_bytes

    def read_took(self, ns: int) -> None:
        """Count one timed read of the source."""
        self.cells[READS + bin_of(ns)] += 1

    def waits_for(self, part: int) -> None:
        """Say which node is waited for."""
        self.cells[7] = part
        self.cells[0] = time.monotonic_ns()
