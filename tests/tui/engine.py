"""A stand-in engine behind the real API: a copy that moves every second."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Literal

import uvicorn

from core.control.address import SOCKET_NAME, Address
from core.control.server import build_app
from core.control.wire import bundles as wire_bundles
from core.control.wire import checks as wire_checks
from core.control.wire import failures as wire_failures
from core.control.wire import keeping as wire_keeping
from core.control.wire import metadata as wire_metadata
from core.control.wire import plan as wire_plan
from core.control.wire import state as wire
from core.control.wire import sync as wire_sync
from core.control.wire import verify as wire_verify
from core.errors import NoPlan, WrongState
from tests.fakes.desk import empty_sync
from tests.fakes.traffic import FakeTraffic
from tests.tui import stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LiveDesk(FakeTraffic):
    """Answers like an engine that copies: each second other figures, or what a test set."""

    def __init__(self, count: int = 10) -> None:
        self.count = count
        self.began_ns = time.time_ns()
        self.fixed: wire.Snapshot | None = None
        self.acts: list[tuple[object, ...]] = []
        self.paused = False
        self.workers = "10"

    async def snapshot(self) -> wire.Snapshot:
        if self.fixed is not None:
            return self.fixed
        return self.moving()

    def moving(self) -> wire.Snapshot:
        now_ns = time.time_ns()
        tick = (now_ns - self.began_ns) // stage.S
        whole = stage.snapshot()
        migrated = 4_812_330 + tick * 26_980
        totals = wire.Totals(
            objects=12_004_118,
            migrated=migrated,
            failed=12 + tick // 7,
            skipped=340,
            remaining=12_004_118 - 352 - migrated,
            size_bytes=whole.totals.size_bytes,
            migrated_bytes=whole.totals.migrated_bytes + tick * 412_000_000,
            pins_waiting=50 + tick % 15,
        )
        steps = [f"send kubo-{tick % 3 + 1} {tick * 37 % 100} %", f"hash {tick * 13 % 100} %"]
        workers = [
            stage.worker(
                slot,
                "waiting" if (slot + tick) % 5 == 0 else "copy",
                objects_s=2_900.0 + (slot * 997 + tick * 131) % 400,
                bytes_s=float(40 + (slot * 31 + tick * 17) % 20) * (1 << 20),
                bundle=48_211 + slot + tick,
                step=steps[(slot + tick) % 2],
                history=_moved(slot, tick, 48 << 20),
            )
            for slot in range(self.count)
        ]
        return stage.snapshot(
            at_ns=now_ns,
            totals=totals,
            rate=wire.Rate(
                objects_s=26_000.0 + tick * 131 % 1_999,
                bytes_s=400e6 + tick * 7e6 % 3e7,
                objects_s_mean=24_100.0 + tick,
                history=_moved(99, tick, 30_000),
            ),
            eta=wire.Eta(low_s=11_400.0 - tick, high_s=14_700.0 - tick),
            jobs=[stage.PLAN_DONE, stage.job(state="paused" if self.paused else "running")],
            workers=workers,
            knobs=[
                wire.Knob(name="workers", value=self.workers, default="4", bounds="0..256"),
                wire.Knob(name="timeout", value="300s", default="300s", bounds="1s..1h"),
            ],
            events=[
                stage.event(88_412 + tick - back, f"bundle {48_206 + tick - back:,} recorded")
                for back in (2, 1, 0)
            ],
            last_seq=88_412 + tick,
        )

    async def events(self, since: int, limit: int) -> wire.Events:
        last = 88_412
        seqs = range(max(since + 1, last - limit + 1), last + 1)
        return wire.Events(
            events=[stage.event(seq, f"bundle {seq - 40_206:,} recorded") for seq in seqs],
            last_seq=last,
        )

    async def failures(self, query: wire_failures.FailureQuery) -> wire.Failures:
        del query
        rows = list(stage.failures())
        return wire.Failures(failures=rows, total=len(rows), at=0, as_of_ns=stage.NOON_NS)

    async def failure_causes(self, disposition: str) -> wire_failures.FailureCauses:
        del disposition
        return wire_failures.FailureCauses(causes=[])

    async def failure_bundles(self, at: int, limit: int) -> wire_failures.FailureBundles:
        del at, limit
        return wire_failures.FailureBundles(bundles=[], total=0)

    async def make_plan(self, request: wire_failures.PlanRequest) -> wire_failures.ActPlan:
        self.acts.append(("plan", request.act))
        return wire_failures.ActPlan(id=1, act=request.act, state="made", hash="0a1b2c3d")

    async def act_plan(self, number: int) -> wire_failures.ActPlan:
        return wire_failures.ActPlan(id=number, act="retry", state="made", hash="0a1b2c3d")

    async def make_repair(self, request: wire_metadata.RepairRequest) -> wire_metadata.RepairPlan:
        self.acts.append(("repair", request.report, request.unpin))
        return wire_metadata.RepairPlan(id=1, state="made", report=request.report)

    async def repair(self, number: int) -> wire_metadata.RepairPlan:
        return wire_metadata.RepairPlan(id=number, state="made")

    async def make_keeping(self, request: wire_keeping.KeepingRequest) -> wire_keeping.KeepingPlan:
        return wire_keeping.KeepingPlan(id=1, act=request.act, kind="restore", state="made")

    async def keeping(self, number: int) -> wire_keeping.KeepingPlan:
        return wire_keeping.KeepingPlan(id=number, act="restore", kind="restore", state="made")

    async def bundles(self, since: int, limit: int) -> wire_bundles.Bundles:
        del limit
        return wire_bundles.Bundles(bundles=[], last_seq=since)

    async def plan(self) -> wire_plan.Plan:
        raise NoPlan(what="no plan", where="ledger", remedy="vgwm plan")

    async def checks(self) -> wire_checks.Checks:
        return wire_checks.Checks(at_ns=time.time_ns())

    async def proof(self, job: int | None) -> wire_verify.Proof:
        raise WrongState(what=f"no proof {job}", where="ledger", remedy="vgwm verify")

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        del limit
        return wire_verify.Proofs(proofs=[])

    async def sync(self) -> wire_sync.Sync:
        return empty_sync()

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        raise WrongState(what=f"no list {query.name}", where="ledger", remedy="vgwm verify")

    async def acknowledge(self, check: str, request: wire_checks.AckRequest) -> None:
        self.acts.append(("ack", check, request.reason))

    async def note(self, item: str, request: wire_checks.NoteRequest) -> None:
        self.acts.append(("note", item, request.text))

    async def start_job(self, request: wire.JobRequest) -> int:
        self.acts.append(("start", request.kind))
        return 15

    async def act(
        self, job: int, verb: Literal["pause", "resume", "cancel"], act: wire.Act
    ) -> None:
        del act
        self.acts.append((verb, job))
        self.paused = verb == "pause"

    async def set_knobs(self, request: wire.KnobRequest) -> None:
        self.acts.append(("knobs", request.values))
        self.workers = request.values.get("workers", self.workers)

    def hear(self, actor: str) -> None:
        """Take a look as any other."""

    async def take_lease(self, order: wire.Command) -> wire.Lease:
        self.acts.append(("lease", order.takeover))
        return wire.Lease(holder=order.actor, since_ns=time.time_ns(), heard_s=0.0, free_s=60.0)

    async def stop(self, act: wire.Act) -> None:
        del act
        self.acts.append(("stop",))


def _moved(seed: int, tick: int, peak: int) -> list[int]:
    """A history whose values stay what they were as the seconds go on."""
    return stage.history(seed, peak, 60 + tick % 3_600)[-60:]


@contextlib.contextmanager
def serving(workspace: Path, desk: LiveDesk) -> Iterator[LiveDesk]:
    """Serve a desk on the workspace's socket from a thread of its own."""
    with Address(workspace) as address:
        config = uvicorn.Config(
            build_app(desk), uds=address.path, log_config=None, access_log=False, lifespan="off"
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # older uvicorn
        thread = threading.Thread(target=server.run, name="engine", daemon=True)
        thread.start()
        try:
            until = time.monotonic() + 60
            while not server.started and time.monotonic() < until:
                time.sleep(0.01)
            assert server.started
            yield desk
        finally:
            server.should_exit = True
            thread.join(10)
            (workspace / SOCKET_NAME).unlink(missing_ok=True)
