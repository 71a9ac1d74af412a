"""vgwm as an operator runs it: an engine process on a workspace, and jobs begun over its API."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.config.schema import DirTarget, IpfsTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, new_id, write
from core.control.client import Client, job_of
from core.errors import EngineDown, NoAnswer
from core.model import ENDED, JobState
from tests.bench.machine import Watched, offspring
from tests.bench.series import NotDone
from tests.lab.process import Server
from tests.lab.vgwm import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.control.wire import state as wire
    from tests.lab.process import Keeper

POLL_S = 0.25
START_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a migration took, from the first job's start to the last one's end."""

    objects: int
    seconds: float
    plan_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a round took, from the job's start to its end, and the job's own figures."""

    seconds: float
    figures: dict[str, int]


@dataclass(slots=True)
class Peaks:
    """The most memory that was seen of each process, in bytes."""

    engine: int = 0
    workers: dict[int, int] = field(default_factory=dict)

    def look(self, pid: int) -> None:
        self.engine = max(self.engine, peak_bytes(pid))
        for child in offspring(pid):
            self.workers[child] = max(self.workers.get(child, 0), peak_bytes(child))


def peak_bytes(pid: int) -> int:
    """Return the kernel's own high-water mark of a process's memory; 0 for one that is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:  # noqa: PTH123 - a name, ten times a second
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def make_workspace(
    folder: Path, source: Path, target: DirTarget | IpfsTarget, *, workers: int
) -> None:
    """Write a workspace as `vgwm init` would, with its number of workers."""
    folder.mkdir(parents=True)
    workspace = Workspace(
        id=new_id(), source=PosixSource(path=source), target=target, knobs=Knobs(workers=workers)
    )
    write(folder / FILE_NAME, workspace)


class VgwmEngine:
    """An engine process; its start is not in the clock."""

    def __init__(
        self, workspace: Path, keeper: Keeper, secrets: Mapping[str, str] | None = None
    ) -> None:
        self.workspace = workspace
        self._keeper = keeper
        self._server = Server(
            "engine",
            [str(SCRIPT), "engine", "serve", "-w", str(workspace)],
            folder=workspace,
            environment={"LANG": "C.UTF-8", **(secrets or {})},
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._keeper.start(self._server)
        self._server.wait_for("its socket", lambda: asyncio.run(self._answers()), limit_s=START_S)

    def stop(self) -> None:
        """End it."""
        self._keeper.forget(self._server)

    @property
    def pid(self) -> int:
        return self._server.pid

    def groups(self) -> dict[str, list[Watched]]:
        """Return its processes as the meter wants them."""
        return {
            "engine": [Watched(self.pid, children=False)],
            "workers": [Watched(self.pid, alone=False)],
        }

    def plan(self) -> Ran:
        """Plan alone."""
        return asyncio.run(self._run(copies=False, peaks=None))

    def migrate(self, peaks: Peaks | None = None) -> Ran:
        """Plan, and copy what is planned meanwhile."""
        return asyncio.run(self._run(copies=True, peaks=peaks))

    def sync(self) -> Synced:
        """Run one round of a sync."""
        return asyncio.run(self._sync())

    async def _sync(self) -> Synced:
        async with Client(self.workspace) as client:
            began_ns = time.time_ns()
            job = await client.start_job("sync", {"mode": "once"}, actor="bench")
            now = await self._end(client, job, job, None)
        found = job_of(now, job)
        return Synced(
            seconds=(_ended_ns(now, job) - began_ns) / 1e9,
            figures={} if found is None else dict(found.figures),
        )

    async def _answers(self) -> bool:
        try:
            async with Client(self.workspace) as client:
                await client.snapshot()
        except (EngineDown, NoAnswer):
            return False
        return True

    async def _run(self, *, copies: bool, peaks: Peaks | None) -> Ran:
        async with Client(self.workspace) as client:
            began_ns = time.time_ns()
            plan = await client.start_job("plan", {}, actor="bench")
            last = plan
            if copies:
                last = await client.start_job("copy", {}, actor="bench")
            now = await self._end(client, plan, last, peaks)
        ended = {job: _ended_ns(now, job) for job in (plan, last)}
        return Ran(
            objects=now.totals.migrated if copies else now.totals.objects,
            seconds=(ended[last] - began_ns) / 1e9,
            plan_s=(ended[plan] - began_ns) / 1e9,
        )

    async def _end(
        self, client: Client, plan: int, last: int, peaks: Peaks | None
    ) -> wire.Snapshot:
        while True:
            now = await client.snapshot()
            if peaks is not None:
                peaks.look(self.pid)
            jobs = [job_of(now, plan), job_of(now, last)]
            failed = next((j for j in jobs if j is not None and j.state == JobState.FAILED), None)
            if failed is not None:
                why = failed.result.what if failed.result is not None else failed.reason
                raise NotDone(f"vgwm {failed.kind} failed: {why}")
            if all(job is not None and job.state in ENDED for job in jobs):
                return now
            await asyncio.sleep(POLL_S)


def _ended_ns(now: wire.Snapshot, job: int) -> int:
    found = job_of(now, job)
    if found is None or found.state != JobState.DONE or found.ended_ns is None:
        raise NotDone(f"job {job} is {found.state if found else 'unknown'}, not done")
    return found.ended_ns
