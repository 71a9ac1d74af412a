"""What can be seen of a running engine, sampled once a second: rates, workers, the bottleneck.

Pure but for the board, the clock and the counters it is shown. May import the model, board,
progress and bottleneck.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from core.engine.crew.board import Board, Seen, Step, Wait
from core.engine.pace import bottleneck
from core.engine.pace.progress import STALL_S, Progress, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.ledger.counters import Counters

SILENT_S = 10.0
HISTORY = 60
LOOKS = 11
"""Looks, one a second, that a bottleneck is judged by: ten seconds lie between them."""

_AT = {
    Step.IDLE: bottleneck.IDLE,
    Step.READ: bottleneck.READ,
    Step.STREAM: bottleneck.READ,
    Step.SEND: bottleneck.SEND,
    Step.STORE: bottleneck.STORE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """One worker as it was at the last sample. since_s: since it last moved anything."""

    slot: int
    pid: int
    state: str
    objects_s: float
    bytes_s: float
    bundle: int | None
    step: str
    since_s: float
    history: list[int]


class Post(NamedTuple):
    """A worker's place. nodes: of its task, in order."""

    slot: int
    nodes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Track:
    """A slot's last two readings. moved_s: when its position last changed."""

    seen: Seen
    sent_bytes: int
    at_s: float
    moved_s: float
    objects_s: float = 0.0
    bytes_s: float = 0.0
    history: deque[int] = field(default_factory=lambda: deque(maxlen=HISTORY))


class Observer:
    """Samples the board and the counters; keeps a minute of each worker and ten of the job."""

    def __init__(self, board: Board, clock: Callable[[], float] = time.monotonic) -> None:
        self._board = board
        self._clock = clock
        self._tracks: dict[int, _Track] = {}
        self._moved = 0
        self._read_bytes = 0
        self._looks: deque[bottleneck.Look] = deque(maxlen=LOOKS)
        self.progress: Progress | None = None
        self._ended = self._closed = False
        self.remaining_bytes = 0

    def begin(self, counted: Counters) -> None:
        """Start rates and ETA anew: a job begins."""
        self.progress = Progress(first=self._sample(counted, held=False))
        self._ended = self._closed = False
        self._looks.clear()

    def end(self) -> None:
        """Forget the workers: the job ended. Its last rates stay until the next begins."""
        self._ended = True
        self._tracks.clear()
        self._looks.clear()

    def sample(
        self,
        posts: Sequence[Post],
        counted: Counters,
        *,
        held: bool = False,
        full: str = "",
        cpu: float | None = None,
    ) -> None:
        """Take this second's figures.

        held: nothing is to be done now. full: the bound that lets no bundle in. cpu: the busy share
        of this host.
        """
        now_s = self._clock()
        for post in posts:
            self._track(post.slot, now_s)
        for slot in set(self._tracks) - {post.slot for post in posts}:
            del self._tracks[slot]
        if self.progress is not None and not self._closed:
            self.progress.add(self._sample(counted, held=held))
            self._closed = self._ended  # one more, for what its last second recorded
        if held:
            self._looks.clear()  # where workers were held says nothing of what bounds them
        else:
            self._looks.append(self._look(posts, counted, full, cpu))

    def limit(self, bounds: bottleneck.Bounds) -> str:
        """Name the stage that bounds the copy, with its figures; "" while nothing was seen."""
        return bottleneck.bottleneck(self._looks, bounds)

    def view(self, slot: int, pid: int, nodes: tuple[str, ...], held: str) -> WorkerView:
        """Return one worker. nodes: of its task, in order. held: why the whole job waits, or ""."""
        seen = self._board.read(slot)
        track = self._tracks.get(slot)
        now_s = self._clock()
        beat_s = max(0.0, now_s - seen.beat_ns / 1e9) if seen.beat_ns else 0.0
        still_s = now_s - track.moved_s if track is not None and seen.beat_ns else 0.0
        state, step = _state(seen, beat_s, still_s, nodes, held)
        return WorkerView(
            slot=slot,
            pid=pid,
            state=state,
            objects_s=track.objects_s if track else 0.0,
            bytes_s=track.bytes_s if track else 0.0,
            bundle=seen.bundle or None if seen.step is not Step.IDLE else None,
            step=step,
            since_s=still_s if state == "stalled" else beat_s,
            history=list(track.history) if track else [],
        )

    def _track(self, slot: int, now_s: float) -> None:
        seen = self._board.read(slot)
        track = self._tracks.get(slot)
        if track is None:
            self._tracks[slot] = _Track(seen, self._board.sent_by(slot), now_s, now_s)
            return
        span = max(now_s - track.at_s, 1e-3)
        read_bytes = max(0, seen.size_bytes - track.seen.size_bytes)
        track.objects_s = max(0, seen.objects - track.seen.objects) / span
        track.bytes_s = read_bytes / span
        track.history.append(round(track.bytes_s))
        self._read_bytes += read_bytes
        sent_bytes = self._board.sent_by(slot)
        if _position(seen, sent_bytes) != _position(track.seen, track.sent_bytes):
            track.moved_s = now_s
            self._moved += 1
        track.seen, track.sent_bytes, track.at_s = seen, sent_bytes, now_s

    def _sample(self, counted: Counters, *, held: bool) -> Sample:
        gone_bytes = counted.failed_bytes + counted.gone_bytes
        self.remaining_bytes = counted.remaining_bytes
        return Sample(
            at_s=self._clock(),
            objects=counted.migrated,
            size_bytes=counted.migrated_bytes,
            ended=counted.migrated + counted.failed + counted.gone,
            ended_bytes=counted.migrated_bytes + gone_bytes,
            moved=self._moved,
            held=held,
        )

    def _look(
        self, posts: Sequence[Post], counted: Counters, full: str, cpu: float | None
    ) -> bottleneck.Look:
        at: Counter[str] = Counter()
        sending: Counter[str] = Counter()
        for post in posts:
            seen = self._tracks[post.slot].seen
            if seen.step is Step.WALK:
                continue
            alive = self._clock() - seen.beat_ns / 1e9 <= SILENT_S
            slowed = seen.wait is Wait.BANDWIDTH and seen.step is not Step.IDLE and alive
            at[bottleneck.BANDWIDTH if slowed else _AT[seen.step]] += 1
            if seen.step is Step.SEND and seen.part < len(post.nodes):
                sending[post.nodes[seen.part]] += 1
        return bottleneck.Look(
            at_s=self._clock(),
            at=at,
            sending=sending,
            full=full,
            cpu=cpu,
            read_bytes=self._read_bytes,
            sent_bytes=self._board.sent_bytes(),
            bundles=counted.bundles_recorded,
        )


