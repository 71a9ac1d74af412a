"""Nothing that fails under the fence keeps both sides shut, and green is not opened by a guess."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.cutover.machine import Step
from core.cutover.mode import Mode, Side
from core.cutover.states import Phase, State
from core.errors import BadInput, CapacityExhausted, NoAnswer, Refused, WrongState
from core.ledger.cutovers import Cutting
from core.ledger.ledger import Ledger
from tests.integration.cutting.scene import Scene, modes, staged, until
from tests.unit.cutover.wobbly import Whim, Wobbly

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from core.ledger.cutovers import CutoverDraft
    from core.ledger.rows import EventDraft
    from tests.integration.cutting.scene import Stage

LIMIT_S = 10.0
BY_NAME = frozenset({Mode.BLUE, Mode.GREEN})


class Room:
    """Whether the ledger has room for rows and events."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        append, event = Cutting.append, Ledger.event

        async def appended(
            cutting: Cutting, draft: CutoverDraft, event: EventDraft | None = None
        ) -> int:
            self.require()
            return await append(cutting, draft, event)

        async def told(ledger: Ledger, draft: EventDraft) -> None:
            self.require()
            await event(ledger, draft)

        monkeypatch.setattr(Cutting, "append", appended)
        monkeypatch.setattr(Ledger, "event", told)

    def require(self) -> None:
        if self.full:
            raise CapacityExhausted(what="no room", where="ledger.db", remedy="Free some.")


async def test_a_ledger_that_fills_up_under_the_fence_holds_up_no_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(monkeypatch)
    async with staged(tmp_path) as stage, asyncio.timeout(LIMIT_S):

        async def fill() -> None:
            await asyncio.sleep(0)
            room.full = True

        stage.scene.hooks["round"] = fill
        task = asyncio.create_task((await stage.begin()).run())

        async def blue() -> bool:
            await asyncio.sleep(0)
            return room.full and modes(stage.scene) == {Mode.BLUE}

        await until(blue)
        assert not stage.scene.held
        assert not task.done()
        room.full = False
        with pytest.raises(CapacityExhausted, match="no room"):
            await task
        await _at_blue(stage)


async def test_i10_a_flip_that_the_ledger_cannot_take_back_opens_no_blue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T_flip would stand behind a crash, and green be sent what blue's writes are not in."""
    room = Room(monkeypatch)
    async with staged(tmp_path, _refusing()) as stage, asyncio.timeout(LIMIT_S):
        stage.scene.lbs[0].on_change = lambda: _fill_behind(stage.scene, room)
        task = asyncio.create_task((await stage.begin()).run())

        async def back() -> bool:
            await asyncio.sleep(0)
            return room.full and modes(stage.scene) == {Mode.BLUE_RO}

        await until(back)
        for _ in range(20):
            await asyncio.sleep(stage.means().retry_s)
            assert stage.scene.held
            assert "open" not in stage.scene.asked
        room.full = False
        with pytest.raises(NoAnswer, match="the flip"):
            await task
        await _at_blue(stage)
        assert not await stage.ledger.cutovers.flips()


@pytest.mark.parametrize("name", ["open", "answering"])
async def test_a_fault_of_ours_in_the_undo_is_said_and_tried_again(
    tmp_path: Path, name: str
) -> None:
    async with staged(tmp_path) as stage, asyncio.timeout(LIMIT_S):
        left = [PermissionError("kill"), ValueError("no mode")]

        async def stumble() -> None:
            await asyncio.sleep(0)
            if left:
                raise left.pop()

        stage.scene.hooks[name] = stumble
        stage.rounds = [["1 keys failed"]]
        with pytest.raises(NoAnswer, match="1 keys failed"):
            await (await stage.begin()).run()
        await _at_blue(stage)
        assert "a fault of vgwm: PermissionError" in await stage.told()


async def test_an_engine_without_the_account_s_keys_gives_writes_back(tmp_path: Path) -> None:
    """It was started by another shell: it cannot ask, and gateways say that they are open."""
    absent = BadInput(what="AWS_ACCESS_KEY_ID is not set", where="x", remedy="-")
    async with staged(tmp_path, Scene(faults={"answering": [absent] * 9})) as stage:
        await _dead_under_the_fence(stage)
        async with asyncio.timeout(LIMIT_S):
            with pytest.raises(WrongState, match="the engine ended in FINAL"):
                await stage.driver().take_up(await stage.book.standing())
        await _at_blue(stage)
        assert "not asked whether they take writes: AWS_ACCESS_KEY_ID" in await stage.told()


async def test_once_green_took_a_write_no_canary_keeps_both_sides_shut(tmp_path: Path) -> None:
    scene = _refusing()
    async with staged(tmp_path, scene) as stage, asyncio.timeout(LIMIT_S):
        lb, green = scene.lbs[0], scene.green

        def changed() -> None:
            scene.look()
            if green.armed and lb.mode is Mode.BLUE_RO:
                green.took = True
                scene.wrong["canary"] = [["green reads nothing"]] * 10_000

        lb.on_change = changed
        await (await stage.begin()).run()
        assert modes(scene) == {Mode.GREEN}
        assert scene.held
        assert (await stage.rows())[-1].state == "GREEN_LIVE"


