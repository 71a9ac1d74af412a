"""Which stage bounds a copy, with its figures: one line for the operator. Pure.

It judges by where the workers' time of the last seconds went, not by how it looks at one moment.
May import `display`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.display import size

if TYPE_CHECKING:
    from collections.abc import Sequence

HALF: Final = 0.5
BUSY_CPU: Final = 0.85
LATE_S: Final = 1.0
ONE_NODE: Final = 0.6
"""So much of all sending for one node among several: it is the node, and not the link."""

READ, SEND, STORE, IDLE, BANDWIDTH = "read", "send", "store", "idle", "bandwidth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The workers at one second. at: how many were at each of READ .. BANDWIDTH.

    sending: by the name of the node waited for. full: the bound that let no bundle in, or "".
    cpu: busy share of this host, None if unknown. read_bytes, sent_bytes, bundles: totals so far.
    """

    at_s: float
    at: Counter[str]
    sending: Counter[str] = field(default_factory=Counter)
    full: str = ""
    cpu: float | None = None
    read_bytes: int = 0
    sent_bytes: int = 0
    bundles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What else is known now.

    still: why nothing at all is done (paused, a closed window). table: what it answered, "" if all
    is well. source: why fewer workers read. lag_s: of the ledger's writer. bytes_s: allowed, None
    for no limit. pins, pins_most: bundles that wait for their pins. walking: the plan still grows.
    """

    still: str = ""
    table: str = ""
    source: str = ""
    lag_s: float = 0.0
    bytes_s: int | None = None
    pins: int = 0
    pins_most: int = 0
    inflight_bytes: int = 0
    walking: bool = False


def bottleneck(looks: Sequence[Look], bounds: Bounds) -> str:
    """Return the stage that bounds the whole and its figures, "" while nothing was seen."""
    if bounds.still:
        return bounds.still
    if not looks:
        return ""
    seen = _Seen(looks)
    if not seen.worker_s:
        return "workers: none runs"
    found = (
        _outside(bounds)
        or _bandwidth(seen, bounds)
        or _full(seen, bounds)
        or _target(seen)
        or _source(seen, bounds)
    )
    return found or _idle(seen, bounds) or seen.shares()


def stall(bounds: Bounds, *, stuck: Sequence[str], workers: int, held: str, limit: str) -> str:
    """Return why nothing moves, the cause before what follows from it.

    stuck: the steps in which workers hang. held: why no new bundle begins, "" if it does.
    """
    if bounds.still or bounds.table:
        return bounds.still or f"table: {bounds.table}"
    if stuck:
        step, times = Counter(stuck).most_common(1)[0]
        return f"{step}; {times} of {workers} workers"
    if bounds.pins:
        return f"pins: {bounds.pins} bundles wait until their peers say pinned"
    return held or limit or "no reason known"


class _Seen:
    """What the looks say together."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self.at: Counter[str] = Counter()
        self.nodes: Counter[str] = Counter()
        for look in looks:
            self.at += look.at
            self.nodes += look.sending
        self.worker_s = self.at.total()
        full = Counter(look.full.partition(":")[0] for look in looks)
        self.full, times = full.most_common(1)[0]
        if times <= HALF * len(looks):
            self.full = ""
        self.full_text = next((look.full for look in reversed(looks) if look.full), "")
        cpu = [look.cpu for look in looks if look.cpu is not None]
        self.cpu = sum(cpu) / len(cpu) if cpu else None
        first, last = looks[0], looks[-1]
        span_s = max(last.at_s - first.at_s, 1e-3)
        self.read_s = (last.read_bytes - first.read_bytes) / span_s
        self.sent_s = (last.sent_bytes - first.sent_bytes) / span_s
        self.bundles_s = (last.bundles - first.bundles) / span_s

    def share(self, *what: str) -> float:
        """Return the share of the workers' time that went there."""
        return sum(self.at[one] for one in what) / self.worker_s

    def percent(self, *what: str) -> str:
        return f"{self.share(*what) * 100:.0f} %"

    def shares(self) -> str:
        """Return where the time goes, if no stage takes most of it."""
        told = (READ, SEND, STORE, IDLE)
        parts = ", ".join(f"{one} {self.percent(one)}" for one in told if self.at[one])
        return f"no single stage: {parts} of the workers' time"


def _outside(bounds: Bounds) -> str:
    if bounds.table:
        return f"table: {bounds.table}"
    if bounds.lag_s > LATE_S:
        return f"ledger: its writer is {bounds.lag_s:.1f} s behind"
    return ""


def _bandwidth(seen: _Seen, bounds: Bounds) -> str:
    if bounds.bytes_s is None or seen.share(BANDWIDTH) < HALF:
        return ""
    return (
        f"bandwidth: {size(bounds.bytes_s)}/s allowed, {size(seen.sent_s)}/s sent;"
        f" workers wait for it {seen.percent(BANDWIDTH)} of the time"
    )


def _full(seen: _Seen, bounds: Bounds) -> str:
    """Name the bound that keeps new bundles out, if workers are without work for it."""
    if not seen.full or seen.share(IDLE) < 0.2:  # noqa: PLR2004 - else they have enough to do
        return ""
    idle = f"workers idle {seen.percent(IDLE)}"
    match seen.full:
        case "pins":
            pace = f"{seen.bundles_s:.1f} bundles/s are seen pinned"
            return f"pins: {bounds.pins} of {bounds.pins_most} wait, {pace}; {idle}"
        case "memory":
            return f"memory: {size(bounds.inflight_bytes)} in flight is the most; {idle}"
    return f"{seen.full_text}; {idle}"


def _target(seen: _Seen) -> str:
    if seen.share(STORE) >= HALF:
        taken = f"storing takes {seen.percent(STORE)} of the workers' time"
        return f"target disk: {taken}, {size(seen.sent_s)}/s"
    if seen.share(SEND) < HALF:
        return ""
    taken, pace = f"{seen.percent(SEND)} of the workers' time", f"{size(seen.sent_s)}/s sent"
    named = seen.nodes.most_common(1)
    if len(seen.nodes) > 1 and named[0][1] >= ONE_NODE * seen.nodes.total():
        part = f"{named[0][1] * 100 // seen.nodes.total()} % of all sending waits for it"
        return f"node {named[0][0]}: {part}; sending takes {taken}, {pace}"
    if len(seen.nodes) == 1:
        return f"node {named[0][0]}: sending takes {taken}, {pace}"
    return f"link: sending takes {taken}, {pace} to {max(1, len(seen.nodes))} nodes alike"


def _source(seen: _Seen, bounds: Bounds) -> str:
    if bounds.source:
        return bounds.source
    if seen.share(READ) < HALF:
        return ""
    taken = f"reading and hashing takes {seen.percent(READ)} of the workers' time"
    pace = f"{size(seen.read_s)}/s"
    if seen.cpu is None:
        return f"read and hash: {taken}, {pace}; CPU unknown"
    if seen.cpu >= BUSY_CPU:
        return f"CPU: {seen.cpu * 100:.0f} % of this host is busy; {taken}, {pace}"
    return f"source: {taken} with CPU at {seen.cpu * 100:.0f} %, {pace}"


def _idle(seen: _Seen, bounds: Bounds) -> str:
    if seen.share(IDLE) < HALF:
        return ""
    idle = f"workers wait {seen.percent(IDLE)} of the time"
    if bounds.walking:
        return f"plan: {idle} for what the walk finds"
    if bounds.pins:
        return f"pins: {bounds.pins} bundles wait for nothing else; {idle}"
    return f"no work: {idle} for a bundle"