def _position(seen: Seen, sent_bytes: int) -> tuple[int, ...]:
    """Return what moves when a worker gets on; its heart beats without that, too."""
    sizes = (seen.objects, seen.size_bytes, sent_bytes)
    return (seen.bundle, seen.step, seen.done, seen.part, *sizes)


def _state(
    seen: Seen, beat_s: float, still_s: float, nodes: tuple[str, ...], held: str
) -> tuple[str, str]:
    """Return a worker's state and what it is at, in words."""
    alive = beat_s <= SILENT_S
    if seen.wait is Wait.BANDWIDTH and alive:
        return "waiting", "bandwidth"
    if seen.wait is Wait.HOLD and alive:
        return ("paused" if held.startswith("paused") else "waiting"), held or "held"
    if seen.step is Step.IDLE:
        return ("paused", held) if held.startswith("paused") else ("waiting", held or "no work")
    percent = f"{seen.done * 100 // seen.total} %" if seen.total else ""
    node = nodes[seen.part] if seen.part < len(nodes) else ""
    words = {
        Step.READ: f"hash {percent}",
        Step.STREAM: f"stream {percent}",
        Step.SEND: f"send {node}".rstrip(),
        Step.STORE: "store",
        Step.WALK: f"walk {seen.done:,}",
    }[seen.step]
    if seen.wait is not Wait.NONE:  # who waits at the gate says so all the time
        return (
            "stalled" if still_s >= STALL_S else "silent"
        ), f"process: no sign of life ({words})"
    if still_s >= STALL_S:
        return "stalled", _STALLED[seen.step].format(node=node or "target", words=words)
    # a node that is waited for beats no heart: its own timeout ends that
    silent = not alive and seen.step not in {Step.SEND, Step.STORE}
    return ("silent" if silent else "copy"), words


_STALLED = {
    Step.READ: "source: a read does not come back ({words})",
    Step.STREAM: "source or link: no byte moves ({words})",
    Step.SEND: "{node}: takes no byte and says no word",
    Step.STORE: "target disk: a write does not come back",
    Step.WALK: "source: a listing does not come back ({words})",
}
