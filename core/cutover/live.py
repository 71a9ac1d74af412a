"""The gates of GREEN_LIVE: what green's clients have met since the flip. Pure.

    watch = LiveWatch()
    watch.served(await served(workspace.traffic.haproxy))    # every few seconds
    watch.compared(await compare(...), time.time_ns())       # every minute
    gates = watch.gates(time.time_ns())

Errors are those of green's servers, by HAProxy's counters; times are those of the shadow reads, for
HAProxy tells averages alone, and blue's of the same reads are their baseline.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.gate import Gate
from core.cutover.shadow import SLOWER, is_slow
from core.verdict import Verdict

if TYPE_CHECKING:
    from core.cutover.served import Served
    from core.cutover.shadow import Compared

ERRORS_S: Final = 300.0
ERRORS_SHARE: Final = 0.01
SLOW_S: Final = 600.0
FRESH_S: Final = 120.0
"""The age from which what was seen says nothing of now."""

_NS: Final = 1_000_000_000
_BACK: Final = "Look at green's nodes, table and log; else go back: `vgwm rollback plan`."


class _Read(NamedTuple):
    """What a round of shadow reads found on green."""

    at_ns: int
    found: Compared

    @property
    def slow(self) -> bool:
        return is_slow(self.found.blue.p99_s, self.found.green.p99_s)


class LiveWatch:
    """Keeps what was seen for as long as a gate looks back."""

    def __init__(self) -> None:
        self._served: deque[Served] = deque()
        self._reads: deque[_Read] = deque()

    def served(self, seen: Served) -> None:
        """Note counters. Those that went back, or are unknown, begin the look anew."""
        last = self._served[-1] if self._served else None
        if seen.why or (last and (seen.requests < last.requests or seen.errors < last.errors)):
            self._served.clear()
        if not seen.why:
            self._served.append(seen)
        _drop(self._served, seen.at_ns, ERRORS_S)

    def compared(self, found: Compared, at_ns: int) -> None:
        """Note a round of shadow reads."""
        self._reads.append(_Read(at_ns, found))
        _drop(self._reads, at_ns, SLOW_S)

    def gates(self, now_ns: int) -> list[Gate]:
        """Return the gates as of now: `live-mismatch`, `live-errors`, `live-slow`."""
        return [self._mismatch(), self._errors(), self._slow(now_ns)]

    def _mismatch(self) -> Gate:
        if not self._reads:
            return _gate("live-mismatch", Verdict.UNKNOWN, "no shadow read yet", 0)
        at_ns, found = self._reads[-1]
        if found.silent or not found.keys:
            told = found.silent or "no key to compare"
            return _gate("live-mismatch", Verdict.UNKNOWN, told, at_ns)
        if found.differ:
            told = f"{found.differ} of {found.keys} keys differ: {'; '.join(found.names)}"
            return _gate("live-mismatch", Verdict.FAIL, told, at_ns)
        return _gate("live-mismatch", Verdict.PASS, f"{found.keys} keys equal", at_ns)

    def _errors(self) -> Gate:
        if not self._served:
            return _gate("live-errors", Verdict.UNKNOWN, "no load balancer told its counters", 0)
        first, last = self._served[0], self._served[-1]
        requests, errors = last.requests - first.requests, last.errors - first.errors
        took_s = (last.at_ns - first.at_ns) / _NS
        told = f"{errors:,} of {requests:,} answers were 5xx in {took_s:.0f} s"
        bad = requests > 0 and errors > ERRORS_SHARE * requests
        verdict = Verdict.PASS
        if bad:
            verdict = Verdict.FAIL if took_s >= ERRORS_S else Verdict.WARN
        return _gate("live-errors", verdict, told, last.at_ns)

    def _slow(self, now_ns: int) -> Gate:
        if not self._reads:
            return _gate("live-slow", Verdict.UNKNOWN, "no shadow read yet", 0)
        at_ns, found = self._reads[-1]
        if found.silent or not found.keys:
            return _gate("live-slow", Verdict.UNKNOWN, found.silent or "no key to read", at_ns)
        green_ms, blue_ms = found.green.p99_s * 1000, found.blue.p99_s * 1000
        told = f"p99 {green_ms:.1f} ms, blue's {blue_ms:.1f} ms"
        since_ns = now_ns
        for read in reversed(self._reads):
            if not read.slow:
                break
            since_ns = read.at_ns
        slow_s = (at_ns - since_ns) / _NS
        if since_ns == now_ns:
            return _gate("live-slow", Verdict.PASS, told, at_ns)
        told = f"{told}: above {SLOWER:.0f} times for {slow_s:.0f} s"
        verdict = Verdict.FAIL if slow_s >= SLOW_S else Verdict.WARN
        return _gate("live-slow", verdict, told, at_ns)


def _drop(seen: deque[Served] | deque[_Read], now_ns: int, kept_s: float) -> None:
    """Forget what lies further back than a gate looks; the last one before that is its border."""
    while len(seen) > 1 and now_ns - seen[1].at_ns >= kept_s * _NS:
        seen.popleft()


def _gate(name: str, verdict: Verdict, evidence: str, at_ns: int) -> Gate:
    remedy = "" if verdict is Verdict.PASS else _BACK
    return Gate(
        name=name,
        verdict=verdict,
        evidence=evidence,
        at_ns=at_ns,
        limit_s=FRESH_S,
        remedy=remedy,
    )
