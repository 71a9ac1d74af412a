"""A slice that green serves, and a way back over it: real ledger, fake balancers and sides."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from core.config.schema import Blue, Cutover, DirTarget, PosixSource, Workspace
from core.cutover.fleet import Fleet
from core.cutover.machine import Step
from core.cutover.mode import Mode, one_writer
from core.cutover.risk import Risk
from core.cutover.rollback_plan import BackFacts, BackWish, Green, limits_for
from core.cutover.states import Phase, State
from core.engine.reins import Reins
from core.engine.returning.back_run import BackRun
from core.engine.returning.diary import Diary
from core.engine.returning.green_pages import digest
from core.engine.returning.ground import Ground
from core.engine.returning.sides import Sides
from core.ledger.cutovers import CutoverDraft
from core.ledger.greenlog import Carried, GreenOp, GreenState, Stuck
from core.ledger.greenlog import Green as Change
from core.model import JobKind
from tests.integration.ledger import scene
from tests.unit.cutover.wobbly import Wobbly

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from core.cutover.reading import Trouble
    from core.engine.engine import Engine
    from core.errors import VgwmError
    from core.ledger.greenlog import GreenRow
    from core.ledger.ledger import Ledger

BUCKETS = ("photos", "songs")


@dataclass
class FakeGreen:
    """Green: how it is, and who lets a write in. silent_: of its gateways."""

    is_: Green = Green.ALIVE
    silent_: list[Trouble] = field(default_factory=list)
    unproven: list[Trouble] = field(default_factory=list)
    proofs: int = 0
    held: bool = False
    cannot_hold: list[Trouble] = field(default_factory=list)

    async def hold(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        self.held = not self.cannot_hold
        return self.cannot_hold

    async def release(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        self.held = False
        return []

    async def silent(self, buckets: Sequence[str]) -> list[Trouble]:
        del buckets
        return self.silent_

    async def health(self, *, fresh: bool) -> Green:
        del fresh
        return self.is_

    async def prove_fenced(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del run
        assert buckets, "a proof of nothing proves nothing"
        self.proofs += 1
        return self.unproven


@dataclass
class FakeCopy:
    """The reverse copy: all that waits is on blue at once, but what cannot be.

    late: what each further listening hears, beside what it knows. deaf: what it says instead.
    """

    ledger: Ledger
    late: list[list[bytes]] = field(default_factory=list)
    deaf: VgwmError | None = None
    unready: VgwmError | None = None
    cannot: frozenset[bytes] = frozenset()
    errors: list[VgwmError] = field(default_factory=list)
    carried: list[bytes] = field(default_factory=list)
    offs: int = 0

    async def catch_up(self, reins: Reins) -> None:
        await reins.checkpoint()

    async def ready(self) -> None:
        if self.unready is not None:
            raise self.unready

    async def listen(self) -> None:
        if self.deaf is not None:
            raise self.deaf
        keys = self.late.pop(0) if self.late else []
        bucket = (await self.ledger.buckets())[0].id
        await self.ledger.green.heard("merge", _changes(bucket, keys), 0, to_end=True)

    async def finish(self, reins: Reins) -> None:
        await reins.checkpoint()
        if self.errors:
            raise self.errors.pop(0)
        page = await self.ledger.greenlog.page(GreenState.WAITING)
        self.carried += [row.key for row in page if row.key not in self.cannot]
        await self.ledger.green.settle(
            [
                Carried(
                    row.bucket_id, row.key, row.digest, row.digest, ino=1, mtime_ns=2, ctime_ns=3
                )
                for row in page
                if row.key not in self.cannot
            ],
            [
                Stuck(row.bucket_id, row.key, row.digest, why="409", uncarriable=True)
                for row in page
                if row.key in self.cannot
            ],
        )

    async def off(self) -> None:
        self.offs += 1

    async def end(self, buckets: Sequence[str]) -> None:
        rows = await self.ledger.buckets()
        await self.ledger.green.end([row.id for row in rows if row.name.decode() in buckets])


@dataclass
class FakeBlue:
    """Blue. differing: what a comparison finds, one list each time; closed: troubles, likewise."""

    gateways: int = 2
    silent_: list[Trouble] = field(default_factory=list)
    differing: list[list[bytes]] = field(default_factory=list)
    closed: list[list[Trouble]] = field(default_factory=list)
    sick: list[list[Trouble]] = field(default_factory=list)

    async def differs(self, rows: Sequence[GreenRow]) -> list[tuple[GreenRow, str]]:
        wrong = self.differing.pop(0) if self.differing else []
        return [(row, "it is gone") for row in rows if row.key in wrong]

    async def open(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        return self.closed.pop(0) if self.closed else []

    async def canary(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        return self.sick.pop(0) if self.sick else []

    async def silent(self, buckets: Sequence[str]) -> list[Trouble]:
        del buckets
        return self.silent_


@dataclass
class World:
    """A workspace behind its flip. Every change of a balancer is held against I10."""

    folder: Path
    ledger: Ledger
    workspace: Workspace
    ids: tuple[int, ...]
    balancers: list[Wobbly]
    green: FakeGreen
    copy: FakeCopy
    blue: FakeBlue
    seen: list[frozenset[Mode]] = field(default_factory=list)
    jobs: int = 10

    @staticmethod
    async def over(engine: Engine, folder: Path) -> World:
        """A world over what an engine has migrated."""
        world = World(
            folder=folder,
            ledger=engine.ledger,
            workspace=engine.workspace,
            ids=tuple(row.id for row in await engine.ledger.buckets()),
            balancers=[],
            green=FakeGreen(),
            copy=FakeCopy(engine.ledger),
            blue=FakeBlue(),
        )
        world.balancers = [_balancer(f"lb-{number}", world) for number in (1, 2)]
        return world

    def blue_files(self, blue: Blue) -> None:
        """Let vgwm.yaml name a command that restarts blue."""
        cutover = msgspec.structs.replace(self.workspace.cutover, blue=blue)
        self.workspace = msgspec.structs.replace(self.workspace, cutover=cutover)

    def watch(self) -> None:
        """Note what all balancers do; fail at the first moment with two writers."""
        modes = {one.mode for one in self.balancers}
        self.seen.append(frozenset(modes))
        assert one_writer(modes), modes

    async def accepted(self, *keys: bytes, op: GreenOp = GreenOp.PUT) -> None:
        """Let green have accepted writes."""
        await self.ledger.green.heard("merge", _changes(self.ids[0], keys, op), 0, to_end=True)

    async def facts(self, wish: BackWish | None = None, **changed: object) -> BackFacts:
        """What a person would have confirmed."""
        dead = self.green.is_ is Green.DEAD
        lost = await digest(self.ledger, GreenState.WAITING, self.ids) if dead else ""
        given = {
            "workspace": self.workspace.id,
            "wish": wish or BackWish(),
            "flip": "0a1b2c3d-1",
            "buckets": (),
            "balancers": tuple((one.name, "-") for one in self.balancers),
            "gateways": (),
            "hook": (),
            "reverse": "continuous",
            "green": self.green.is_,
            "uncarriable": await digest(self.ledger, GreenState.UNCARRIABLE, self.ids),
            "lost": lost,
            "backups": (),
            "limits": limits_for(Risk(since_ns=1), 1.0),
        }
        return BackFacts(**{**given, **changed})  # type: ignore[arg-type]  # a test's own words

    async def ground(self, facts: BackFacts) -> Ground:
        """What one job works with."""
        self.jobs += 1
        return Ground(
            workspace=self.workspace,
            folder=self.folder,
            ledger=self.ledger,
            fleet=Fleet(self.balancers),
            sides=Sides(green=self.green, copy=self.copy, blue=self.blue),
            facts=facts,
            diary=Diary(
                ledger=self.ledger,
                run=f"{self.workspace.id}-{self.jobs}",
                slice=facts.wish.slice,
                actor="tester",
                job=self.jobs,
                plan=facts.text.encode(),
            ),
            buckets=(),
            rows=self.ledger.buckets,
        )

    async def back(self, facts: BackFacts | None = None, reins: Reins | None = None) -> None:
        """Go back, as a job of its own would."""
        ground = await self.ground(facts or await self.facts())
        reins = reins or Reins(id=self.jobs, kind=JobKind.ROLLBACK)
        await BackRun(ground, reins).run()

    async def said(self) -> list[str]:
        """What events tell."""
        return [row.text for row in await self.ledger.last_events(80)]

    async def state(self) -> str:
        """Where the slice stands."""
        (row,) = await self.ledger.cutovers.newest()
        return row.state

    async def flip(self, run: str = "0a1b2c3d-1") -> None:
        """Let green serve, as a cutover leaves it."""
        for state, step, phase in (
            (State.SWITCH_WRITES, Step.T_FLIP, Phase.DONE),
            (State.SWITCH_WRITES, Step.GREEN, Phase.DONE),
            (State.GREEN_LIVE, Step.WATCH, Phase.INTENT),
        ):
            await self.ledger.cutting.append(
                CutoverDraft(
                    run=run, slice="all", state=state, step=step, phase=phase, actor="tester"
                )
            )
        await self.ledger.green.begin(self.ids)
        await self.ledger.green.heard("merge", [], 0, to_end=True)
        for one in self.balancers:
            one.mode = Mode.GREEN


@asynccontextmanager
async def flipped(
    folder: Path, *, balancers: int = 2, blue: Blue | None = None, folder_of: Path | None = None
) -> AsyncIterator[World]:
    """Yield a workspace that green serves. folder_of: where its backups are, if not there."""
    source = folder / "gw"
    source.mkdir(parents=True)
    ledger = await scene.opened(folder)
    try:
        ids = await ledger.add_buckets([(name.encode(), "{}") for name in BUCKETS])
        world = World(
            folder=folder_of or folder,
            ledger=ledger,
            workspace=Workspace(
                id="0a1b2c3d",
                source=PosixSource(path=source),
                target=DirTarget(path=folder / "out"),
                cutover=Cutover(blue=blue or Blue()),
            ),
            ids=tuple(ids),
            balancers=[],
            green=FakeGreen(),
            copy=FakeCopy(ledger),
            blue=FakeBlue(),
        )
        for number in range(balancers):
            world.balancers.append(_balancer(f"lb-{number + 1}", world))
        await world.flip()
        yield world
    finally:
        await ledger.close()


def _changes(bucket: int, keys: Sequence[bytes], op: GreenOp = GreenOp.PUT) -> list[Change]:
    return [Change(bucket, key, op, 7, b"cid", 100, key.ljust(16, b"-")) for key in keys]


def _balancer(name: str, world: World) -> Wobbly:
    from core.cutover.balancer import Busy  # noqa: PLC0415 - beside its only use

    return Wobbly(
        name=name, mode=Mode.GREEN, busy_now=[Busy(requests=0, total=5)], on_change=world.watch
    )


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    while not holds():  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.001)
