"""The way back broken off at each of its edges: it goes on, and never has two writers (I10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.cutover import drain
from core.cutover.mode import Mode
from core.cutover.states import State
from core.engine.returning import fencing_green, switching_back
from core.errors import NoAnswer
from core.ledger.greenlog import GreenState
from tests.integration.returning.ground import World, flipped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


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


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no wait take long."""
    monkeypatch.setattr(drain, "STILL_S", 0.01)
    monkeypatch.setattr(drain, "_EVERY_S", 0.005)
    monkeypatch.setattr(switching_back, "_FIRST_S", 0.01)


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


async def test_behind_r4_green_is_not_opened_by_giving_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fencing_green, "FENCE_LIMIT_S", 0.3)
    async with flipped(tmp_path) as world:
        await world.accepted(b"a")
        with monkeypatch.context() as patch:
            patch.setattr(world.blue, "canary", Edge(1, behind=False).around(world.blue.canary))
            with pytest.raises(KilledError):
                await world.back()
        world.balancers[1].silent = True
        for _ in range(2):  # the second finds the first one's rows alone
            with pytest.raises(NoAnswer, match="not every load balancer is green_ro"):
                await world.back()
        assert {one.mode for one in world.balancers} == {Mode.GREEN_RO}
        assert await world.state() == State.FENCE_GREEN
        world.balancers[1].silent = False
        await world.back()
        await _ended_well(world)


async def _ended_well(world: World) -> None:
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert await world.state() == State.CATCHUP
    assert await world.ledger.greenlog.page(GreenState.WAITING) == []
    assert await world.ledger.cutovers.flips() == []
    assert (await world.ledger.greenlog.stand()).buckets == ()
