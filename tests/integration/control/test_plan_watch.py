"""The plan back to blue while somebody looks: answers in time, though a plan takes long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from core.control.crossing.plan_watch import PlanWatch
from core.cutover.rollback_plan import BackWish
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.cutover.rollback_plan import RollbackPlan

WISH = BackWish()


def the_plan(n: int) -> RollbackPlan:
    """Stand for the n-th plan: nobody looks into it."""
    return cast("RollbackPlan", f"plan {n}")


class Maker:
    """Makes a plan when it is let, and counts."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.begun = 0
        self.error: BadInput | None = None

    async def __call__(self, wish: BackWish) -> RollbackPlan:
        del wish
        self.begun += 1
        await self.may.wait()
        if self.error is not None:
            raise self.error
        return the_plan(self.begun)


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
async def watch(maker: Maker) -> AsyncIterator[PlanWatch]:
    watching = PlanWatch(maker)
    yield watching
    await watching.close()


async def test_a_look_does_not_wait_for_a_plan_that_takes_long_and_gets_it_later(
    watch: PlanWatch, maker: Maker
) -> None:
    assert await watch.plan(WISH, patience_s=0.0) is None
    assert await watch.plan(WISH, patience_s=0.0) is None
    assert maker.begun == 1
    maker.may.set()
    assert await watch.plan(WISH, patience_s=20.0) == the_plan(1)


async def test_an_old_plan_is_made_anew_and_a_stale_one_is_none(
    watch: PlanWatch, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.may.set()
    assert await watch.plan(WISH, patience_s=20.0) == the_plan(1)
    monkeypatch.setattr("core.control.crossing.plan_watch.EVERY_S", 0.0)
    maker.may.clear()
    assert await watch.plan(WISH, patience_s=20.0) == the_plan(1)
    monkeypatch.setattr("core.control.crossing.plan_watch.STALE_S", 0.0)
    assert await watch.plan(WISH, patience_s=0.0) is None
    monkeypatch.undo()
    maker.may.set()
    for _ in range(1_000):
        await asyncio.sleep(0)
        if await watch.plan(WISH) == the_plan(2):
            return
    raise AssertionError(maker.begun)


async def test_what_hinders_a_plan_is_raised_and_it_is_tried_again(
    watch: PlanWatch, maker: Maker
) -> None:
    maker.may.set()
    maker.error = BadInput(what="no such slice", where="test", remedy="none")
    with pytest.raises(BadInput):
        await watch.plan(WISH, patience_s=20.0)
    maker.error = None
    assert await watch.plan(WISH, patience_s=20.0) == the_plan(2)
