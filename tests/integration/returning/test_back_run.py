"""The way back: its order, what stops it, and that it can be broken off anywhere (I8, I10)."""

from __future__ import annotations

import asyncio

import pytest

from core.cutover.mode import Mode
from core.cutover.reading import Trouble
from core.cutover.rollback_plan import BackLimits, Green
from core.cutover.states import State
from core.engine.reins import JobCancelled, Reins
from core.engine.returning import fencing_green
from core.errors import Broken, CapacityExhausted, NoAnswer, Refused
from core.ledger.greenlog import GreenState, Stuck
from core.model import JobKind
from tests.integration.returning.ground import World, until
from tests.unit.cutover.wobbly import Whim


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is tried again be tried at once, and what is given up on be given up soon."""
    monkeypatch.setattr(fencing_green, "FENCE_LIMIT_S", 1.0)
    monkeypatch.setattr(fencing_green, "DEAD_LIMIT_S", 1.0)


async def test_green_is_fenced_before_blue_and_all_its_writes_are_there_first(world: World) -> None:
    await world.accepted(b"a", b"b")
    waiting: list[int] = []

    def look() -> None:
        world.watch()
        if any(one.mode is Mode.BLUE for one in world.balancers):
            waiting.append(len(world.copy.carried))

    for one in world.balancers:
        one.on_change = look
    await world.back()
    for one in world.balancers:
        assert one.told == [Mode.GREEN_RO, Mode.BLUE_RO, Mode.BLUE]
    assert waiting == [2, 2]
    assert await world.state() == State.CATCHUP
    assert await world.ledger.cutovers.flips() == []
    assert (await world.ledger.greenlog.stand()).buckets == ()
    assert world.copy.offs == 1


async def test_back_and_forth_and_back_again(world: World) -> None:
    await world.accepted(b"a")
    await world.back()
    await world.flip("0a1b2c3d-20")
    await world.accepted(b"c")
    world.jobs = 30
    await world.back()
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert world.copy.carried == [b"a", b"c"]
    assert await world.state() == State.CATCHUP


async def test_a_load_balancer_that_refuses_the_fence_leaves_green_serving(world: World) -> None:
    world.balancers[1].whims = [Whim.REFUSE] * 50
    with pytest.raises(NoAnswer, match="green is open again"):
        await world.back()
    assert await world.state() == State.GREEN_LIVE
    assert world.balancers[0].mode is Mode.GREEN
    assert world.copy.carried == []


async def test_a_fence_that_is_not_proven_opens_green(world: World) -> None:
    world.green.unproven = [Trouble("lb-2 http://127.0.0.1:1", "PutObject: 200")]
    with pytest.raises(NoAnswer, match="not proven"):
        await world.back()
    assert {one.mode for one in world.balancers} == {Mode.GREEN}
    assert await world.state() == State.GREEN_LIVE


async def test_a_silent_load_balancer_at_the_last_step_never_opens_green(world: World) -> None:
    silent = world.balancers[1]
    silent.whims = [Whim.DO, Whim.DO, Whim.LATE]
    work = asyncio.create_task(world.back())
    await until(lambda: silent.told[-1:] == [Mode.BLUE])
    assert not work.done()
    silent.wake()
    await asyncio.wait_for(work, 20)
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert Mode.GREEN not in {mode for one in world.balancers for mode in one.told}


async def test_with_green_dead_traffic_alone_is_switched_and_what_stays_behind_is_kept(
    world: World,
) -> None:
    await world.accepted(b"a", b"b")
    world.green.is_ = Green.DEAD
    world.copy.deaf = NoAnswer(what="the table is silent", where="-", remedy="-")
    await world.back()
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    left = await world.ledger.greenlog.page(GreenState.WAITING)
    assert [row.key for row in left] == [b"a", b"b"]
    assert (world.copy.carried, world.green.proofs) == ([], 0)


async def test_a_dead_gateway_s_writes_come_back_without_it(world: World) -> None:
    await world.accepted(b"a")
    world.green.is_ = Green.GATEWAY_DEAD
    await world.back()
    assert world.copy.carried == [b"a"]
    assert {one.mode for one in world.balancers} == {Mode.BLUE}


async def test_a_full_disk_of_blue_is_waited_for(world: World) -> None:
    await world.accepted(b"a")
    world.copy.errors = [CapacityExhausted(what="blue has no room", where="-", remedy="-")]
    await world.back()
    assert world.copy.carried == [b"a"]
    texts = [row.text for row in await world.ledger.last_events(50)]
    assert any("blue has no room" in text for text in texts)


async def test_more_at_risk_than_confirmed_fences_nothing(world: World) -> None:
    await world.accepted(b"a", b"b")
    few = BackLimits(writes=1, deletes=0, size_bytes=1 << 30, duration_s=60.0)
    with pytest.raises(Refused, match="2 writes at risk, at most 1"):
        await world.back(await world.facts(limits=few))
    assert [one.told for one in world.balancers] == [[], []]
    assert await world.state() == State.GREEN_LIVE


async def test_a_copy_that_takes_too_long_opens_green(world: World) -> None:
    await world.accepted(b"a")
    world.copy.errors = [NoAnswer(what="Kubo is silent", where="-", remedy="-")] * 1000
    short = BackLimits(writes=100, deletes=100, size_bytes=1 << 30, duration_s=1.5)
    with pytest.raises(Refused, match="within the 2 s confirmed; green is open again"):
        await world.back(await world.facts(limits=short))
    assert {one.mode for one in world.balancers} == {Mode.GREEN}
    assert await world.state() == State.GREEN_LIVE


async def test_a_name_that_nobody_confirmed_to_leave_opens_green(world: World) -> None:
    await world.accepted(b"a", b"a/b")
    world.copy.cannot = frozenset({b"a/b"})
    with pytest.raises(Refused, match="other names cannot be carried"):
        await world.back()
    assert {one.mode for one in world.balancers} == {Mode.GREEN}
    await world.back(await world.facts())  # confirmed by now: it is in the plan
    assert {one.mode for one in world.balancers} == {Mode.BLUE}


async def test_what_differs_on_blue_is_carried_again(world: World) -> None:
    await world.accepted(b"a", b"b")
    world.blue.differing = [[b"b"]]
    await world.back()
    assert world.copy.carried == [b"a", b"b", b"b"]


async def test_what_differs_again_and_again_opens_green_and_is_named(world: World) -> None:
    await world.accepted(b"a")
    world.blue.differing = [[b"a"]] * 3
    with pytest.raises(Broken, match="green is open again"):
        await world.back()
    assert {one.mode for one in world.balancers} == {Mode.GREEN}
    texts = [row.text for row in await world.ledger.last_events(50)]
    assert any("a differs on blue" in text for text in texts)


async def test_blue_is_not_opened_to_clients_before_it_was_tried(world: World) -> None:
    world.blue.closed = [[Trouble("gw-1", "fenced")]]
    world.blue.sick = [[Trouble("gw-1", "PUT: 500")]]
    await world.back()
    texts = [row.text for row in await world.ledger.last_events(50)]
    assert any("gw-1: PUT: 500" in text for text in texts)
    assert {one.mode for one in world.balancers} == {Mode.BLUE}


async def test_calling_it_off_opens_green(world: World) -> None:
    reins = Reins(id=1, kind=JobKind.ROLLBACK)
    world.copy.errors = [NoAnswer(what="Kubo is silent", where="-", remedy="-")] * 1000
    work = asyncio.create_task(world.back(reins=reins))
    await until(lambda: world.green.proofs > 0)
    reins.cancel("called off")
    with pytest.raises(JobCancelled):
        await asyncio.wait_for(work, 20)
    assert {one.mode for one in world.balancers} == {Mode.GREEN}
    assert await world.state() == State.GREEN_LIVE


BOTH = frozenset({Mode.BLUE, Mode.GREEN})


def _dull(world: World) -> None:
    """One load balancer that knows blue and green alone, and cannot say what is under way."""
    (world.balancers[0].modes, world.balancers[0].busy_now) = (BOTH, [None])
    del world.balancers[1]


async def test_a_load_balancer_that_cannot_fence_is_switched_behind_the_gateways_own_fence(
    world: World,
) -> None:
    _dull(world)
    held: list[bool] = []

    def look() -> None:
        world.watch()
        held.append(world.green.held)

    world.balancers[0].on_change = look
    await world.accepted(b"a")
    await world.back()
    assert world.balancers[0].told == [Mode.BLUE]
    assert held == [True]
    assert world.green.held  # a client that knows the old way finds no second writer
    assert world.copy.carried == [b"a"]


@pytest.mark.parametrize("green", list(Green))
async def test_without_any_fence_nothing_is_switched(world: World, green: Green) -> None:
    _dull(world)
    world.green.is_ = green
    world.green.cannot_hold = [Trouble("green-1", "it has no commands")]
    with pytest.raises(NoAnswer, match="do not refuse writes: green-1"):
        await world.back()
    assert world.balancers[0].mode is Mode.GREEN
    assert not world.green.held
    assert await world.state() == State.GREEN_LIVE


@pytest.mark.parametrize("green", [Green.ALIVE, Green.GATEWAY_DEAD])
async def test_a_key_that_never_goes_over_fences_nothing(world: World, green: Green) -> None:
    """Such as one whose block no node has: clients would wait for it in vain."""
    world.green.is_ = green
    await world.accepted(b"a", b"b")
    (_, row) = await world.ledger.greenlog.page(GreenState.WAITING)
    stuck = Stuck(row.bucket_id, row.key, row.digest, "node-1 lacks it", uncarriable=False)
    for _ in range(4):
        await world.ledger.green.settle([], [stuck])
    await world.back()  # it may just have been slow
    await world.flip("0a1b2c3d-20")
    await world.accepted(b"b")
    for _ in range(5):
        await world.ledger.green.settle([], [stuck])
    told = [list(one.told) for one in world.balancers]
    with pytest.raises(NoAnswer, match="b does not reach blue: node-1 lacks it; nothing was"):
        await world.back()
    assert [one.told for one in world.balancers] == told
    assert await world.state() == State.GREEN_LIVE
