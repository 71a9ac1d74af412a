"""The bundles that an engine recorded: the newest one by one, all of them as histograms.

Every one is also a line of the engine's log. Memory is bounded: MOST bundles, and the buckets.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from collections import deque
from typing import TYPE_CHECKING, Final

from core.control.log.snapshots import bundle_line
from core.control.log.writing import say
from core.control.wire import bundles as wire_bundles
from core.control.wire import state as wire
from core.display import safe

if TYPE_CHECKING:
    from core.engine.copying.bundle_times import BundleTimes

_log = logging.getLogger(__name__)

MOST: Final = 2_000
"""A reader that asks once a second misses none below 2,000 bundles a second."""


class _Buckets:
    """One histogram's counts; the last bucket holds what is above every bound."""

    def __init__(self) -> None:
        self.counts = [0] * (len(wire.HISTOGRAM_S) + 1)
        self.sum_s = 0.0

    def add(self, took_s: float) -> None:
        self.counts[bisect_left(wire.HISTOGRAM_S, took_s)] += 1
        self.sum_s += took_s


class BundleBook:
    """Keeps what the engine tells of recorded bundles; `note` is called after their commit."""

    def __init__(self) -> None:
        self._newest: deque[wire_bundles.BundleTimes] = deque(maxlen=MOST)
        self._seq = 0
        self._phases = {phase: _Buckets() for phase in ("read", "send", "pin", "record", "all")}
        self.read_bytes = 0

    def note(self, times: BundleTimes) -> None:
        """Count a bundle, keep it, and log it."""
        self._seq += 1
        told = wire_bundles.BundleTimes(
            seq=self._seq,
            at_ns=time.time_ns(),
            bundle=times.bundle,
            objects=times.objects,
            size_bytes=times.size_bytes,
            wait_s=times.wait_s,
            read_s=times.read_s,
            send_s=times.send_s,
            pin_s=times.pin_s,
            record_s=times.record_s,
            worker=times.worker,
            nodes=[safe(name) for name in times.nodes],
            failed=dict(times.failed),
        )
        self._newest.append(told)
        self.read_bytes += times.size_bytes
        took = (times.read_s, times.send_s, times.pin_s, times.record_s, times.all_s)
        for buckets, took_s in zip(self._phases.values(), took, strict=True):
            buckets.add(took_s)
        say(_log, bundle_line(told))

    def since(self, seq: int, limit: int) -> wire_bundles.Bundles:
        """Return up to limit bundles after number seq, oldest first, of those that are kept."""
        # a number from another engine's life is ahead of ours: begin at the first
        after = seq if seq <= self._seq else 0
        begin = max(0, len(self._newest) - (self._seq - after))
        found = [self._newest[i] for i in range(begin, min(len(self._newest), begin + limit))]
        return wire_bundles.Bundles(bundles=found, last_seq=found[-1].seq if found else self._seq)

    def histograms(self) -> list[wire.Histogram]:
        """Return the phases that have counts; none before the first bundle."""
        return [
            wire.Histogram(phase=phase, counts=list(buckets.counts), sum_s=buckets.sum_s)
            for phase, buckets in self._phases.items()
            if self._seq
        ]
