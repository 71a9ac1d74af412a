"""What load balancers were heard to say: nothing from before a run's last row counts."""

from __future__ import annotations

import asyncio

from core.control.crossing.balancer_watch import BalancerWatch
from core.cutover.balancer import Told
from core.cutover.mode import Mode
from core.cutover.reading import Reading


class World:
    """One load balancer; hangs: it never answers."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.mode = Mode.BLUE_RO
        self._hangs = hangs

    async def ask(self, buckets: object) -> Reading:
        del buckets
        if self._hangs:
            await asyncio.Event().wait()
        return Reading(told=(Told(name="lb-1", mode=self.mode),))


async def test_i7_an_answer_from_before_a_runs_last_row_is_asked_for_again() -> None:
    world = World()
    watch = BalancerWatch(world.ask)
    assert [one.mode for one in await watch.heard(())] == [Mode.BLUE_RO]
    world.mode = Mode.BLUE
    assert [one.mode for one in await watch.heard(())] == [Mode.BLUE_RO]  # asked once a second
    assert [one.mode for one in await watch.heard((), most_s=0)] == [Mode.BLUE]
    await watch.close()


async def test_i7_one_that_hangs_is_unknown_after_a_moment() -> None:
    watch = BalancerWatch(World(hangs=True).ask)
    assert await watch.heard((), most_s=0, patience_s=0.05) == ()
    await watch.close()
