"""A green that counts as dead may only have been slow: heard once more, and nothing left unsaid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from core.cutover.mode import Mode
from core.cutover.rollback_plan import BackLimits, BackWish, Green
from core.cutover.states import State
from core.engine.returning.looking import Lookout
from core.engine.watching.outside import WatchOutside
from core.errors import NoAnswer, Refused
from core.ledger.greenlog import GreenState
from tests.integration.returning.ground import World, flipped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.premises import Premises
    from core.engine.returning.rollbacks import Rollbacks
    from core.engine.reversing.reverses import Reverses

SILENT = NoAnswer(what="the table is silent", where="-", remedy="-")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with flipped(tmp_path) as made:
        made.green.is_ = Green.DEAD
        yield made


async def test_one_that_was_slow_is_heard_behind_its_fence_and_its_writes_are_carried(
    world: World,
) -> None:
    await world.accepted(b"a", b"b")
    await world.back()
    assert world.copy.carried == [b"a", b"b"]
    assert {one.mode for one in world.balancers} == {Mode.BLUE}


async def test_keys_that_it_took_since_the_plan_are_not_left_behind_unseen(world: World) -> None:
    await world.accepted(b"a")
    facts = await world.facts()
    world.copy.late = [[b"c"]]
    with pytest.raises(Refused, match=r"other keys would stay behind .* green is open again"):
        await world.back(facts)
    assert {one.mode for one in world.balancers} == {Mode.GREEN}
    assert await world.state() == State.GREEN_LIVE


async def test_what_the_listening_job_heard_since_the_plan_is_not_left_behind_unseen(
    world: World,
) -> None:
    await world.accepted(b"a")
    facts = await world.facts()
    await world.accepted(b"c")
    world.copy.deaf = SILENT
    with pytest.raises(Refused, match="other keys would stay behind"):
        await world.back(facts)
    assert {one.mode for one in world.balancers} == {Mode.GREEN}


async def test_blocks_that_are_silent_leave_behind_what_was_confirmed(world: World) -> None:
    await world.accepted(b"a")
    world.copy.errors = [NoAnswer(what="no Kubo node answers", where="-", remedy="-")]
    await world.back()
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert [row.key for row in await world.ledger.greenlog.page(GreenState.WAITING)] == [b"a"]
    assert any("stays behind: no Kubo node answers" in text for text in await world.said())


async def test_since_when_nothing_is_known_is_said_before_and_while_it_goes_back(
    world: World,
) -> None:
    await world.accepted(b"a")
    plan = await Lookout(world.ledger, world.workspace, world.folder, world.green).plan(BackWish())
    assert any("unknown since" in note for note in plan.notes)
    world.copy.deaf = SILENT
    await world.back()
    assert any("unknown since" in text for text in await world.said())


@pytest.mark.parametrize("green", [Green.DEAD, Green.GATEWAY_DEAD])
async def test_more_at_risk_than_confirmed_fences_nothing(world: World, green: Green) -> None:
    world.green.is_ = green
    await world.accepted(b"a", b"b")
    few = BackLimits(writes=1, deletes=0, size_bytes=1 << 30, duration_s=60.0)
    with pytest.raises(Refused, match="2 writes at risk, at most 1"):
        await world.back(await world.facts(limits=few))
    assert [one.told for one in world.balancers] == [[], []]


async def test_it_is_not_left_without_a_person(world: World) -> None:
    lookout = Lookout(world.ledger, world.workspace, world.folder, world.green)
    begun: list[object] = []

    async def start_job(*args: object) -> int:
        begun.append(args)
        return 1

    own = SimpleNamespace(workspace=world.workspace, ledger=world.ledger, path=world.folder)
    unasked, back = cast("Reverses", None), cast("Rollbacks", lookout)
    watch = WatchOutside(cast("Premises", own), start_job, unasked, back)
    with pytest.raises(Refused, match="green is dead"):
        await watch.back("all")
    assert begun == []
    world.green.is_ = Green.ALIVE
    assert await watch.back("all") == 1
