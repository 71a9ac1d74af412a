"""A desk without an engine: canned state, and a record of what was asked of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from core.control.wire import bundles as wire_bundles
from core.control.wire import checks as wire_checks
from core.control.wire import failures as wire_failures
from core.control.wire import keeping as wire_keeping
from core.control.wire import metadata as wire_metadata
from core.control.wire import plan as wire_plan
from core.control.wire import state as wire
from core.control.wire import sync as wire_sync
from core.control.wire import verify as wire_verify
from core.errors import BadInput, NoPlan, WrongState
from tests.fakes.traffic import FakeTraffic

if TYPE_CHECKING:
    from core.control.desk import Verb

AT_NS = 1_764_598_931_000_000_000  # 2025-12-01 14:22:11 UTC


def snapshot(**more: object) -> wire.Snapshot:
    """Return a snapshot of a small workspace, with what a test wants to see in it."""
    plain = wire.Snapshot(
        at_ns=AT_NS,
        workspace=wire.Workspace(
            id="9f2c1a7e",
            name="photos",
            path="/ws/photos",
            source="posix /data/gw",
            target="dir /out",
            table="sqlite /out/objects.db",
            profile="guide",
            planned=True,
            plan_hash="7c1e09aa",
            buckets=3,
        ),
        engine=wire.Engine(
            pid=4242,
            epoch=3,
            started_ns=AT_NS - 9_660 * 1_000_000_000,
            version="0.1.0",
            rss_bytes=61_000_000,
        ),
        totals=wire.Totals(),
        rate=wire.Rate(),
        eta=wire.Eta(unknown="no job runs"),
    )
    return msgspec.structs.replace(plain, **more)


def empty_sync() -> wire_sync.Sync:
    """Return what is said where no round was ever run."""
    return wire_sync.Sync(
        lag_s=None,
        pending=0,
        due=wire_sync.SyncDue(objects=0, limit=1000),
        forecast=wire_sync.SyncForecast(
            freeze_s=None,
            freeze_budget_s=60.0,
            drain_s=1.0,
            round_s=None,
            carry_s=None,
            proof_s=None,
        ),
    )


def job(number: int, state: str, *, kind: str = "copy", **more: object) -> wire.Job:
    """Return a job in some state."""
    plain = wire.Job(id=number, kind=kind, state=state, actor="op1", made_ns=AT_NS - 10**10)
    return msgspec.structs.replace(plain, **more)


def asked(told: list[tuple[str, wire.Command]]) -> list[tuple[str, wire.Command]]:
    """Return what was asked for, without what makes each request one of its kind."""
    return [
        (what, msgspec.structs.replace(order, request_id="", expected_epoch=None))
        for what, order in told
    ]


class FakeDesk(FakeTraffic):
    """Answers with `now`, and keeps what it was told in `told`."""

    def __init__(self, now: wire.Snapshot | None = None) -> None:
        self.now = now or snapshot()
        self.told: list[tuple[str, wire.Command]] = []
        self.heard: list[str] = []
        self.failed: list[wire.Failure] = []
        self.causes: list[wire_failures.FailureCause] = []
        self.failed_bundles: list[wire_failures.FailureBundle] = []
        self.planned: list[wire_failures.PlanRequest] = []
        self.act_made = wire_failures.ActPlan(id=1, act="retry", state="made", hash="0a1b2c3d")
        self.repairs: list[wire_metadata.RepairRequest] = []
        self.repair_made = wire_metadata.RepairPlan(id=1, state="made", hash="0a1b2c3d")
        self.keepings: list[wire_keeping.KeepingRequest] = []
        self.keeping_made = wire_keeping.KeepingPlan(
            id=1, act="restore", kind="restore", state="made", hash="0a1b2c3d"
        )
        self.made: wire_plan.Plan | None = None
        self.assessed = wire_checks.Checks(at_ns=AT_NS)
        self.ending = asyncio.Event()
        self.answer_may_come = asyncio.Event()
        self.answer_may_come.set()
        self._ids: dict[str, int] = {}

    async def snapshot(self) -> wire.Snapshot:
        await self.answer_may_come.wait()
        return self.now

    async def events(self, since: int, limit: int) -> wire.Events:
        later = [event for event in self.now.events if event.seq > since][:limit]
        return wire.Events(events=later, last_seq=later[-1].seq if later else since)

    async def failures(self, query: wire_failures.FailureQuery) -> wire.Failures:
        begin = int(query.after or "0")
        chosen = [
            one
            for one in self.failed
            if query.code in {"", one.code} and f"{one.bucket}/{one.key}".startswith(query.prefix)
        ]
        page = chosen[begin : begin + query.limit]
        end = begin + len(page)
        return wire.Failures(
            failures=page, next=str(end) if end < len(chosen) else "", total=len(chosen), at=begin
        )

    async def failure_causes(self, disposition: str) -> wire_failures.FailureCauses:
        return wire_failures.FailureCauses(
            causes=[one for one in self.causes if disposition in {"", one.disposition}]
        )

    async def failure_bundles(self, at: int, limit: int) -> wire_failures.FailureBundles:
        return wire_failures.FailureBundles(
            bundles=self.failed_bundles[at : at + limit], total=len(self.failed_bundles)
        )

    async def bundles(self, since: int, limit: int) -> wire_bundles.Bundles:
        del limit
        return wire_bundles.Bundles(bundles=[], last_seq=since)

    async def make_plan(self, request: wire_failures.PlanRequest) -> wire_failures.ActPlan:
        self.planned.append(request)
        return self.act_made

    async def act_plan(self, number: int) -> wire_failures.ActPlan:
        del number
        return self.act_made

    async def make_repair(self, request: wire_metadata.RepairRequest) -> wire_metadata.RepairPlan:
        self.repairs.append(request)
        return self.repair_made

    async def repair(self, number: int) -> wire_metadata.RepairPlan:
        del number
        return self.repair_made

    async def make_keeping(self, request: wire_keeping.KeepingRequest) -> wire_keeping.KeepingPlan:
        self.keepings.append(request)
        return self.keeping_made

    async def keeping(self, number: int) -> wire_keeping.KeepingPlan:
        del number
        return self.keeping_made

    async def plan(self) -> wire_plan.Plan:
        if self.made is None:
            raise NoPlan(what="there is no plan", where="the ledger", remedy="vgwm plan makes it.")
        return self.made

    async def checks(self) -> wire_checks.Checks:
        return self.assessed

    async def proof(self, job: int | None) -> wire_verify.Proof:
        raise self._unproved(job)

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        del limit
        return wire_verify.Proofs(proofs=[])

    async def sync(self) -> wire_sync.Sync:
        return empty_sync()

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        raise self._unproved(query.job)

    def _unproved(self, job: int | None) -> WrongState:
        return WrongState(what=f"no proof {job}", where="desk", remedy="Verify first.")

    async def acknowledge(self, check: str, request: wire_checks.AckRequest) -> None:
        self.told.append((f"ack {check}", request))

    async def note(self, item: str, request: wire_checks.NoteRequest) -> None:
        self.told.append((f"note {item}", request))

    async def start_job(self, request: wire.JobRequest) -> int:
        self.told.append(("start", request))
        return self._ids.setdefault(request.request_id, len(self._ids) + 1)

    async def act(self, job: int, verb: Verb, act: wire.Act) -> None:
        self.told.append((f"{verb} {job}", act))

    async def set_knobs(self, request: wire.KnobRequest) -> None:
        if "colour" in request.values:
            raise BadInput(what="no knob colour", where="knobs", remedy="vgwm set lists them.")
        self.told.append(("knobs", request))

    def hear(self, actor: str) -> None:
        self.heard.append(actor)

    async def take_lease(self, order: wire.Command) -> wire.Lease:
        self.told.append(("lease", order))
        return wire.Lease(holder=order.actor, since_ns=AT_NS, heard_s=0.0, free_s=60.0)

    async def stop(self, act: wire.Act) -> None:
        self.told.append(("stop", act))
        self.ending.set()
