"""A run of a cutover: forward with each step proven, or back to blue whatever stops it (I10)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.cutover.balancer import Busy
from core.cutover.cutover_plan import Kind
from core.cutover.machine import FENCED, Step
from core.cutover.mode import Mode, Side
from core.cutover.states import Phase, State
from core.engine.reins import JobCancelled
from core.errors import NoAnswer, Refused, VgwmError, WrongState
from tests.integration.cutting.scene import Scene, modes, plan_of, staged, until
from tests.unit.cutover.wobbly import Whim, Wobbly

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.integration.cutting.scene import Stage


async def test_a_run_ends_with_green_alone_writing_and_each_step_between_two_rows(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await (await stage.begin()).run()
        rows = await stage.rows()
        assert modes(stage.scene) == {Mode.GREEN}
        assert stage.scene.held
        assert stage.scene.writer is Side.GREEN
        assert stage.scene.live == ["ann"]
        assert (rows[-1].state, rows[-1].step, rows[-1].phase) == ("GREEN_LIVE", "watch", "intent")
        steps = [(row.state, row.step, row.phase) for row in rows[1:-1]]
        assert steps[1::2] == [(state, step, "done") for state, step, _ in steps[::2]]
        order = [row.step for row in rows if row.phase == Phase.DONE]
        assert order.index(Step.T_FLIP) < order.index(Step.GREEN)


async def test_t_flip_is_stored_before_green_is_sent_anywhere(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        seen: list[list[str]] = []
        stage.scene.lbs[0].on_change = lambda: seen.append(list(stage.scene.green.armed))
        await (await stage.begin()).run()
        assert seen[-1] == ["arm"]
        flips = await stage.ledger.cutovers.flips()
        green = next(
            row for row in await stage.rows() if row.step == Step.GREEN and row.phase == "intent"
        )
        assert flips[0].at_ns <= green.at_ns


@pytest.mark.parametrize(
    "name",
    ["fence", "unproven", "round", "changed_since", "prove", "read_back", "canary"],
)
async def test_what_goes_wrong_under_the_fence_gives_writes_back_to_blue(
    tmp_path: Path, name: str
) -> None:
    scene = Scene(faults={name: [NoAnswer(what="it is silent", where="x", remedy="-")]})
    async with staged(tmp_path, scene) as stage:
        with pytest.raises(NoAnswer, match="it is silent"):
            await (await stage.begin()).run()
        await _at_blue(stage)
        assert not await stage.ledger.cutovers.flips()


@pytest.mark.parametrize("name", ["fence", "unproven", "changed_since", "read_back", "canary"])
async def test_what_is_not_proven_under_the_fence_gives_writes_back_to_blue(
    tmp_path: Path, name: str
) -> None:
    scene = Scene(wrong={name: [["gw-1 is not fenced"]]})
    async with staged(tmp_path, scene) as stage:
        with pytest.raises(VgwmError, match="gw-1 is not fenced"):
            await (await stage.begin()).run()
        await _at_blue(stage)


async def test_a_round_that_leaves_something_undone_gives_writes_back(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.rounds = [["3 keys changed and are not carried"]]
        with pytest.raises(NoAnswer, match="3 keys changed"):
            await (await stage.begin()).run()
        await _at_blue(stage)


async def test_a_join_that_finds_a_difference_gives_writes_back(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.proofs = [["1 missing"]]
        with pytest.raises(NoAnswer, match="1 missing"):
            await (await stage.begin()).run()
        await _at_blue(stage)


async def test_a_round_that_does_not_end_meets_the_deadline(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.scene.hooks["round"] = _never
        with pytest.raises(NoAnswer, match="did not end before the deadline"):
            await (await stage.begin(plan_of(pause_s=0.6))).run()
        await _at_blue(stage)


async def test_a_pause_under_the_fence_is_ended_by_the_deadline(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:

        async def pause() -> None:
            await asyncio.sleep(0)
            stage.reins.pause("paused by ann")

        stage.scene.hooks["unproven"] = pause
        with pytest.raises(NoAnswer, match="deadline"):
            await (await stage.begin(plan_of(pause_s=0.6))).run()
        await _at_blue(stage)


async def test_a_cancelled_run_gives_writes_back(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:

        async def cancel() -> None:
            await asyncio.sleep(0)
            stage.reins.cancel("cancelled by ann")

        stage.scene.hooks["round"] = cancel
        with pytest.raises(JobCancelled):
            await (await stage.begin()).run()
        await _at_blue(stage)


async def test_an_engine_that_ends_gives_writes_back_first(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        entered = asyncio.Event()
        stage.scene.hooks["round"] = _entering(entered)
        task = asyncio.create_task((await stage.begin()).run())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _at_blue(stage)


async def test_a_fence_waits_until_the_last_upload_under_way_has_ended(tmp_path: Path) -> None:
    busy = [Busy(requests=1, total=8), Busy(requests=1, total=8), Busy(requests=0, total=8)]
    async with staged(tmp_path) as stage:
        for lb in stage.scene.lbs:
            lb.busy_now = [*busy]
        await (await stage.begin()).run()
        assert all(lb.busy_now == [busy[-1]] for lb in stage.scene.lbs)


async def test_an_upload_that_does_not_end_meets_the_deadline(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        for lb in stage.scene.lbs:
            lb.busy_now = [Busy(requests=1, total=8)]
        with pytest.raises(NoAnswer, match="drain of FENCE did not end"):
            await (await stage.begin(plan_of(pause_s=1.5))).run()
        await _at_blue(stage)


@pytest.mark.parametrize("state", [State.PREFLIGHT, State.READY])
async def test_what_fails_before_the_fence_changes_nothing(tmp_path: Path, state: State) -> None:
    name = {State.PREFLIGHT: "ready", State.READY: "back_up"}[state]
    scene = Scene(faults={name: [Refused(what="no room", where="x", remedy="-")]})
    async with staged(tmp_path, scene) as stage:
        with pytest.raises(Refused, match="no room"):
            await (await stage.begin()).run()
        assert all(lb.told == [] for lb in scene.lbs)
        assert not scene.held
        last = (await stage.rows())[-1]
        assert (last.state, last.phase) == (state, "undone")


async def test_a_rehearsal_ends_at_blue_and_is_told(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await (await stage.begin(plan_of(Kind.REHEARSE))).run()
        await _at_blue(stage)
        assert "rehearsed" in (await stage.rows())[-1].data
        assert "harmless" in stage.scene.asked
        assert "unproven" not in stage.scene.asked
        assert Mode.GREEN_RO not in stage.scene.lbs[0].told


async def test_a_load_balancer_that_refuses_the_fence_leaves_both_at_blue(tmp_path: Path) -> None:
    scene = Scene(lbs=(Wobbly("lb-1"), Wobbly("lb-2", whims=[Whim.REFUSE])))
    scene.lbs[1].silent = False
    async with staged(tmp_path, scene) as stage:
        scene.hooks["answering"] = _waking(scene)
        with pytest.raises(NoAnswer, match="lb-2"):
            await (await stage.begin()).run()
        await _at_blue(stage)


async def test_a_load_balancer_that_falls_silent_at_the_flip_is_awaited(tmp_path: Path) -> None:
    """It may have taken its green: blue stays fenced until it answers, and it is told again."""
    lazy = Wobbly("lb-2", whims=[Whim.DO, Whim.DO, Whim.LATE])
    scene = Scene(lbs=(Wobbly("lb-1"), lazy))
    async with staged(tmp_path, scene) as stage:
        task = asyncio.create_task((await stage.begin()).run())

        async def alarmed() -> bool:
            return "not every load balancer" in await stage.told()

        await until(alarmed)
        assert scene.lbs[0].mode is Mode.GREEN
        assert scene.held
        assert not task.done()
        lazy.wake()
        await task
        assert modes(scene) == {Mode.GREEN}
        assert "lb-2" in await stage.told()


async def test_a_flip_that_all_refuse_and_none_took_goes_back(tmp_path: Path) -> None:
    refusing = [Whim.DO, Whim.DO, Whim.REFUSE, Whim.REFUSE, Whim.REFUSE]
    scene = Scene(lbs=(_Talking("lb-1", whims=[*refusing]), _Talking("lb-2", whims=[*refusing])))
    async with staged(tmp_path, scene) as stage:
        with pytest.raises(NoAnswer, match="the flip"):
            await (await stage.begin()).run()
        await _at_blue(stage)
        assert scene.green.armed == ["arm", "end"]
        assert not await stage.ledger.cutovers.flips()


async def test_a_write_that_green_took_after_all_turns_the_undo_forward(tmp_path: Path) -> None:
    refusing = [Whim.DO, Whim.DO, Whim.REFUSE, Whim.REFUSE, Whim.REFUSE]
    scene = Scene(lbs=(_Talking("lb-1", whims=[*refusing]), _Talking("lb-2", whims=[*refusing])))
    green = scene.green

    def changed() -> None:
        scene.look()
        if green.armed and scene.lbs[0].mode is Mode.BLUE_RO:
            green.took = True  # it came in beside the load balancers' word

    for lb in scene.lbs:
        lb.on_change = changed
    async with staged(tmp_path, scene) as stage:
        await (await stage.begin()).run()
        assert modes(scene) == {Mode.GREEN}
        assert scene.held
        assert (await stage.rows())[-1].state == "GREEN_LIVE"
        flips = await stage.ledger.cutovers.flips()
        first = [row for row in await stage.rows() if row.step == Step.T_FLIP]
        assert flips[0].seq == first[1].seq  # T_flip is the first one


async def test_a_gateway_that_does_not_open_holds_clients_back_until_it_does(
    tmp_path: Path,
) -> None:
    scene = Scene(wrong={"round": [], "open": [["umount: busy"], ["umount: busy"]]})
    async with staged(tmp_path, scene) as stage:
        stage.rounds = [["1 keys failed"]]
        with pytest.raises(NoAnswer, match="1 keys failed"):
            await (await stage.begin()).run()
        await _at_blue(stage)
        assert scene.asked.count("open") == 3


async def test_a_gateway_that_is_dead_holds_up_those_that_answer_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.cutting.unfencing.DEAD_S", 0.05)
    scene = Scene(gateways=2, wrong={"answering": [["gw-2 is dead"]] * 1_000})
    async with staged(tmp_path, scene) as stage:
        stage.rounds = [["1 keys failed"]]
        with pytest.raises(NoAnswer, match="1 keys failed"):
            await (await stage.begin()).run()
        await _at_blue(stage)


async def test_where_no_gateway_answers_no_client_is_sent_to_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.cutting.unfencing.DEAD_S", 0.05)
    scene = Scene(wrong={"answering": [["gw-1 is dead"]] * 100_000})
    async with staged(tmp_path, scene) as stage:
        stage.rounds = [["1 keys failed"]]
        task = asyncio.create_task((await stage.begin()).run())

        async def alarmed() -> bool:
            return "writes are not back at blue yet: gw-1: gw-1 is dead" in await stage.told()

        await until(alarmed)
        assert modes(scene) == {Mode.BLUE_RO}
        scene.wrong.clear()  # it is started again
        with pytest.raises(NoAnswer, match="1 keys failed"):
            await task
        await _at_blue(stage)


@pytest.mark.parametrize("state", [one for one in State if one in FENCED])
async def test_a_run_found_in_a_fenced_state_is_at_blue_or_green_and_never_between(
    tmp_path: Path, state: State
) -> None:
    async with staged(tmp_path) as stage:
        await _until(stage, state)
        stage.scene.hooks.clear()
        at = await stage.book.standing()
        assert at.state is state
        if at.flipped_ns:
            await stage.driver().take_up(at)
            assert modes(stage.scene) == {Mode.GREEN}
            assert stage.scene.held
        else:
            with pytest.raises(WrongState, match=f"the engine ended in {state}"):
                await stage.driver().take_up(at)
            await _at_blue(stage)


async def test_a_run_found_before_its_fence_stays_and_changes_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.begin()
        with pytest.raises(WrongState, match="nothing was switched"):
            await stage.driver().take_up(await stage.book.standing())
        assert all(lb.told == [] for lb in stage.scene.lbs)


async def test_a_run_found_live_has_its_reverse_copy_begun(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await (await stage.begin()).run()
        stage.scene.live.clear()
        await stage.driver().take_up(await stage.book.standing())
        assert stage.scene.live == ["ann"]
        assert modes(stage.scene) == {Mode.GREEN}


class _Talking(Wobbly):
    """It says why it does not do what it is told, and stays reachable."""

    async def set(self, buckets: object, mode: Mode, run: str) -> None:
        try:
            await Wobbly.set(self, (), mode, run)
        finally:
            self.silent = False
        del buckets


async def _at_blue(stage: Stage) -> None:
    """Everything is as it was: clients write to blue, and the rows say so."""
    assert modes(stage.scene) == {Mode.BLUE}
    assert not stage.scene.held
    assert stage.scene.writer is Side.BLUE
    last = (await stage.rows())[-1]
    assert (last.state, last.step, last.phase) == ("CATCHUP", "enter", "done")


async def _until(stage: Stage, state: State) -> None:
    """Let an engine die within a state: what runs then is broken off, and nothing undone."""
    entered = asyncio.Event()
    name = {
        State.FENCE: "unproven",
        State.FINAL: "round",
        State.PROVE: "prove",
        State.SWITCH_READS: "canary",
    }.get(state)
    driver = await stage.begin()
    if name is None:
        lb = stage.scene.lbs[1]
        lb.whims = [Whim.DO, Whim.DO, Whim.HANG]
        task = asyncio.create_task(driver._forward())  # noqa: SLF001 - without what follows a fault

        async def silent() -> bool:
            return lb.silent

        await until(silent)
    else:
        stage.scene.hooks[name] = _entering(entered)
        task = asyncio.create_task(driver._forward())  # noqa: SLF001
        await entered.wait()
    task.cancel()
    await asyncio.wait([task])
    for lb in stage.scene.lbs:
        lb.wake()


def _entering(entered: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def enter() -> None:
        entered.set()
        await asyncio.Event().wait()

    return enter


def _waking(scene: Scene) -> Callable[[], Awaitable[None]]:
    async def wake() -> None:
        await asyncio.sleep(0)
        for lb in scene.lbs:
            lb.wake()

    return wake


async def _never() -> None:
    await asyncio.Event().wait()
