"""The way back broken off at each of its edges: it goes on, and never has two writers (I10)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.cutover.mode import Mode
from core.cutover.reading import Trouble
from core.cutover.states import State
from core.engine.reins import JobCancelled, Reins
from core.engine.returning import back_run, fencing_green
from core.engine.returning.back_run import BackRun
from core.errors import NoAnswer, WrongState
from core.ledger.greenlog import GreenState
from core.model import JobKind
from tests.integration.returning.ground import World, flipped
from tests.unit.cutover.wobbly import Whim

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


LIMIT_S = 20


class KilledError(BaseException):
    """The process ends here."""


class Edge:
    """Ends the process at its n-th effect: before it, or right behind it."""

    def __init__(self, at: int, *, behind: bool) -> None:
        self._left = at
        self._behind = behind
        self.came = False

    def around(self, effect: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def cut(*given: object, **named: object) -> object:
            self._left -= 1
            here = self._left == 0
            if here and not self._behind:
                self.came = True
                raise KilledError
            told = await effect(*given, **named)
            if here:
                self.came = True
                raise KilledError
            return told

        return cut


def _arm(world: World, edge: Edge, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(world.ledger.cutting, "append", edge.around(world.ledger.cutting.append))
    patch.setattr(world.ledger.green, "settle", edge.around(world.ledger.green.settle))
    patch.setattr(world.ledger.green, "end", edge.around(world.ledger.green.end))


@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
async def test_broken_off_at_any_row_it_ends_on_blue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, behind: bool
) -> None:
    at, edges = 0, 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        async with flipped(folder) as world:
            await world.accepted(b"a", b"b")
            facts = await world.facts()
            edge = Edge(at, behind=behind)
            with monkeypatch.context() as patch:
                _arm(world, edge, patch)
                try:
                    await world.back(facts)
                except KilledError:
                    edges += 1
            if not edge.came:
                break
            if await world.state() == State.CATCHUP:
                continue  # it was the last row
            await world.back(facts)
            await _ended_well(world)
    assert edges > 15


@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
async def test_broken_off_at_any_command_to_a_load_balancer_it_ends_on_blue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, behind: bool
) -> None:
    for at in range(1, 7):  # two balancers, three modes
        folder = tmp_path / str(at)
        folder.mkdir()
        async with flipped(folder) as world:
            await world.accepted(b"a", b"b")
            facts = await world.facts()
            edge = Edge(at, behind=behind)
            kind = type(world.balancers[0])
            with monkeypatch.context() as patch:
                patch.setattr(kind, "set", edge.around(kind.set))
                with pytest.raises(KilledError):
                    await world.back(facts)
            await world.back(facts)
            await _ended_well(world)


async def test_behind_r4_a_silent_load_balancer_is_waited_for_and_green_stays_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else would go on: writes are paused on both sides."""
    monkeypatch.setattr(fencing_green, "FENCE_LIMIT_S", 0.3)
    monkeypatch.setattr(back_run, "_AGAIN_S", 0.01)
    async with flipped(tmp_path) as world:
        await _in_r4(world, monkeypatch)
        world.balancers[1].silent = True
        reins = Reins(id=1, kind=JobKind.ROLLBACK)
        for _ in range(2):  # one is called off; the next one finds the same
            work = asyncio.create_task(world.back(reins=reins))
            await _said(world, "R4 waits for a load balancer: lb-2")
            reins.cancel("called off")
            with pytest.raises(JobCancelled):
                await asyncio.wait_for(work, LIMIT_S)
            reins = Reins(id=2, kind=JobKind.ROLLBACK)
        assert {one.mode for one in world.balancers} == {Mode.GREEN_RO}
        assert await world.state() == State.SWITCH_BACK
        work = asyncio.create_task(world.back(reins=reins))
        world.balancers[1].silent = False
        await asyncio.wait_for(work, LIMIT_S)
        await _ended_well(world)


async def test_behind_r4_green_is_not_opened_by_giving_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fencing_green, "FENCE_LIMIT_S", 0.3)
    async with flipped(tmp_path) as world:
        await _in_r4(world, monkeypatch)
        world.balancers[1].mode = Mode.GREEN  # as a person may have told it
        world.balancers[1].whims = [Whim.REFUSE] * 50
        for _ in range(2):  # the second finds the first one's rows alone
            with pytest.raises(NoAnswer, match="not every load balancer is green_ro"):
                await world.back()
        assert world.balancers[0].mode is Mode.GREEN_RO
        assert await world.state() == State.FENCE_GREEN
        world.balancers[1].whims.clear()
        await world.back()
        await _ended_well(world)


@pytest.mark.parametrize("ended", [State.CATCHUP, State.GREEN_LIVE])
async def test_a_kill_behind_its_last_row_begins_nothing_anew(tmp_path: Path, ended: State) -> None:
    """The next engine finds the job at work: what it came to stands in the rows."""
    async with flipped(tmp_path) as world:
        await world.accepted(b"a")
        ground = await world.ground(await world.facts())
        if ended is State.GREEN_LIVE:
            world.green.unproven = [Trouble("lb-2", "PutObject: 200")]
            with pytest.raises(NoAnswer):
                await BackRun(ground, Reins(id=11, kind=JobKind.ROLLBACK)).run()
            world.green.unproven = []
        else:
            await BackRun(ground, Reins(id=11, kind=JobKind.ROLLBACK)).run()
        told = [list(one.told) for one in world.balancers]
        again = BackRun(ground, Reins(id=11, kind=JobKind.ROLLBACK, taken_up=True))
        if ended is State.GREEN_LIVE:
            with pytest.raises(WrongState, match="given up before the engine ended"):
                await again.run()
        else:
            await again.run()
        assert [one.told for one in world.balancers] == told
        assert await world.state() == ended


@pytest.mark.parametrize("rescued", [False, True])
async def test_what_was_done_by_hand_is_noted_and_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, rescued: bool
) -> None:
    """The runbook was followed to its end while no engine lived: clients write to blue."""
    async with flipped(tmp_path) as world:
        await world.accepted(b"a")
        facts = await world.facts()
        with monkeypatch.context() as patch:
            patch.setattr(world.copy, "finish", Edge(1, behind=False).around(world.copy.finish))
            with pytest.raises(KilledError):
                await world.back(facts)
        for one in world.balancers:
            one.mode = Mode.BLUE
        world.green.cannot_hold = [Trouble("green-1", "its state is open")]
        ground = await world.ground(facts)
        found = BackRun(ground, Reins(id=12, kind=JobKind.ROLLBACK))
        await (found.rescue() if rescued else found.run())
        assert world.copy.carried == []
        assert world.copy.offs == 1
        assert {one.mode for one in world.balancers} == {Mode.BLUE}
        assert await world.state() == State.CATCHUP
        assert (await world.ledger.greenlog.stand()).buckets == ()
        said = await world.said()
        assert any("1 writes and 0 deletes of green's are not known" in text for text in said)
        assert any("may take writes: green-1" in text for text in said)


async def _in_r4(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break it off before the canary: blue's gateways are open."""
    await world.accepted(b"a")
    with monkeypatch.context() as patch:
        patch.setattr(world.blue, "canary", Edge(1, behind=False).around(world.blue.canary))
        with pytest.raises(KilledError):
            await world.back()


async def _said(world: World, wanted: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not any(wanted in text for text in await world.said()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def _ended_well(world: World) -> None:
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert await world.state() == State.CATCHUP
    assert await world.ledger.greenlog.page(GreenState.WAITING) == []
    assert await world.ledger.cutovers.flips() == []
    assert (await world.ledger.greenlog.stand()).buckets == ()
