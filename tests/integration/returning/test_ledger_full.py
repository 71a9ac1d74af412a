"""A ledger without room, in the middle of a way back: no side stays shut for want of a row."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core.cutover import drain
from core.cutover.mode import Mode
from core.cutover.states import State
from core.engine.reins import JobCancelled, Reins
from core.engine.returning import diary, fencing_green, switching_back
from core.errors import CapacityExhausted
from core.model import JobKind
from tests.integration.returning.ground import World, flipped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

LIMIT_S = 20


@dataclass
class Disk:
    """The ledger's disk. refused: rows and events that it had no room for."""

    full: bool = False
    refused: int = 0

    def under(self, write: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def written(*given: object, **named: object) -> object:
            if self.full:
                self.refused += 1
                raise CapacityExhausted(what="the disk is full", where="ledger", remedy="-")
            return await write(*given, **named)

        return written


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with flipped(tmp_path) as made:
        await made.accepted(b"a")
        yield made


@pytest.fixture
def disk(world: World, monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    cutting = world.ledger.cutting
    monkeypatch.setattr(cutting, "append", made.under(cutting.append))
    monkeypatch.setattr(world.ledger, "event", made.under(world.ledger.event))
    for module, name in (
        (drain, "_EVERY_S"),
        (switching_back, "_FIRST_S"),
        (diary, "_FIRST_S"),
        (diary, "_MOST_S"),
    ):
        monkeypatch.setattr(module, name, 0.01)
    monkeypatch.setattr(drain, "STILL_S", 0.01)
    monkeypatch.setattr(fencing_green, "OPEN_S", 5.0)
    return made


async def test_green_is_opened_without_a_row_and_that_is_noted_once_there_is_room(
    world: World, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    reins = Reins(id=1, kind=JobKind.ROLLBACK)

    async def finish(reins: Reins) -> None:
        disk.full = True
        reins.cancel("called off")
        await reins.checkpoint()

    monkeypatch.setattr(world.copy, "finish", finish)
    work = asyncio.create_task(world.back(reins=reins))
    while {one.mode for one in world.balancers} != {Mode.GREEN} or disk.refused < 4:
        await asyncio.sleep(0.01)
        assert not work.done()
    disk.full = False
    with pytest.raises(JobCancelled):
        await asyncio.wait_for(work, LIMIT_S)
    assert await world.state() == State.GREEN_LIVE


async def test_r4_goes_on_once_there_is_room(
    world: World, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = world.copy.off

    async def full() -> None:
        await off()
        disk.full = True

    monkeypatch.setattr(world.copy, "off", full)
    work = asyncio.create_task(world.back())
    while disk.refused < 3:
        await asyncio.sleep(0.01)
        assert not work.done()
    assert {one.mode for one in world.balancers} == {Mode.GREEN_RO}
    disk.full = False
    await asyncio.wait_for(work, LIMIT_S)
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert await world.state() == State.CATCHUP


async def test_nothing_is_fenced_before_its_row_has_room(world: World, disk: Disk) -> None:
    disk.full = True
    work = asyncio.create_task(world.back())
    while disk.refused < 3:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    assert [one.told for one in world.balancers] == [[], []]
    disk.full = False
    await asyncio.wait_for(work, LIMIT_S)
    (row, *_) = await world.ledger.cutovers.of_run("0a1b2c3d-11")
    assert row.plan is not None  # the first one that was stored has it
