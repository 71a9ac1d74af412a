"""A worker's gate by a clock of its own: the rate of all, a hold, and a bundle given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.engine.crew.board import Board, Wait
from core.engine.crew.rules import SLACK_NS
from core.engine.worker.gate import HELD_S, Gate
from core.errors import WorkHeld
from core.model import KIB, MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Clock:
    """Time that passes only where somebody sleeps. events: done at or after their time."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.events: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += max(seconds, 1e-9)
        due = [event for at_s, event in self.events if at_s <= self.now_s]
        self.events = [one for one in self.events if one[0] > self.now_s]
        for event in due:
            event()

    def at(self, after_s: float, event: Callable[[], None]) -> None:
        self.events.append((self.now_s + after_s, event))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("core.engine.crew.rules.monotonic_ns", lambda: round(clock.now_s * 1e9))
    return clock


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board.create()
    yield board
    board.close()


def gate_of(board: Board, clock: Clock, slot: int = 0) -> Gate:
    return Gate(board.desk(slot), board.rules, clock=clock.monotonic, sleep=clock.sleep)


def test_without_a_limit_nothing_waits_and_all_copies_are_counted(
    board: Board, clock: Clock
) -> None:
    gate = gate_of(board, clock)
    body = bytes(range(256)) * 4096
    assert b"".join(gate.pieces(body, 3)) == body
    assert (clock.now_s, board.sent_bytes()) == (1_000.0, 3 * MIB)


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("bytes_s", [64 * KIB, 3 * MIB, 100 * MIB])
def test_a_body_takes_the_time_of_its_copies(
    board: Board, clock: Clock, bytes_s: int, copies: int
) -> None:
    board.rules.rule(hold=False, bytes_s=bytes_s)
    gate = gate_of(board, clock)
    body = bytes(bytes_s * 8 // copies)
    assert sum(map(len, gate.pieces(body, copies))) == len(body)
    slack_s = SLACK_NS / 1e9 + 0.1
    assert 8 - slack_s <= clock.now_s - 1_000 <= 8 + slack_s
    assert board.sent_bytes() == len(body) * copies


def test_two_workers_share_one_account_and_an_idle_one_takes_nothing(
    board: Board, clock: Clock
) -> None:
    board.rules.rule(hold=False, bytes_s=MIB)
    first, second, _idle = (gate_of(board, clock, slot) for slot in range(3))
    for _ in range(32):
        first.take(64 * KIB)
        second.take(64 * KIB)
    assert 3.6 <= clock.now_s - 1_000 <= 4.1


def test_a_new_rate_holds_from_the_next_piece_on(board: Board, clock: Clock) -> None:
    board.rules.rule(hold=False, bytes_s=64 * KIB)
    clock.at(2.0, lambda: board.rules.rule(hold=False, bytes_s=0))
    gate_of(board, clock).take(100 * MIB)
    assert 2.0 <= clock.now_s - 1_000 < 2.5


def test_while_work_is_held_no_piece_passes_and_the_worker_shows_it(
    board: Board, clock: Clock
) -> None:
    gate = gate_of(board, clock)
    pieces = gate.pieces(bytes(MIB), 1)
    next(pieces)
    seen: list[tuple[int, Wait]] = []
    board.rules.rule(hold=True, bytes_s=0)
    clock.at(5.0, lambda: seen.append((board.sent_bytes(), board.read(0).wait)))
    clock.at(30.0, lambda: board.rules.rule(hold=False, bytes_s=0))
    before = board.sent_bytes()
    assert sum(map(len, pieces)) == MIB - before
    assert seen == [(before, Wait.HOLD)]
    assert clock.now_s - 1_000 >= 30
    assert board.read(0).wait is Wait.NONE


def test_a_bundle_is_given_back_after_a_while_and_a_large_object_is_not(
    board: Board, clock: Clock
) -> None:
    gate = gate_of(board, clock)
    board.rules.rule(hold=True, bytes_s=0)
    with pytest.raises(WorkHeld):
        gate.take(1)
    assert HELD_S <= clock.now_s - 1_000 < HELD_S + 1
    assert board.sent_bytes() == 0
    gate.held_s = None
    clock.at(10 * HELD_S, lambda: board.rules.rule(hold=False, bytes_s=0))
    gate.take(1)
    assert board.sent_bytes() == 1


def test_a_hold_reaches_a_worker_that_waits_for_its_turn(board: Board, clock: Clock) -> None:
    board.rules.rule(hold=False, bytes_s=64 * KIB)
    gate = gate_of(board, clock)
    clock.at(1.0, lambda: board.rules.rule(hold=True, bytes_s=64 * KIB))
    pieces = gate.pieces(bytes(MIB), 1)
    with pytest.raises(WorkHeld):
        list(pieces)
    assert clock.now_s - 1_000 == pytest.approx(1 + HELD_S, abs=0.5)
    assert board.sent_bytes() <= 64 * KIB * (1 + SLACK_NS / 1e9 + 0.1)