@pytest.mark.parametrize("mode", [Mode.GREEN, Mode.GREEN_RO, Mode.BLUE_RO])
async def test_a_load_balancer_that_is_elsewhere_is_met_before_anything_is_begun(
    tmp_path: Path, mode: Mode
) -> None:
    """Such as one that a person, or a ledger that is gone, brought to green: it has its writes."""
    scene = Scene(lbs=(Wobbly("lb-1"), Wobbly("lb-2", mode)), held=True)
    async with staged(tmp_path, scene) as stage, asyncio.timeout(LIMIT_S):
        with pytest.raises(Refused, match=f"lb-2: it is not at blue but {mode}"):
            await (await stage.begin()).run()
        assert [lb.told for lb in scene.lbs] == [[], []]
        last = (await stage.rows())[-1]
        assert (last.state, last.phase) == (State.PREFLIGHT, Phase.UNDONE)


async def test_a_name_that_a_person_has_to_change_is_waited_for(tmp_path: Path) -> None:
    name = _Refusing("dns", modes=BY_NAME, whims=[Whim.REFUSE] * 6)
    async with staged(tmp_path, Scene(lbs=(name,))) as stage, asyncio.timeout(LIMIT_S):
        await (await stage.begin()).run()
        assert modes(stage.scene) == {Mode.GREEN}
        assert stage.scene.held
        alarms = (await stage.told()).count("not every load balancer sends writes to green")
        assert alarms == 1


async def test_i10_a_gateway_that_lost_its_fence_meanwhile_is_fenced_again_before_green(
    tmp_path: Path,
) -> None:
    scene = Scene(lbs=(_Refusing("dns", modes=BY_NAME, whims=[Whim.REFUSE] * 2),))
    async with staged(tmp_path, scene) as stage, asyncio.timeout(LIMIT_S):
        scene.hooks["unheld"] = _anew_once(scene)
        await (await stage.begin()).run()
        assert modes(scene) == {Mode.GREEN}
        assert scene.held
        assert scene.asked.count("fence") == 2


async def test_i10_what_blue_took_without_its_fence_takes_the_flip_back(tmp_path: Path) -> None:
    scene = Scene(lbs=(Wobbly("dns", modes=BY_NAME),))
    scene.wrong["changed_since"] = [[], ["photos/a changed behind the fence"]]
    async with staged(tmp_path, scene) as stage, asyncio.timeout(LIMIT_S):
        scene.hooks["unheld"] = _anew_once(scene)
        with pytest.raises(NoAnswer, match="photos/a changed behind the fence"):
            await (await stage.begin()).run()
        await _at_blue(stage)
        assert Mode.GREEN not in scene.lbs[0].told


class _Refusing(Wobbly):
    """It says that it does not, and stays reachable."""

    async def set(self, buckets: Sequence[str], mode: Mode, run: str) -> None:
        try:
            await Wobbly.set(self, buckets, mode, run)
        finally:
            self.silent = False


def _refusing() -> Scene:
    """Return a world whose load balancers take all but green, which none of them can have."""
    whims = [Whim.DO, Whim.DO, Whim.REFUSE, Whim.REFUSE, Whim.REFUSE]
    return Scene(lbs=(_Refusing("lb-1", whims=[*whims]), _Refusing("lb-2", whims=[*whims])))


def _fill_behind(scene: Scene, room: Room) -> None:
    scene.look()
    if scene.green.armed and scene.lbs[0].mode is Mode.BLUE_RO:
        room.full = True


def _anew_once(scene: Scene) -> Callable[[], Awaitable[None]]:
    """Return a hook: the gateway is started anew, and with it its mounts are gone, once."""
    left = [True]

    async def anew() -> None:
        await asyncio.sleep(0)
        if left:
            left.clear()
            scene.held = False
            scene.look()

    return anew


async def _dead_under_the_fence(stage: Stage) -> None:
    """Let an engine die in its last round, with nothing undone."""
    entered = asyncio.Event()

    async def enter() -> None:
        entered.set()
        await asyncio.Event().wait()

    stage.scene.hooks["round"] = enter
    driver = await stage.begin()
    task = asyncio.create_task(driver._forward())  # noqa: SLF001 - without what follows a fault
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])
    stage.scene.hooks.clear()


async def _at_blue(stage: Stage) -> None:
    assert modes(stage.scene) == {Mode.BLUE}
    assert not stage.scene.held
    assert stage.scene.writer is Side.BLUE
    last = (await stage.rows())[-1]
    assert (last.state, last.step, last.phase) == ("CATCHUP", Step.ENTER, "done")
