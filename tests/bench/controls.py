"""P11: what a running copy's controls do: bandwidth, pause, workers; and who cannot slow it down.

Bytes are those that lie in the `dir:` target, looked at from outside; gaps between recorded bundles
are seen in the ledger by another process.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from core.config.schema import DirTarget
from core.control.client import Client, job_of
from core.model import ENDED
from tests.bench import machine
from tests.bench.figures import Goal, Spread
from tests.bench.ground import Ground
from tests.bench.series import FAULTS, NotDone, problem_of
from tests.bench.settings import MIB
from tests.bench.table import Figure, Section, figures
from tests.bench.vgwm_engine import VgwmEngine, make_workspace
from tests.faults import disturbed
from tests.lab.process import Keeper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.bench.settings import Settings
    from tests.bench.tree import Tree

CAPS_MIB = (8, 16, 24)
SETTLE_S = 2.0
"""How long a knob may take to be in force."""

WINDOW_S = 5.0
LOOK_S = 0.02
PAUSES = 3
WORKERS = (4, 1, 3)
QUIET_S = 3.0
SLOW_OBJECTS = 16_000
"""At 1 MiB/s a copy of 64 s: longer than the minute that a terminal reads nothing."""

PERCENT, SECONDS, MS = "{:.1f} %", "{:.2f} s", "{:.0f} ms"
SITUATIONS = {
    "alone": (),
    "its terminal hung up": (disturbed.hung_up,),
    "three terminals that read nothing": (disturbed.stalled,),
    "40 clients that never read": (disturbed.deaf,),
    "alone again": (),
}


class Running(NamedTuple):
    """A copy at work, and how much of it lies in the target."""

    client: Client
    job: int
    target: Path

    def size_bytes(self) -> int:
        """Return the bytes of all CARs, the unfinished ones too."""
        return sum(
            entry.stat().st_size
            for folder in ("bundles", "tmp")
            for entry in os.scandir(self.target / folder)
        )

    async def set(self, **knobs: str) -> None:
        await self.client.set_knobs(knobs, actor="bench")


def run_controls(settings: Settings, tree: Tree) -> list[Section]:
    """Run P11; return its tables."""
    tree.make()
    machine.wait_quiet(settings.wait_s)
    with Keeper() as keeper:
        ground = Ground(settings.folder / "controls", drops=False)
        rows = _steered(tree, ground, keeper)
    told = [figures("P11: controls of a running copy, dir: target", rows)]
    machine.wait_quiet(settings.wait_s)
    return [*told, figures("P11: longest time between two recorded bundles", _gaps(settings))]


def _steered(tree: Tree, ground: Ground, keeper: Keeper) -> list[Figure]:
    here = ground.fresh("vgwm")
    target = DirTarget(path=here / "out")
    make_workspace(here / "ws", tree.root, target, workers=2)
    engine = VgwmEngine(here / "ws", keeper)
    try:
        engine.start()
        try:
            return asyncio.run(_measure(here / "ws", target.path))
        finally:
            engine.stop()
    except FAULTS as error:
        return [Figure("controls", None, PERCENT, problem=problem_of(error))]


async def _measure(workspace: Path, target: Path) -> list[Figure]:
    async with Client(workspace) as client:
        plan = await client.start_job("plan", {}, actor="bench")
        async for _ in client.follow_job(plan, every_s=0.2):
            pass
        await client.set_knobs({"bandwidth": f"{CAPS_MIB[0]}MiB/s"}, actor="bench")
        run = Running(client, await client.start_job("copy", {}, actor="bench"), target)
        rows = []
        for cap in CAPS_MIB:
            off = abs(await _held_to(run, cap) - 1)
            name = f"off a cap of {cap} MiB/s by"
            rows.append(Figure(name, Spread.of([off * 100]), PERCENT, Goal(10, most=True)))
        await run.set(bandwidth=f"{CAPS_MIB[0]}MiB/s")  # so that enough is left for the rest
        pauses = [await _pause_s(run) for _ in range(PAUSES)]
        rows.append(
            Figure("pause to the last byte", Spread.of(pauses), SECONDS, Goal(2.0, most=True))
        )
        await run.set(bandwidth=f"{CAPS_MIB[-1]}MiB/s")  # a worker leaves when its bundle ends
        workers = [await _workers_s(run, number) for number in WORKERS]
        changed = Spread.of(workers)
        rows.append(Figure("set workers 4, 1, 3", changed, SECONDS, Goal(2.0, most=True)))
        await _still_running(run)
        await client.cancel(run.job, actor="bench")
        return rows


async def _still_running(run: Running) -> None:
    job = job_of(await run.client.snapshot(), run.job)
    if job is None or job.state in ENDED:
        raise NotDone("the copy ended before all of it was measured: it needs more objects")


async def _held_to(run: Running, cap_mib: int) -> float:
    """Return the rate of a window as a share of the cap."""
    await run.set(bandwidth=f"{cap_mib}MiB/s")
    await asyncio.sleep(SETTLE_S)
    began_s, before = time.monotonic(), run.size_bytes()
    await asyncio.sleep(WINDOW_S)
    rate = (run.size_bytes() - before) / (time.monotonic() - began_s)
    await _still_running(run)
    return rate / (cap_mib * MIB)


async def _pause_s(run: Running) -> float:
    """Pause; return when the last byte came; resume."""
    began_s = last_s = time.monotonic()
    before = run.size_bytes()
    pause = asyncio.create_task(run.client.pause(run.job, actor="bench"))
    while time.monotonic() < began_s + QUIET_S:
        await asyncio.sleep(LOOK_S)
        now = run.size_bytes()
        if now != before:
            last_s, before = time.monotonic(), now
    await pause
    await run.client.resume(run.job, actor="bench")
    await _until(lambda: _grew(run, before))
    return last_s - began_s


async def _grew(run: Running, before: int) -> bool:
    await asyncio.sleep(0)
    return run.size_bytes() > before


async def _workers_s(run: Running, number: int) -> float:
    """Return how long it takes until as many workers are there as were asked for."""
    began_s = time.monotonic()
    await run.set(workers=str(number))

    async def there() -> bool:
        return len((await run.client.snapshot()).workers) == number

    await _until(there)
    return time.monotonic() - began_s


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    try:
        async with asyncio.timeout(20):
            while not await holds():  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        raise NotDone("the copy did not do what it was told in 20 s") from error


def _gaps(settings: Settings) -> list[Figure]:
    objects = settings.count(SLOW_OBJECTS, least=200)
    rows = []
    for name, disturbances in SITUATIONS.items():
        root = settings.folder / "gaps" / name.replace(" ", "-")
        root.mkdir(parents=True)
        try:
            done = asyncio.run(
                disturbed.copy_under(disturbed.make_small(root, objects), root, *disturbances)
            )
        except (*FAULTS, AssertionError) as error:
            rows.append(Figure(name, None, MS, problem=problem_of(error)))
            continue
        machine.say(f"gaps, {name}: {done.longest_gap_s * 1e3:.0f} ms in {done.lasted_s:.0f} s")
        text = f"{name}, a copy of {done.lasted_s:.0f} s"
        rows.append(Figure(text, Spread.of([done.longest_gap_s * 1e3]), MS))
    return rows
