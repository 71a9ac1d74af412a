"""Who may write, as clients are told it: asked of real load balancers, one of which hangs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from core.config.workspace import parse
from core.control.crossing.balancer_watch import BalancerWatch
from core.control.crossing.cutover_told import writable
from core.control.crossing.desk import Readings
from core.cutover.fleet import Way
from core.cutover.mode import Mode, Side
from tests.lab.haproxy import Haproxy
from tests.lab.sides import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from core.config.schema import Workspace
    from tests.lab.process import Keeper

SEEN_S = 20.0


@pytest.fixture
def balancers(keeper: Keeper, tmp_path: Path) -> Iterator[tuple[Haproxy, ...]]:
    blue, green = StandIn("blue"), StandIn("green")
    with blue, green:
        made = tuple(
            Haproxy(f"lb-{n}", tmp_path / f"lb{n}", blue=blue.address, green=green.address)
            for n in (1, 2)
        )
        for one in made:
            one.start(keeper)
        yield made


@pytest.fixture
def workspace(balancers: tuple[Haproxy, ...]) -> Workspace:
    entries = ", ".join(one.entry for one in balancers)
    return parse(
        'v: 1\nid: "9f2c1a7e"\nsource: {type: posix, path: /data/gw}\n'
        f"target: {{type: dir, path: /out}}\ntraffic: {{haproxy: [{entries}]}}\n"
    )


@pytest.fixture
async def watch(workspace: Workspace) -> AsyncIterator[BalancerWatch]:
    watching = BalancerWatch(Readings(workspace).read)
    yield watching
    await watching.close()


async def told(watch: BalancerWatch, side: str) -> None:
    """Return once clients are told this side; each look ends at once."""
    until_s = time.monotonic() + SEEN_S
    while writable(watch.last(())) != side:
        assert time.monotonic() < until_s, (side, watch.last(()))
        await asyncio.sleep(0.1)


async def test_the_side_that_writes_is_what_every_load_balancer_says(
    watch: BalancerWatch, workspace: Workspace
) -> None:
    assert writable(await watch.heard((), patience_s=SEEN_S)) == "blue"
    fleet = await Readings(workspace).fleet()
    moved = await fleet.reach((), Mode.BLUE_RO, "9f2c1a7e-1", Way(writer=Side.BLUE))
    assert moved.reached
    await told(watch, "none")


async def test_i7_one_load_balancer_that_hangs_makes_the_writer_unknown(
    watch: BalancerWatch, balancers: tuple[Haproxy, ...]
) -> None:
    assert writable(await watch.heard((), patience_s=SEEN_S)) == "blue"
    balancers[1].server.stop()
    await told(watch, "unknown")
