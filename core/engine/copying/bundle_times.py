"""How long a bundle took, step by step: measured at its few turns, never per object.

Pure but for the clock it is given. May import the tasks.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.engine.crew.task import CopyResult


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleTimes:
    """One recorded bundle: what it held and where its time went. Told after its commit (I5).

    read_s, send_s: the worker's own, of the attempt that came through; to a directory `send` is
    storing. wait_s: all else until the worker's answer: for room, a node, a free worker, further
    attempts. pin_s: until every allocated peer said pinned, all attempts. record_s: rows and
    commit. worker: -1 where no worker of this engine carried it. failed: objects by class.
    """

    bundle: int
    objects: int
    size_bytes: int
    wait_s: float
    read_s: float
    send_s: float
    pin_s: float
    record_s: float
    worker: int
    nodes: tuple[str, ...]
    failed: Mapping[str, int] = field(default_factory=dict)

    @property
    def all_s(self) -> float:
        """The whole way, from the moment it was given out."""
        return self.wait_s + self.read_s + self.send_s + self.pin_s + self.record_s


class Stopwatch:
    """Measures one bundle's way through the coordinator."""

    __slots__ = ("_clock", "_mark_s", "_pin_s", "_until_answer_s")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._mark_s = clock()
        self._until_answer_s = 0.0
        self._pin_s = 0.0

    def answered(self) -> None:
        """Say that a worker's answer is there."""
        self._until_answer_s += self._lap()

    def pinned(self) -> None:
        """Say that pinning ended, well or not."""
        self._pin_s += self._lap()

    def recorded(
        self, result: CopyResult, nodes: tuple[str, ...], failed: Iterable[str] = ()
    ) -> BundleTimes:
        """Return the times of a bundle whose record is committed.

        result: the answer that came through. failed: a class for each object that did not.
        """
        record_s = self._lap()
        return BundleTimes(
            bundle=result.bundle,
            objects=result.objects,
            size_bytes=result.size_bytes,
            wait_s=max(0.0, self._until_answer_s - result.read_s - result.send_s),
            read_s=result.read_s,
            send_s=result.send_s,
            pin_s=self._pin_s,
            record_s=record_s,
            worker=result.worker,
            nodes=nodes,
            failed=dict(Counter(failed)),
        )

    def _lap(self) -> float:
        now_s = self._clock()
        lap_s = now_s - self._mark_s
        self._mark_s = now_s
        return lap_s


def untold(_times: BundleTimes) -> None:
    """Hear of a bundle and tell nobody."""
