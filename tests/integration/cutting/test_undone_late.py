"""Writes come back to blue whatever clocks and load balancers do meanwhile (I10)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from core.cutover.mode import Mode, Side
from core.errors import NoAnswer, VgwmError
from core.model import NS_PER_S
from tests.integration.cutting.scene import Scene, modes, plan_of, staged
from tests.unit.cutover.wobbly import Whim, Wobbly

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cutting.scene import Stage

LIMIT_S = 10.0


async def test_a_clock_that_is_set_back_holds_no_writes_up_beyond_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(tmp_path) as stage:
        clock = time.time_ns

        async def set_back() -> None:
            await asyncio.sleep(0)
            monkeypatch.setattr(time, "time_ns", lambda: clock() - 3_600 * NS_PER_S)

        stage.scene.hooks |= {"unproven": set_back, "round": _never}
        async with asyncio.timeout(LIMIT_S):
            with pytest.raises(NoAnswer, match="did not end before the deadline"):
                await (await stage.begin(plan_of(pause_s=0.6))).run()
        await _at_blue(stage)


async def test_one_that_slept_through_the_undo_at_green_ro_comes_to_blue_once_it_wakes(
    tmp_path: Path,
) -> None:
    late = Wobbly("lb-2", whims=[Whim.DO, Whim.DO, Whim.HANG])  # the third is the undo's blue_ro
    scene = Scene(lbs=(Wobbly("lb-1"), late), wrong={"canary": [["it reads otherwise"]]})
    async with staged(tmp_path, scene) as stage:

        async def wake() -> None:
            await asyncio.sleep(0)
            assert late.mode is Mode.GREEN_RO
            late.wake()

        scene.hooks["answering"] = wake
        async with asyncio.timeout(LIMIT_S):
            with pytest.raises(VgwmError, match="it reads otherwise"):
                await (await stage.begin()).run()
        await _at_blue(stage)


async def _never() -> None:
    await asyncio.Event().wait()


async def _at_blue(stage: Stage) -> None:
    """Everything is as it was: clients write to blue, and the rows say so."""
    assert modes(stage.scene) == {Mode.BLUE}
    assert not stage.scene.held
    assert stage.scene.writer is Side.BLUE
    last = (await stage.rows())[-1]
    assert (last.state, last.step, last.phase) == ("CATCHUP", "enter", "done")
