"""A migrated bucket that green serves, behind two real HAProxys; and a way back from there."""

from __future__ import annotations

import os
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import urlsplit

import msgspec

from core.config.schema import Blue, Gateway, Haproxy, Traffic
from core.config.workspace import FILE_NAME, load, write
from core.cutover.balancers import fleet
from core.cutover.fleet import Way
from core.cutover.machine import Step
from core.cutover.mode import Mode, Side
from core.cutover.rollback_plan import BackWish
from core.cutover.states import Phase, State
from core.engine.engine import Engine
from core.errors import Refused
from core.ledger.cutovers import CutoverDraft
from core.model import JobKind
from tests.lab.gateway import s3_client
from tests.lab.haproxy import Haproxy as LabHaproxy
from tests.real import reverse_scene as scenes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from botocore.client import BaseClient

    from core.config.schema import Workspace
    from core.cutover.rollback_plan import RollbackPlan
    from core.ledger.rows import JobRow
    from tests.lab.tools import Tools
    from tests.real.reverse_scene import Scene

BUCKET = scenes.BUCKET
OTHER = "other"
_FORWARD = ((Mode.BLUE_RO, Side.BLUE), (Mode.GREEN_RO, Side.BLUE), (Mode.GREEN, Side.GREEN))


@dataclass
class Traffics:
    """Both sides, load balancers before them, and an engine that knows all.

    slice: that green serves; `all`, or one of one bucket, beside which another stays at blue.
    """

    scene: Scene
    balancers: tuple[LabHaproxy, ...]
    engine: Engine
    slice: str = "all"
    runs: int = 0

    @property
    def buckets(self) -> tuple[str, ...]:
        """Those that load balancers are told of, none for everything."""
        return () if self.slice == "all" else (BUCKET,)

    def client(self, number: int = 0, attempts: int = 0) -> AbstractContextManager[BaseClient]:
        """Return a client that comes in by a load balancer."""
        account = self.scene.blue.account
        return s3_client(self.balancers[number].url, account, attempts=attempts)

    def modes(self) -> list[str]:
        """What each load balancer does, as it says itself."""
        return [one.met(BUCKET) for one in self.balancers]

    async def flip(self) -> None:
        """Bring clients to green, as a cutover does behind its gates."""
        self.runs += 1
        run = f"0a1b2c3d-{1000 + self.runs}"
        both = fleet(self.engine.workspace)
        await self.engine.cutovers.world().gates(self.buckets, 0, ("cases",))
        await self.engine.reverses.arm(self.buckets)
        await self._row(run, State.SWITCH_WRITES, Step.T_FLIP, Phase.DONE)
        for mode, writer in _FORWARD:
            moved = await both.reach(self.buckets, mode, run, Way(writer=writer))
            assert moved.reached, moved.why
        await self._row(run, State.GREEN_LIVE, Step.WATCH, Phase.INTENT)
        await self.engine.reverses.ensure("tester")

    async def plan(self, wish: BackWish | None = None) -> RollbackPlan:
        """The way back as it is shown now."""
        return await self.engine.rollbacks.plan(wish or BackWish(slice=self.slice))

    async def begin(self, confirmed: str, wish: BackWish | None = None) -> int:
        """Press the key: begin the way back that was shown."""
        wish = wish or BackWish(slice=self.slice)
        args = {"act": "rollback", "slice": wish.slice, "way": wish.way, "plan": confirmed}
        args |= {"origin": wish.origin, "to": wish.to}
        return await self.engine.start_job(JobKind.ROLLBACK, args, "tester", os.urandom(4).hex())

    async def ended(self, job: int) -> JobRow:
        """Wait for a job's end."""
        await self.engine.wait(job)
        row = await self.engine.ledger.job(job)
        assert row is not None
        return row

    async def back(self) -> JobRow:
        """Look, press, wait; what moved between look and press is looked at again, as one does."""
        while True:
            shown = (await self.plan()).hash
            try:
                return await self.ended(await self.begin(shown))
            except Refused as moved:
                if f"{shown} is not the way back as it is now" not in moved.what:
                    raise

    async def state(self) -> str:
        """Where the slice stands."""
        (row,) = await self.engine.ledger.cutovers.newest()
        return row.state

    async def _row(self, run: str, state: State, step: Step, phase: Phase) -> None:
        await self.engine.ledger.cutting.append(
            CutoverDraft(
                run=run, slice=self.slice, state=state, step=step, phase=phase, actor="tester"
            )
        )


@asynccontextmanager
async def flipped(  # noqa: PLR0913 - what a test needs otherwise
    folder: Path,
    tools: Tools,
    *,
    mode: str = "continuous",
    slice_: str = "all",
    files: Blue | None = None,
    fences: bool = False,
) -> AsyncIterator[Traffics]:
    """Yield a bucket that was migrated and that green serves by now.

    fences: whether green's gateway has commands of its own.
    What the engine has to know of accounts stands in the environment meanwhile.
    """
    with ExitStack() as stack, scenes.scene_at(folder, tools, mode=mode) as scene:
        stack.enter_context(patch.dict(os.environ, environment(scene)))
        with scene.blue.client() as client:
            scenes.fill(client)
            client.create_bucket(Bucket=OTHER)
            client.put_object(Bucket=OTHER, Key="stays", Body=b"at blue")
        async with scenes.migrated(scene):
            pass
        balancers = tuple(
            LabHaproxy(
                f"lb-{number}",
                scene.socket.parent / f"lb{number}",
                blue=_address(scene.blue.url),
                green=_address(scene.green.url),
            )
            for number in (1, 2)
        )
        for one in balancers:
            one.start(scene.keeper)
            one.wait_until_up("blue_w")
            one.wait_until_up("green_w")
        path = scene.workspace / FILE_NAME
        steered = _steered(load(path), scene, balancers, fences=fences)
        slices: dict[str, tuple[str, ...]] = {} if slice_ == "all" else {slice_: (BUCKET,)}
        cutover = msgspec.structs.replace(steered.cutover, slices=slices, blue=files or Blue())
        steered = msgspec.structs.replace(steered, cutover=cutover)
        path.unlink()
        write(path, steered)
        engine = await Engine.open(scene.workspace)
        made = Traffics(scene, balancers, engine, slice_)
        try:
            await made.flip()
            yield made
        finally:
            await made.engine.close()


def put(client: BaseClient, key: str, body: bytes) -> None:
    """Write an object with metadata."""
    client.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata={"by": "client"})


def get(client: BaseClient, key: str) -> bytes:
    """Return an object's bytes."""
    body: bytes = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def environment(scene: Scene) -> dict[str, str]:
    """Return what an engine over the scene needs to know of its accounts."""
    account = scene.blue.account
    keys = {"AWS_ACCESS_KEY_ID": account.access, "AWS_SECRET_ACCESS_KEY": account.secret}
    return scenes.variables(scene) | keys


def _steered(
    workspace: Workspace, scene: Scene, balancers: tuple[LabHaproxy, ...], *, fences: bool
) -> Workspace:
    ops = ("fence", "open", "state") if fences else ()
    words = {op: tuple(scene.green.words(op)) for op in ops}
    named = [
        Haproxy(name=one.name, socket=one.socket, map=one.map, config=one.config)
        for one in balancers
    ]
    return msgspec.structs.replace(
        workspace,
        gateways=(
            Gateway(name="blue-1", side="blue", address=scene.blue.url),
            Gateway(name="green-1", side="green", address=scene.green.url, **words),
        ),
        traffic=Traffic(haproxy=tuple(named)),
    )


def _address(url: str) -> str:
    return urlsplit(url).netloc
