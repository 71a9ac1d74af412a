"""What is armed for a flip that did not come about is armed no more: else no sync would see it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from core.cutover.machine import Step
from core.cutover.mode import Mode, Side
from core.cutover.states import State
from core.errors import NoAnswer, WrongState
from core.model import NS_PER_S
from tests.integration.cutting.scene import Green, Scene, modes, plan_of, staged
from tests.unit.cutover.wobbly import Whim, Wobbly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.integration.cutting.scene import Stage


@dataclass(slots=True)
class Hanging(Green):
    """It is armed, and the answer never comes. mute: it does not hear of the end either."""

    mute: bool = False

    async def arm(self, buckets: Sequence[str]) -> None:
        await Green.arm(self, buckets)
        await asyncio.Event().wait()

    async def end(self, buckets: Sequence[str]) -> None:
        await Green.end(self, buckets)
        if self.mute:
            raise NoAnswer(what="the table is silent", where="green", remedy="-")


async def test_an_engine_that_dies_while_arming_is_undone_with_what_was_armed(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, Scene(green=Hanging())) as stage:
        await _dead_in_flip(stage)
        with pytest.raises(WrongState, match="the engine ended in SWITCH_WRITES"):
            await stage.driver().take_up(await stage.book.standing())
        await _at_blue(stage)
        assert stage.scene.green.armed == ["arm", "end"]


async def test_a_deadline_that_comes_while_arming_undoes_what_was_armed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(tmp_path, Scene(green=Hanging())) as stage:

        async def soon() -> None:
            at = await stage.book.standing()
            left_s = 1.0 + (time.time_ns() - at.until_ns) / NS_PER_S
            monkeypatch.setattr("core.engine.cutting.driver._SWITCH_S", left_s)

        stage.scene.hooks["canary"] = soon  # the last step before it
        with pytest.raises(NoAnswer, match="t-flip of SWITCH_WRITES did not end"):
            await (await stage.begin()).run()
        await _at_blue(stage)
        assert stage.scene.green.armed == ["arm", "end"]


async def test_writes_go_to_blue_though_green_s_table_does_not_hear_of_it(tmp_path: Path) -> None:
    async with staged(tmp_path, Scene(green=Hanging(mute=True))) as stage:
        await _dead_in_flip(stage)
        with pytest.raises(WrongState):
            await stage.driver().take_up(await stage.book.standing())
        await _at_blue(stage)
        assert "green's table was not told that it is over" in await stage.told()


async def test_the_switch_has_its_time_until_t_flip_behind_a_late_last_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline of the fence is over when reads have switched: T_flip comes all the same."""
    async with staged(tmp_path) as stage:
        clock = time.time_ns

        async def late() -> None:
            over_ns = (await stage.book.standing()).until_ns + 1 - clock()
            assert over_ns > 0
            monkeypatch.setattr(time, "time_ns", lambda: clock() + over_ns)

        stage.scene.hooks["canary"] = late
        await (await stage.begin()).run()
        assert modes(stage.scene) == {Mode.GREEN}


async def test_what_green_took_of_another_slice_does_not_send_a_refused_flip_forward(
    tmp_path: Path,
) -> None:
    refusing = [Whim.DO, Whim.DO, Whim.REFUSE, Whim.REFUSE, Whim.REFUSE]
    lbs = (_Talking("lb-1", whims=[*refusing]), _Talking("lb-2", whims=[*refusing]))
    async with staged(tmp_path, Scene(lbs=lbs, green=Green(taken=frozenset({"first"})))) as stage:
        plan = replace(plan_of(), slice="second", buckets=("second",))
        with pytest.raises(NoAnswer, match="the flip"):
            await (await stage.begin(plan)).run()
        await _at_blue(stage)
        assert stage.scene.green.armed == ["arm", "end"]


class _Talking(Wobbly):
    """It says why it does not do what it is told, and stays reachable."""

    async def set(self, buckets: object, mode: Mode, run: str) -> None:
        try:
            await Wobbly.set(self, (), mode, run)
        finally:
            self.silent = False
        del buckets


async def _dead_in_flip(stage: Stage) -> None:
    """Let an engine die when green's changes are noted, and T_flip is not stored."""
    driver = await stage.begin()
    task = asyncio.create_task(driver._forward())  # noqa: SLF001 - without what follows a fault
    while not stage.scene.green.armed:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    at = await stage.book.standing()
    assert (at.state, at.begun, at.flipped_ns) == (State.SWITCH_WRITES, Step.T_FLIP, 0)


async def _at_blue(stage: Stage) -> None:
    assert modes(stage.scene) == {Mode.BLUE}
    assert stage.scene.writer is Side.BLUE
    last = (await stage.rows())[-1]
    assert (last.state, last.step, last.phase) == ("CATCHUP", "enter", "done")
