"""A run that waits for a load balancer goes on by itself once that is known to be dead for good.

Which one that is: tests/real/test_departed_balancer.py, with real ones.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from core.cutover.departed import Departed
from core.cutover.fleet import Fleet
from core.cutover.mode import Mode, Side
from core.cutover.states import State
from tests.integration.cutting.scene import Scene, staged, until
from tests.unit.cutover.wobbly import Whim, Wobbly

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.integration.cutting.scene import Stage


class Known(Departed):
    """Knows of one whether it is dead for good: None while vgwm.yaml names it."""

    def __init__(self) -> None:
        super().__init__(Path("vgwm.yaml"), ())
        self.told: str | None = None

    async def look(self, name: str, others: Collection[str]) -> str | None:
        del others
        assert name == "lb-2"
        return self.told


def _scene(*whims: Whim) -> tuple[Scene, Known]:
    scene, known = Scene(lbs=(Wobbly("lb-1"), Wobbly("lb-2", whims=list(whims)))), Known()
    scene.fleet = Fleet(scene.lbs, departed=known)
    return scene, known


async def test_i10_one_that_dies_in_the_switch_holds_the_run_until_it_is_left_behind(
    tmp_path: Path,
) -> None:
    scene, known = _scene(Whim.DO, Whim.DO, Whim.LATE)
    async with staged(tmp_path, scene) as stage:
        task = asyncio.create_task((await stage.begin()).run())
        await until(lambda: _said(stage, "not every load balancer sends writes to green: lb-2"))
        known.told = "vgwm.yaml names it no more, but it runs"
        before = len(scene.lbs[0].told)
        await until(lambda: _tried(scene, before + 3))
        assert not task.done()
        assert scene.lbs[0].mode is Mode.GREEN  # its clients write all the while
        known.told = ""
        await task
        at = await stage.book.standing()
        assert at.state is State.GREEN_LIVE
        assert scene.live == ["ann"]
        assert scene.writer is Side.GREEN
        assert scene.lbs[1].mode is Mode.GREEN_RO


async def test_i10_writes_go_back_to_blue_without_one_that_is_dead_for_good(
    tmp_path: Path,
) -> None:
    scene, known = _scene(Whim.HANG)
    async with staged(tmp_path, scene) as stage:
        task = asyncio.create_task((await stage.begin()).run())
        await until(lambda: _said(stage, "writes are not back at blue yet: lb-2"))
        assert not task.done()
        known.told = ""
        await asyncio.wait({task})
        assert task.exception() is not None
        assert (await stage.book.standing()).state is State.CATCHUP
        assert scene.writer is Side.BLUE


async def _said(stage: Stage, text: str) -> bool:
    return text in await stage.told()


async def _tried(scene: Scene, times: int) -> bool:
    await asyncio.sleep(0)
    return len(scene.lbs[0].told) >= times
