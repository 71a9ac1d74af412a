"""Autotune over a real ledger and board: workers that a clock drives, each step an event."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from core.config.knobs import Knobs
from core.engine.crew.board import Board, Step
from core.engine.crew.executor import LocalExecutor, Seat
from core.engine.live_knobs import LiveKnobs
from core.engine.pace import tuner as tuners
from core.engine.pace.tuner import Tuner
from core.engine.reins import Reins
from core.model import JobKind
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.crew.task import CopyResult
    from core.ledger.ledger import Ledger

BEST = 4
"""Workers beyond it bring nothing."""


class Crew:
    """Stands for the executor: as many busy workers as the knobs say, and their work on a board."""

    def __init__(self, knobs: LiveKnobs, board: Board) -> None:
        self._knobs = knobs
        self._board = board
        self.limited = False
        self.idle = False
        self.now_s = 0.0

    def seats(self) -> list[Seat]:
        future: asyncio.Future[CopyResult] = asyncio.get_running_loop().create_future()
        held = {} if self.idle else {1: future}
        return [Seat(slot, held=held) for slot in range(self._knobs.now.workers)]

    def second(self) -> None:
        """Work for a second."""
        self.now_s += 1.0
        workers = self._knobs.now.workers
        for slot in range(workers):
            desk = self._board.desk(slot)
            desk.at(Step.READ, total=1)
            desk.tick(1, objects=1000 * min(workers, BEST) // workers)
            desk.cells.release()


class Scene:
    """A tuner and what it works with."""

    def __init__(self, ledger: Ledger, board: Board) -> None:
        self.ledger = ledger
        self.knobs = LiveKnobs(ledger, Knobs(workers=2, autotune="on"))
        self.crew = Crew(self.knobs, board)
        self.reins = Reins(id=1, kind=JobKind.COPY)
        self.tuner = Tuner(
            board=board, reins=self.reins, ledger=ledger, knobs=self.knobs, cpu=lambda: 0.3
        )

    async def seconds(self, count: int) -> int:
        """Work and look so often; return how often the number of workers was set."""
        changes = 0
        for _ in range(count):
            self.crew.second()
            changes += await self.tuner.look(cast("LocalExecutor", self.crew))
        return changes

    async def told(self) -> list[tuple[str, str]]:
        return [(e.actor, e.text) for e in await self.ledger.last_events(100)]


@pytest.fixture
async def it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    ledger, board = await scene.opened(tmp_path), Board.create()
    made = Scene(ledger, board)
    monkeypatch.setattr(tuners, "monotonic", lambda: made.crew.now_s)
    yield made
    board.close()
    await ledger.close()


async def test_it_climbs_to_the_best_number_and_says_each_step_and_why_it_stays(it: Scene) -> None:
    await it.seconds(400)
    assert it.knobs.now.workers == BEST
    told = await it.told()
    assert ("autotune", "set workers 2 -> 3: 2 workers did 2,000 objects/s, 0.0 MB/s") in told
    (stays,) = [text for _, text in told if text.startswith("autotune stays")]
    assert stays.startswith(f"autotune stays at {BEST} workers, source: ")
    assert {one.value for one in await it.ledger.knobs()} == {str(BEST)}


async def test_off_it_changes_nothing_and_a_hand_on_workers_switches_it_off(it: Scene) -> None:
    await it.seconds(20)
    await it.knobs.set({"workers": "9"}, "op1")
    assert it.knobs.now.autotune == "off"
    assert await it.seconds(100) == 0
    assert it.knobs.now.workers == 9


@pytest.mark.parametrize("why", ["paused", "waiting", "throttled", "no work"])
async def test_it_does_not_judge_by_what_a_held_copy_does(it: Scene, why: str) -> None:
    await it.seconds(10)
    if why == "paused":
        it.reins.pause("paused by op1")
    elif why == "waiting":
        it.reins.waits["table"] = "no answer"
    elif why == "throttled":
        it.crew.limited = True
    else:
        it.crew.idle = True
    before = it.knobs.now.workers
    assert await it.seconds(100) == 0
    assert it.knobs.now.workers == before
