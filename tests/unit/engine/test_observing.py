"""What a worker's board says of it: at work, silent, stalled with a reason; what moves."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from core.engine.crew.board import Board, Step, Wait
from core.engine.observing import Observer, Post
from core.engine.pace.bottleneck import Bounds
from core.engine.pace.progress import Remaining
from core.ledger.counters import Counters

if TYPE_CHECKING:
    from collections.abc import Iterator

NODES = ("kubo-1", "kubo-2")
POST = [Post(0, NODES)]
REST = Remaining(objects=10, size_bytes=10, share=0.5, complete=True, bundles=5)


NONE = Counters(**{one.name: 0 for one in fields(Counters)} | {"histogram": (), "classes": ()})  # type: ignore[arg-type]


def counters(migrated: int) -> Counters:
    return replace(NONE, migrated=migrated, migrated_bytes=migrated * 10)


class Watched:
    """An observer whose clock the test turns."""

    def __init__(self) -> None:
        self.board = Board.create()
        self.now_s = float(round(time.monotonic()))  # whole seconds add up without a rest
        self.began_s = self.now_s
        self.observer = Observer(self.board, clock=lambda: self.now_s)
        self.observer.begin(counters(0))
        self.observer.sample(POST, counters(0))

    def go(self, seconds: int, migrated: int = 0, *, held: bool = False) -> None:
        for _ in range(seconds):
            self.now_s += 1.0
            self.observer.sample(POST, counters(migrated), held=held)

    def beats(self, wait: Wait) -> None:
        """Let the worker say now that it waits."""
        self.board.desk(0).waits(wait)
        self.board._cells[0] = int(self.now_s * 1e9)  # noqa: SLF001 - the test's clock, not the system's

    def state(self, held: str = "") -> tuple[str, str]:
        view = self.observer.view(0, 1, NODES, held)
        return view.state, view.step


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.board.close()


def test_a_worker_that_moves_is_at_work(watched: Watched) -> None:
    desk = watched.board.desk(0)
    desk.at(Step.READ, bundle=7, total=100)
    desk.tick(50, objects=50)
    watched.go(1)
    assert watched.state() == ("copy", "hash 50 %")


def test_a_read_without_a_sign_of_life_is_silent_then_stalled(watched: Watched) -> None:
    watched.board.desk(0).at(Step.READ, bundle=7, total=100)
    watched.go(1)
    watched.go(12)
    assert watched.state() == ("silent", "hash 0 %")
    watched.go(30)
    assert watched.state() == ("stalled", "source: a read does not come back (hash 0 %)")
    assert watched.observer.view(0, 1, NODES, "").since_s == 42.0


def test_a_send_that_moves_bytes_is_never_stalled(watched: Watched) -> None:
    desk = watched.board.desk(0)
    desk.at(Step.SEND, bundle=7)
    desk.waits_for(1)
    for _ in range(60):
        desk.sent(1)
        watched.go(1)
    assert watched.state() == ("copy", "send kubo-2")
    watched.go(30)
    assert watched.state() == ("stalled", "kubo-2: takes no byte and says no word")


def test_a_heart_that_beats_is_no_progress(watched: Watched) -> None:
    desk = watched.board.desk(0)
    desk.at(Step.STREAM, bundle=7, total=100)
    watched.go(1)
    for _ in range(30):
        desk.tick(0)
        watched.go(1)
    assert watched.state()[0] == "stalled"


@pytest.mark.parametrize(
    ("wait", "held", "told"),
    [
        (Wait.BANDWIDTH, "", ("waiting", "bandwidth")),
        (Wait.HOLD, "paused by op1", ("paused", "paused by op1")),
        (Wait.HOLD, "window: opens 22:00", ("waiting", "window: opens 22:00")),
    ],
)
def test_a_worker_at_the_gate_says_why_and_is_not_stalled(
    watched: Watched, wait: Wait, held: str, told: tuple[str, str]
) -> None:
    desk = watched.board.desk(0)
    desk.at(Step.SEND, bundle=7)
    watched.go(60)
    watched.beats(wait)
    assert watched.state(held) == told


def test_a_worker_that_froze_at_the_gate_is_not_taken_for_one_that_waits(watched: Watched) -> None:
    watched.board.desk(0).at(Step.STORE, bundle=7)
    watched.beats(Wait.BANDWIDTH)
    watched.go(11)
    assert watched.state() == ("silent", "process: no sign of life (store)")
    watched.go(30)
    assert watched.state() == ("stalled", "process: no sign of life (store)")
    assert not watched.observer.limit(Bounds(bytes_s=1)).startswith("bandwidth")


def test_the_whole_is_stalled_only_if_no_worker_moves(watched: Watched) -> None:
    progress = watched.observer.progress
    assert progress is not None
    desk = watched.board.desk(0)
    desk.at(Step.STREAM, bundle=7, total=10**9)
    for _ in range(60):
        desk.tick(1, size_bytes=10**6)
        watched.go(1)
    assert progress.left(REST).stalled_s is None
    watched.go(29)
    assert progress.left(REST).stalled_s is None
    watched.go(1)
    assert progress.left(REST).stalled_s == 30.0


def test_failed_and_gone_objects_are_progress_but_no_rate(watched: Watched) -> None:
    progress = watched.observer.progress
    assert progress is not None
    watched.go(29)
    watched.now_s += 1.0
    gone = replace(NONE, gone=3, gone_bytes=70, size_bytes=100)
    watched.observer.sample(POST, gone)
    assert progress.still_s() == 0.0
    assert progress.rates() == (0.0, 0.0)
    assert watched.observer.remaining_bytes == 30


def test_held_seconds_are_no_stall(watched: Watched) -> None:
    progress = watched.observer.progress
    assert progress is not None
    watched.go(100, held=True)
    assert progress.left(REST).stalled_s is None


def test_the_limit_is_judged_by_ten_seconds(watched: Watched) -> None:
    watched.board.desk(0).at(Step.SEND, bundle=7)
    watched.go(11)
    assert watched.observer.limit(Bounds()).startswith("node kubo-1: sending takes 100 %")
    watched.go(1, held=True)
    assert watched.observer.limit(Bounds(still="paused by op1")) == "paused by op1"
    assert watched.observer.limit(Bounds()) == ""
    watched.go(1)
    watched.observer.end()
    assert watched.observer.limit(Bounds()) == ""


def test_i7_the_mean_of_a_copy_that_ended_does_not_fade_while_nothing_is_to_do(
    watched: Watched,
) -> None:
    progress = watched.observer.progress
    assert progress is not None
    watched.go(9, 900)
    watched.observer.end()
    watched.go(1, 1_000)
    assert progress.mean() == (100.0, 1_000.0)
    watched.go(600, 1_000)
    assert progress.mean() == (100.0, 1_000.0)
