"""What can be seen of a running engine, sampled once a second: rates and workers.

Pure but for the board and the counters it is shown. May import the model, board, progress.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from core.engine.board import Board, Seen, Step, Wait
from core.engine.progress import Progress, Sample

SILENT_S = 10.0
HISTORY = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """One worker as it was at the last sample."""

    slot: int
    pid: int
    state: str
    objects_s: float
    bytes_s: float
    bundle: int | None
    step: str
    since_s: float
    history: list[int]


@dataclass(slots=True)
class _Track:
    """A slot's last two readings."""

    seen: Seen
    at_s: float
    objects_s: float = 0.0
    bytes_s: float = 0.0
    step_since_s: float = 0.0
    history: deque[int] = field(default_factory=lambda: deque(maxlen=HISTORY))


class Observer:
    """Samples the board and the counters; keeps a minute of each worker and ten of the job."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._tracks: dict[int, _Track] = {}
        self.progress: Progress | None = None

    def begin(self, objects: int, size_bytes: int) -> None:
        """Start rates and ETA anew: a job begins."""
        now_s = time.monotonic()
        first = Sample(at_s=now_s, objects=objects, size_bytes=size_bytes)
        self.progress = Progress(began_s=now_s, first=first)

    def end(self) -> None:
        """Forget the workers: the job ended. Its last rates stay until the next begins."""
        self._tracks.clear()

    def sample(self, slots: list[int], objects: int, size_bytes: int) -> None:
        """Take this second's figures."""
        now_s = time.monotonic()
        if self.progress is not None:
            self.progress.add(Sample(at_s=now_s, objects=objects, size_bytes=size_bytes))
        for slot in slots:
            self._track(slot, now_s)
        for slot in set(self._tracks) - set(slots):
            del self._tracks[slot]

    def view(self, slot: int, pid: int, nodes: tuple[str, ...], held: str) -> WorkerView:
        """Return one worker. nodes: of its task, in order. held: why the whole job waits, or ""."""
        seen = self._board.read(slot)
        track = self._tracks.get(slot)
        now_ns = time.monotonic_ns()
        quiet_s = (now_ns - seen.beat_ns) / 1e9 if seen.beat_ns else 0.0
        state, step = _state(seen, quiet_s, nodes, held)
        return WorkerView(
            slot=slot,
            pid=pid,
            state=state,
            objects_s=track.objects_s if track else 0.0,
            bytes_s=track.bytes_s if track else 0.0,
            bundle=seen.bundle or None if seen.step is not Step.IDLE else None,
            step=step,
            since_s=quiet_s,
            history=list(track.history) if track else [],
        )

    def _track(self, slot: int, now_s: float) -> None:
        seen = self._board.read(slot)
        track = self._tracks.get(slot)
        if track is None:
            self._tracks[slot] = _Track(seen, now_s)
            return
        span = max(now_s - track.at_s, 1e-3)
        track.objects_s = max(0, seen.objects - track.seen.objects) / span
        track.bytes_s = max(0, seen.size_bytes - track.seen.size_bytes) / span
        track.history.append(round(track.bytes_s))
        track.seen, track.at_s = seen, now_s


def _state(seen: Seen, quiet_s: float, nodes: tuple[str, ...], held: str) -> tuple[str, str]:
    """Return a worker's state and what it is at, in words."""
    percent = f"{seen.done * 100 // seen.total} %" if seen.total else ""
    if seen.wait is Wait.BANDWIDTH:
        return "waiting", "bandwidth"
    if seen.wait is Wait.HOLD:
        return ("paused" if held.startswith("paused") else "waiting"), held or "held"
    if seen.step is Step.IDLE:
        return ("paused", held) if held.startswith("paused") else ("waiting", held or "no work")
    node = nodes[seen.part] if seen.part < len(nodes) else ""
    words = {
        Step.READ: f"hash {percent}",
        Step.STREAM: f"stream {percent}",
        Step.SEND: f"send {node}".rstrip(),
        Step.STORE: "store",
        Step.WALK: f"walk {seen.done:,}",
    }[seen.step]
    return ("silent" if quiet_s > SILENT_S else "copy"), words
