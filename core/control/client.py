"""The API's client: what the terminal and the command line know of an engine.

Imports the wire types, the errors and httpx, nothing else of the project. The same client speaks
over the workspace's socket and, with an application instead of a path, in this process
(`--foreground`, tests).
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypedDict, TypeVar
from urllib.parse import quote

import msgspec

from core.control.address import SOCKET_NAME, Address
from core.control.crossing.looks import CutoverLooks
from core.control.lean_httpx import httpx
from core.control.proof.keeping_looks import KeepingLooks
from core.control.proof.looks import ProofLooks
from core.control.proof.repair_looks import RepairLooks
from core.control.refusal import raised
from core.control.sync.looks import SyncClient
from core.control.wire import bundles as wire_bundles
from core.control.wire import checks as wire_checks
from core.control.wire import failures as wire_failures
from core.control.wire import plan as wire_plan
from core.control.wire import state as wire
from core.display import safe
from core.errors import (
    BadInput,
    Denied,
    EngineDown,
    NoAnswer,
    VgwmError,
)
from core.model import ENDED, JobState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from types import TracebackType
    from typing import Any, Unpack

    # The ASGI callable as httpx types it.
    App = Callable[..., Any]

LOOK_S = 2.0
"""A look that takes longer shows the engine as silent (`terminal.md` 2)."""
COMMAND_LOOK_S = 6.0
"""The same of a command, which shows nothing meanwhile: a busy host is not a silent engine."""
ACT_S = 30.0
"""An act waits for the ledger's commit (I5)."""
BACK_S = 15.0
"""How long an engine that crashed is waited for: its keeper starts another within 1 s."""
_AGAIN_S = 0.1
_LOOK_AGAIN_S = 1.0
CONNECT_S = 0.5

_T = TypeVar("_T", bound=wire.Wire)


class FailurePart(TypedDict, total=False):
    """Which part of the failures, beyond class and prefix; see `wire_failures.FailureQuery`."""

    at: int | None
    before: str
    phase: str
    disposition: str
    bundle: int | None


