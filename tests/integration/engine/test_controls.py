"""Controls of a running copy: bytes stop, workers come and go, windows close, nothing half-made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.engine.copying.placement_ipfs import IpfsPlacement
from core.engine.jobs import Jobs
from core.model import KIB, MIB, BundleState, JobKind
from tests.integration.engine.ground import Ground, engine_on, make_ground, make_workspace, run_job
from tests.integration.engine.ipfs_ground import COPIES, nodes_under
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.engine.engine import Engine

SMALL = Knobs(workers=2, batch_size=20)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return make_ground(tmp_path, objects=100)


async def until(holds: Callable[[], object], *, within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


async def begin(engine: Engine) -> int:
    """Plan, then begin a copy; return its number."""
    assert (await run_job(engine, JobKind.PLAN)).state == "done"
    return await engine.start_job(JobKind.COPY, {}, "op1", "copy-1")


async def at_rest(count: Callable[[], int]) -> int:
    """Wait until a count stands still for half a second; return it."""
    async with asyncio.timeout(20):
        while True:
            before = count()
            await asyncio.sleep(0.5)
            if count() == before:
                return before


async def told(engine: Engine, kind: str) -> list[tuple[str, str]]:
    events = await engine.ledger.last_events(1000)
    return [(event.actor, event.text) for event in events if event.kind == kind]


async def test_a_pause_stops_bytes_in_the_middle_of_a_bundle_and_they_go_on_where_they_stood(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Knobs(workers=2, bandwidth=512 * KIB)
    with nodes_under(ground, slow, monkeypatch) as nodes:
        async with engine_on(ground) as engine:
            copy = await begin(engine)
            await until(lambda: nodes.received() > 300 * KIB)
            await engine.pause(copy, "op1")
            stopped = await at_rest(nodes.received)
            assert stopped < COPIES * 6 * MIB
            await until(lambda: {w.state for w in engine.looks.workers() if w.bundle} == {"paused"})
            assert await engine.ledger.in_states(BundleState.COPYING)
            await engine.set_knobs({"bandwidth": "off"}, "op1")
            await engine.resume(copy, "op1")
            await engine.wait(copy)
            row = await engine.ledger.job(copy)
            assert row is not None
            assert row.state == "done", row.result
            assert not await told(engine, "node_fault")
        # every bundle went once to each of its nodes: nothing was sent again
        assert nodes.received() < COPIES * 6.5 * MIB


async def test_workers_come_and_go_while_a_copy_runs(ground: Ground) -> None:
    make_workspace(ground, Knobs(workers=1, batch_size=5, bandwidth=MIB))
    async with engine_on(ground) as engine:
        copy = await begin(engine)
        for number in (3, 1, 2):
            await engine.set_knobs({"workers": str(number)}, f"op{number}")
            await until(lambda: [w.slot for w in engine.looks.workers()] == [*range(number)])  # noqa: B023
        await engine.set_knobs({"workers": "0"}, "op1")
        await until(lambda: not engine.looks.workers())
        await engine.set_knobs({"workers": "2", "bandwidth": "off"}, "op1")
        await engine.wait(copy)
        changes = await told(engine, "knobs")
    assert ("op3", "set workers 1 -> 3") in changes
    assert ("op1", "set workers 2 -> 0") in changes
    assert bodies(ground.target) == ground.bodies


async def test_knobs_that_were_set_before_a_copy_hold_in_it_and_later_ones_too(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[tuple[int, int]] = []
    limit = IpfsPlacement.limit

    def spied(self: IpfsPlacement, *, node_bundles: int, pin_queue_max: int) -> None:
        limits.append((node_bundles, pin_queue_max))
        limit(self, node_bundles=node_bundles, pin_queue_max=pin_queue_max)

    monkeypatch.setattr(IpfsPlacement, "limit", spied)
    with nodes_under(ground, SMALL, monkeypatch):
        async with engine_on(ground) as engine:
            await engine.set_knobs({"pin_queue_max": "7"}, "op1")
            copy = await begin(engine)
            await until(lambda: limits)
            assert limits[-1] == (2, 7)
            await engine.set_knobs({"pin_queue_max": "9", "node_bundles": "3"}, "op1")
            assert limits[-1] == (3, 9)
            await engine.wait(copy)


async def test_outside_of_its_windows_a_copy_waits_and_says_when_it_goes_on(
    ground: Ground,
) -> None:
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        now_min = (engine.started_ns // 60_000_000_000) % 1440
        opens, closes = (now_min + 120) % 1440, (now_min + 180) % 1440
        text = f"{opens // 60:02d}:{opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"
        await engine.set_knobs({"windows": text}, "op1")
        copy = await begin(engine)
        await until(lambda: engine.looks.held().startswith("window: opens "))
        assert f"{opens // 60:02d}:{opens % 60:02d} UTC" in engine.looks.held()
        await until(lambda: {w.state for w in engine.looks.workers()} == {"waiting"})
        row = await engine.ledger.job(copy)
        assert row is not None
        assert (row.state, row.reason) == ("running", engine.looks.held())
        assert (await engine.ledger.counters()).migrated == 0
        await engine.set_knobs({"windows": "always"}, "op1")
        await engine.wait(copy)
        windows = [text for _, text in await told(engine, "window")]
    assert any(one.startswith("window closed: it opens ") for one in windows)
    assert bodies(ground.target) == ground.bodies


@pytest.mark.parametrize("paused", [False, True])
async def test_a_cancelled_copy_leaves_nothing_half_made(ground: Ground, *, paused: bool) -> None:
    make_workspace(ground, Knobs(workers=2, bandwidth=256 * KIB))
    tmp = ground.target / "tmp"
    async with engine_on(ground) as engine:
        engine.jobs = Jobs(engine.ledger, grace_s=0.5)
        copy = await begin(engine)
        await until(lambda: engine.premises.board.sent_bytes() > 64 * KIB)
        assert list(tmp.iterdir())
        if paused:
            await engine.pause(copy, "op2")
        await engine.cancel(copy, "op2")
        await engine.wait(copy)
        row = await engine.ledger.job(copy)
        assert row is not None
        assert (row.state, row.reason) == ("cancelled", "cancelled by op2")
        assert not await engine.ledger.in_states(BundleState.COPYING)
        assert not list(tmp.iterdir())
        whole = {path.stem for path in (ground.target / "bundles").iterdir()}
        jobs = await told(engine, "job")
        assert ("op2", "copy is being cancelled") in jobs
        assert ("op2", "copy cancelled") in jobs
        await engine.set_knobs({"bandwidth": "off"}, "op1")
        assert (await run_job(engine, JobKind.COPY)).state == "done"
    assert whole <= {path.stem for path in (ground.target / "bundles").iterdir()}
    assert bodies(ground.target) == ground.bodies


async def test_a_cancelled_copy_leaves_no_pin_of_what_it_did_not_finish(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Knobs(workers=2, batch_size=20, bandwidth=512 * KIB)
    with nodes_under(ground, slow, monkeypatch) as nodes:
        async with engine_on(ground) as engine:
            copy = await begin(engine)
            await until(
                lambda: nodes.cluster.pins and engine.premises.board.sent_bytes() > 600 * KIB
            )
            await engine.pause(copy, "op1")
            await engine.cancel(copy, "op2")
            await engine.wait(copy)
            assert not await engine.ledger.in_states(BundleState.COPYING)
            past = (BundleState.COPIED, BundleState.PINNED, BundleState.RECORDED)
            whole = await engine.ledger.in_states(*past)
            roots = {cids.text(bundle.root) for bundle in whole if bundle.root is not None}
            assert set(nodes.cluster.pins) <= roots
            await engine.set_knobs({"bandwidth": "off"}, "op1")
            assert (await run_job(engine, JobKind.COPY)).state == "done"
            counted = await engine.ledger.counters()
    assert counted.migrated == counted.objects == len(ground.bodies)


async def test_a_cancelled_plan_is_marked_and_goes_on_where_it_stood(ground: Ground) -> None:
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        plan = await engine.start_job(JobKind.PLAN, {}, "op1", "plan-1")
        await engine.pause(plan, "op1")
        await engine.cancel(plan, "op2")
        await engine.wait(plan)
        row = await engine.ledger.job(plan)
        assert row is not None
        assert (row.state, row.reason) == ("cancelled", "cancelled by op2")
        assert await engine.ledger.plan() is None
        assert not (ground.workspace / "plan.json").exists()
        assert (await run_job(engine, JobKind.PLAN)).state == "done"
        assert (await run_job(engine, JobKind.COPY)).state == "done"
    assert bodies(ground.target) == ground.bodies


async def test_a_slow_source_has_fewer_readers_and_the_workers_say_so(ground: Ground) -> None:
    make_workspace(ground, Knobs(workers=3, batch_size=5, bandwidth=512 * KIB))
    async with engine_on(ground) as engine:
        await engine.set_knobs({"source_p99_max": "1ms"}, "op1")
        copy = await begin(engine)
        await until(engine.looks.workers)

        def slow_reads() -> set[str]:
            desk = engine.premises.board.desk(200)
            for _ in range(100):
                desk.read_took(500_000_000)
            desk.cells.release()
            steps = [worker.step for worker in engine.looks.workers()]
            return {one[-11:] for one in steps if one.startswith("source: read p99 ")}

        await until(lambda: slow_reads() & {"2 of 3 read", "1 of 3 read"})
        await engine.set_knobs({"source_p99_max": "off", "bandwidth": "off"}, "op1")
        await engine.wait(copy)
        throttled = [text for _, text in await told(engine, "throttle")]
    assert throttled[-1] == "source: all workers read again"
    assert bodies(ground.target) == ground.bodies


async def test_a_hand_on_workers_switches_autotune_off_and_says_so(ground: Ground) -> None:
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await engine.set_knobs({"workers": "3", "autotune": "on"}, "op1")
        assert (engine.knobs.workers, engine.knobs.autotune) == (3, "on")
        await engine.set_knobs({"bandwidth": "1MiB/s"}, "op1")
        assert engine.knobs.autotune == "on"
        await engine.set_knobs({"workers": "4"}, "op2")
        assert (engine.knobs.workers, engine.knobs.autotune) == (4, "off")
        changes = await told(engine, "knobs")
    text = "set workers 3 -> 4, autotune on -> off: workers were set by hand"
    assert ("op2", text) in changes
