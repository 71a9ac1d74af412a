"""What a log tells: rate over time, stalls, errors by class, slowest bundles, restarts.

Pure, in one pass over the lines; memory grows with the minutes of the log, not with its bundles.
"""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from core.control.log.lines import (
    OPENED,
    BundleFacts,
    JobFacts,
    LogLine,
    MinuteFacts,
    MovesFacts,
    StallFacts,
    StartFacts,
    stamp,
)
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable

SLOWEST: Final = 10
ROWS: Final = 20
_WIDTHS_S: Final = (1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 86_400)
DIED: Final = "worker_died"
_MOST_CELLS: Final = 20_000


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded from `at` on, for the width of a row."""

    at: str
    bundles: int
    objects: int
    bytes: int
    objects_s: float
    bytes_s: float


class Stall(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which nothing was recorded. until: None if the log ends, or its engine did."""

    begin: str
    until: str | None
    for_s: float
    reason: str


class Slow(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle and its steps, in seconds."""

    at: str
    bundle: int
    objects: int
    bytes: int
    all_s: float
    wait_s: float
    read_s: float
    send_s: float
    pin_s: float
    record_s: float
    worker: int
    nodes: str


class Restart(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that took over from one before it."""

    at: str
    epoch: int
    pid: int


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer. Times are UTC; step_s: seconds of all bundles by step."""

    begin: str
    until: str
    lines: int
    bundles: int
    objects: int
    bytes: int
    row_s: float
    rate: list[Pace]
    step_s: dict[str, float]
    stalls: list[Stall]
    errors: dict[str, int]
    said: dict[str, int]  # warnings and errors of the engine by kind
    slowest: list[Slow]
    restarts: list[Restart]
    workers_lost: int
    jobs: list[str]
    torn: list[str] = []
    other_lines: int = 0
    first_other: str = ""


class _Reading:
    """What has been seen so far."""

    def __init__(self) -> None:
        self.lines = 0
        self.begin_ns: int | None = None
        self.until_ns = 0
        self.seconds: dict[int, list[int]] = {}
        self.width_s = 1
        self.steps: Counter[str] = Counter()
        self.step_s = dict.fromkeys(("wait", "read", "send", "pin", "record"), 0.0)
        self.errors: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.slowest: list[tuple[float, int, LogLine]] = []
        self.stalls: list[Stall] = []
        self.open: LogLine | None = None
        self.epoch: int | None = None
        self.restarts: list[Restart] = []
        self.jobs: list[str] = []

    def take(self, line: LogLine) -> None:
        """Take one line in."""
        self.lines += 1
        if line.kind != OPENED:
            self.begin_ns = line.at_ns if self.begin_ns is None else min(self.begin_ns, line.at_ns)
            self.until_ns = max(self.until_ns, line.at_ns)
        match line.facts:
            case BundleFacts() as facts:
                self._bundle(line, facts)
            case StallFacts():
                self.open = line
            case MovesFacts() as facts:
                self._end_stall(line.at_ns, facts.reason)
            case StartFacts() as facts:
                self._start(line, facts)
            case JobFacts():
                self.jobs.append(f"{stamp(line.at_ns)} {line.text}")
            case MinuteFacts():
                pass
            case _:
                if line.level in {"warning", "error", "critical"}:
                    self.said[line.kind or "other"] += 1

    def _bundle(self, line: LogLine, facts: BundleFacts) -> None:
        cell = self.seconds.setdefault(line.at_ns // NS_PER_S // self.width_s, [0, 0, 0])
        cell[0] += 1
        cell[1] += facts.objects
        cell[2] += facts.bytes
        if len(self.seconds) > _MOST_CELLS:
            self._widen()
        for name in self.step_s:
            self.step_s[name] += getattr(facts, f"{name}_s")
        for item in facts.failed.split(",") if facts.failed else ():
            code, _, n = item.rpartition(":")
            self.errors[code] += int(n) if n.isdigit() else 1
        entry = (facts.all_s, self.lines, line)
        if len(self.slowest) < SLOWEST:
            heapq.heappush(self.slowest, entry)
        else:
            heapq.heappushpop(self.slowest, entry)

    def _widen(self) -> None:
        """Join cells: a log of weeks is told in minutes."""
        self.width_s *= 10
        joined: dict[int, list[int]] = {}
        for second, cell in self.seconds.items():
            into = joined.setdefault(second // 10, [0, 0, 0])
            for nth, value in enumerate(cell):
                into[nth] += value
        self.seconds = joined

    def _start(self, line: LogLine, facts: StartFacts) -> None:
        if self.epoch is not None and facts.epoch != self.epoch:
            self.restarts.append(Restart(at=stamp(line.at_ns), epoch=facts.epoch, pid=facts.pid))
            self._end_stall(None, "")
        self.epoch = facts.epoch

    def _end_stall(self, at_ns: int | None, reason: str) -> None:
        begun, self.open = self.open, None
        if begun is None or not isinstance(begun.facts, StallFacts):
            return
        begin_ns = begun.at_ns - int(begun.facts.for_s * NS_PER_S)
        until_ns = self.until_ns if at_ns is None else at_ns
        self.stalls.append(
            Stall(
                begin=stamp(begin_ns),
                until=None if at_ns is None else stamp(at_ns),
                for_s=(until_ns - begin_ns) / NS_PER_S,
                reason=reason or begun.facts.reason or "no reason known",
            )
        )

    def end(self) -> None:
        """Say that no line comes any more."""
        self._end_stall(None, "")


def diagnose(lines: Iterable[LogLine]) -> Diagnosis:
    """Return what the lines tell, in the order in which they stand."""
    seen = _Reading()
    for line in lines:
        seen.take(line)
    seen.end()
    begin_ns = seen.begin_ns if seen.begin_ns is not None else seen.until_ns
    row_s, rate = _rate(seen)
    cells = seen.seconds.values()
    return Diagnosis(
        begin=stamp(begin_ns),
        until=stamp(seen.until_ns),
        lines=seen.lines,
        bundles=sum(cell[0] for cell in cells),
        objects=sum(cell[1] for cell in cells),
        bytes=sum(cell[2] for cell in cells),
        row_s=row_s,
        rate=rate,
        step_s={name: round(took_s, 3) for name, took_s in seen.step_s.items()},
        stalls=seen.stalls,
        errors=dict(seen.errors.most_common()),
        said=dict(seen.said.most_common()),
        slowest=[_slow(line) for _, _, line in sorted(seen.slowest, reverse=True)],
        restarts=seen.restarts,
        workers_lost=seen.said[DIED],
        jobs=seen.jobs,
    )


def _rate(seen: _Reading) -> tuple[float, list[Pace]]:
    """Return the width of a row and at most ROWS of them, from first to last bundle, gaps too."""
    if not seen.seconds:
        return 0.0, []
    first, last = min(seen.seconds), max(seen.seconds)
    span_s = (last - first + 1) * seen.width_s
    fits = (s for s in _WIDTHS_S if s >= seen.width_s and span_s / s <= ROWS)
    width_s = next(fits, span_s // ROWS + 1)
    rows: dict[int, list[int]] = {}
    for second, cell in seen.seconds.items():
        row = rows.setdefault((second - first) * seen.width_s // width_s, [0, 0, 0])
        for nth, value in enumerate(cell):
            row[nth] += value
    begin_ns = first * seen.width_s * NS_PER_S
    return float(width_s), [
        Pace(
            at=stamp(begin_ns + number * width_s * NS_PER_S),
            bundles=row[0],
            objects=row[1],
            bytes=row[2],
            objects_s=row[1] / width_s,
            bytes_s=row[2] / width_s,
        )
        for number in range(max(rows) + 1)
        for row in [rows.get(number, [0, 0, 0])]
    ]


def _slow(line: LogLine) -> Slow:
    facts = line.facts
    assert isinstance(facts, BundleFacts)  # noqa: S101 - kept as such
    return Slow(
        at=stamp(line.at_ns),
        bundle=facts.bundle,
        objects=facts.objects,
        bytes=facts.bytes,
        all_s=round(facts.all_s, 3),
        wait_s=facts.wait_s,
        read_s=facts.read_s,
        send_s=facts.send_s,
        pin_s=facts.pin_s,
        record_s=facts.record_s,
        worker=facts.worker,
        nodes=facts.nodes,
    )