class Client(ProofLooks, KeepingLooks, RepairLooks, SyncClient, CutoverLooks):
    """Speaks `/v1` with one engine. Every call raises a VgwmError, never one of httpx.

    EngineDown: nobody listens on the socket. NoAnswer: somebody listens and is silent.

    A command is meant for the engine that was last looked at, and is repeated with its request id
    when that one dies under it: obeyed already, it gets its answer from the next. Once it has sent
    a command, its looks keep the lease. takeover: why commands take the lease from whoever has it.
    look_s: how long a look is waited for.
    """

    def __init__(
        self, where: Path | App, *, takeover: str = "", look_s: float | None = None
    ) -> None:
        self._takeover = takeover
        self._look_s = LOOK_S if look_s is None else look_s
        self._epoch: int | None = None
        self._address: Address | None = None
        self._socket: Path | None = None
        transport: httpx.AsyncBaseTransport
        if isinstance(where, Path):
            self.where = safe(str(where))
            self._socket = where / SOCKET_NAME
            try:
                self._address = Address(where)
            except OSError as error:
                raise _no_workspace(where) from error
            transport = httpx.AsyncHTTPTransport(uds=self._address.path)
        else:
            self.where = "this process"
            transport = httpx.ASGITransport(app=where)
        self._http = httpx.AsyncClient(
            transport=transport,
            base_url="http://engine/",
            timeout=httpx.Timeout(self._look_s, connect=CONNECT_S),
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()
        if self._address is not None:
            self._address.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def snapshot(self) -> wire.Snapshot:
        """Return the whole latest state."""
        return await self._snapshot(self._look_s)

    async def _snapshot(self, wait_s: float) -> wire.Snapshot:
        answer = await self._call("GET", "v1/snapshot", wait_s=wait_s)
        now = self._read(answer, wire.Snapshot)
        self._epoch = now.engine.epoch or None
        return now

    async def events(self, since: int = 0) -> wire.Events:
        """Return up to 1,000 events after number `since`, oldest first."""
        return await self._get("events", wire.Events, {"since": str(since)})

    async def failures(
        self,
        after: str = "",
        limit: int = 200,
        code: str = "",
        prefix: str = "",
        **more: Unpack[FailurePart],
    ) -> wire.Failures:
        """Return a page of failures; its `next` is the following page's `after`, empty at the end.

        code keeps one class only, prefix those whose `bucket/key` begins so. more: `at` a row's
        place, or `before` a cursor, instead of after; phase, disposition, bundle keep fewer.
        """
        asked = {"after": after, "limit": limit, "class": code, "prefix": prefix, **more}
        query = {name: str(value) for name, value in asked.items() if value not in {None, ""}}
        return await self._get("failures", wire.Failures, query)

    async def failure_causes(self, disposition: str = "") -> wire_failures.FailureCauses:
        """Return failures by class and phase, the largest first."""
        query = {"disposition": disposition} if disposition else {}
        return await self._get("failures/causes", wire_failures.FailureCauses, query)

    async def failure_bundles(self, at: int = 0, limit: int = 200) -> wire_failures.FailureBundles:
        """Return bundles with failed objects by number, from the at-th on."""
        query = {"at": str(at), "limit": str(limit)}
        return await self._get("failures/bundles", wire_failures.FailureBundles, query)

    async def make_plan(self, request: wire_failures.PlanRequest) -> wire_failures.ActPlan:
        """Ask what an act would do; nothing is done. `act_plan` says when it is made."""
        return await self._send("POST", "plans", request, wire_failures.ActPlan)

    async def act_plan(self, number: int) -> wire_failures.ActPlan:
        """Return a plan by its id, while it is made and after. WrongState once it is forgotten."""
        return await self._get(f"plans/{number}", wire_failures.ActPlan)

    async def bundles(self, since: int = 0) -> wire_bundles.Bundles:
        """Return up to 1,000 recorded bundles after number `since`, oldest first."""
        return await self._get("bundles", wire_bundles.Bundles, {"since": str(since)})

    async def plan(self) -> wire_plan.Plan:
        """Return the stored plan; NoPlan without one."""
        return await self._get("plan", wire_plan.Plan)

    async def checks(self) -> wire_checks.Checks:
        """Return the assessment: the newest answer of every row."""
        return await self._get("checks", wire_checks.Checks)

    async def acknowledge(self, check: str, reason: str, *, actor: str) -> None:
        """Take a check's warning on; Refused unless it is one."""
        order = wire_checks.AckRequest(actor=actor, reason=reason)
        await self._send("PUT", f"acks/{quote(check, safe='')}", order, wire.Done)

    async def note(self, item: str, text: str, *, actor: str) -> None:
        """Answer a manual item; Refused for what a machine answers."""
        order = wire_checks.NoteRequest(actor=actor, text=text)
        await self._send("PUT", f"notes/{quote(item, safe='')}", order, wire.Done)

    async def metrics(self) -> str:
        """Return the metrics in Prometheus' text format."""
        answer = await self._call("GET", "metrics", wait_s=self._look_s)
        return answer.text

    async def start_job(
        self, kind: str, args: Mapping[str, str], *, actor: str, request_id: str = ""
    ) -> int:
        """Begin a job and return its id. The same request_id twice begins one job."""
        request = wire.JobRequest(kind=kind, actor=actor, request_id=request_id, args=dict(args))
        return (await self._send("POST", "jobs", request, wire.JobMade)).id

    async def pause(self, job: int, *, actor: str) -> None:
        """Let the bundles in flight end, then hold the job."""
        await self._act(job, "pause", actor)

    async def resume(self, job: int, *, actor: str) -> None:
        """Let a paused job go on."""
        await self._act(job, "resume", actor)

    async def cancel(self, job: int, *, actor: str) -> None:
        """End a job; what it recorded stays."""
        await self._act(job, "cancel", actor)

    async def set_knobs(self, values: Mapping[str, str], *, actor: str) -> None:
        """Set knobs, all or none."""
        await self._send(
            "PATCH", "knobs", wire.KnobRequest(values=dict(values), actor=actor), wire.Done
        )

    async def take_lease(self, *, actor: str, takeover: str = "") -> wire.Lease:
        """Steer from now on, or go on to. LeaseHeld if another does and no reason is given."""
        order = wire.Command(actor=actor, takeover=takeover)
        return await self._send("PUT", "lease", order, wire.Lease)

    async def stop_engine(self, *, actor: str) -> None:
        """Ask the engine to end; it answers before it does."""
        await self._send("POST", "engine/stop", wire.Act(actor=actor), wire.Done)

    async def follow_job(
        self, job: int, *, every_s: float = 1.0, silent: Callable[[float], None] | None = None
    ) -> AsyncIterator[wire.Snapshot]:
        """Yield a snapshot every `every_s` until the job has ended, the last one included.

        A silent engine is asked again, after `silent` was told for how many seconds it has been;
        so is one that crashed, for BACK_S. Raises EngineDown when it is gone.
        """
        heard_s = time.monotonic()
        gone_s: float | None = None
        while True:
            try:
                now = await self._snapshot(LOOK_S)
            except (NoAnswer, EngineDown) as error:
                at_s = time.monotonic()
                if isinstance(error, EngineDown):
                    gone_s = at_s if gone_s is None else gone_s
                    if not self._may_return(at_s - gone_s):
                        raise
                if silent is not None:
                    silent(at_s - heard_s)
                await asyncio.sleep(min(every_s, _LOOK_AGAIN_S))
                continue
            heard_s, gone_s = time.monotonic(), None
            yield now
            found = job_of(now, job)
            if found is not None and found.state in ENDED:
                return
            await asyncio.sleep(every_s)

    def _may_return(self, gone_s: float) -> bool:
        """Return whether another engine may follow: one that ended well has taken its socket."""
        return gone_s < BACK_S and self._socket is not None and self._socket.exists()

    async def _act(self, job: int, verb: str, actor: str) -> None:
        await self._send("POST", f"jobs/{job}/{verb}", wire.Act(actor=actor), wire.Done)

    async def _get(self, path: str, kind: type[_T], query: Mapping[str, str] | None = None) -> _T:
        answer = await self._call("GET", f"v1/{path}", wait_s=self._look_s, query=query)
        return self._read(answer, kind)

    async def _send(self, verb: str, path: str, body: wire.Wire, kind: type[_T]) -> _T:
        if isinstance(body, wire.Command):
            body = self._stamped(body)
        sent, began_s = msgspec.json.encode(body), time.monotonic()
        while True:
            try:
                answer = await self._call(verb, f"v1/{path}", wait_s=ACT_S, body=sent)
            except EngineDown:
                # without a look before, nobody knows that there was an engine to come back
                if self._epoch is None or not self._may_return(time.monotonic() - began_s):
                    raise
                await asyncio.sleep(_AGAIN_S)
            else:
                return self._read(answer, kind)

    def _stamped(self, order: wire.Command) -> wire.Command:
        """Return an order with what makes it harmless to repeat, and dangerous to nobody else."""
        self._http.headers[wire.ACTOR_HEADER] = quote(order.actor)
        return msgspec.structs.replace(
            order,
            request_id=order.request_id or uuid.uuid4().hex,
            expected_epoch=self._epoch if order.expected_epoch is None else order.expected_epoch,
            takeover=order.takeover or self._takeover,
        )

    def _read(self, answer: httpx.Response, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as error:
            raise self._foreign(answer.status_code) from error

    async def _call(
        self,
        verb: str,
        path: str,
        *,
        wait_s: float,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> httpx.Response:
        try:
            answer = await self._http.request(
                verb,
                path,
                params=query,
                content=body,
                timeout=httpx.Timeout(wait_s, connect=max(CONNECT_S, self._look_s / 4)),
            )
        except httpx.ConnectError as error:
            raise self._refused() from error
        except httpx.TimeoutException as error:
            raise NoAnswer(
                what=f"the engine was silent for {wait_s:.0f} s",
                where=self.where,
                remedy="It may be busy: look again, or read engine.log in the workspace.",
            ) from error
        except httpx.HTTPError as error:
            raise EngineDown(
                what="the engine broke off in its answer",
                where=self.where,
                remedy="vgwm engine status says whether it lives; engine.log says why.",
            ) from error
        if answer.is_success:
            return answer
        try:
            refusal = msgspec.json.decode(answer.content, type=wire.Refusal)
        except msgspec.DecodeError as error:
            raise self._foreign(answer.status_code) from error
        raise raised(refusal.error)

    def _refused(self) -> VgwmError:
        if self._socket is not None and self._socket.exists():
            if not os.access(self._socket, os.W_OK):
                return Denied(
                    what="the engine's socket is another user's",
                    where=safe(str(self._socket)),
                    remedy="Log in as the user that runs the engine.",
                )
        elif self._socket is not None and not self._socket.parent.is_dir():
            return _no_workspace(self._socket.parent)
        return EngineDown(
            what="no engine answers",
            where=self.where,
            remedy="Start it with: vgwm engine start",
        )

    def _foreign(self, status: int) -> VgwmError:
        return NoAnswer(
            what=f"the engine answered {status} in a form of another version",
            where=self.where,
            remedy="Use the vgwm that runs the engine, or restart the engine with this one.",
        )


def job_of(now: wire.Snapshot, job: int) -> wire.Job | None:
    """Return a job of the snapshot by its id."""
    return next((found for found in now.jobs if found.id == job), None)


def running_job(now: wire.Snapshot, *, kind: str = "") -> wire.Job | None:
    """Return the newest job that has not ended, of a kind or of any."""
    alive = [
        job
        for job in now.jobs
        if JobState(job.state) not in ENDED and (not kind or job.kind == kind)
    ]
    return max(alive, key=lambda job: job.id, default=None)


def _no_workspace(path: Path) -> BadInput:
    return BadInput(
        what="there is no such workspace",
        where=safe(str(path)),
        remedy="Name one with -w DIR, or make it with: vgwm init -w DIR",
    )
