"""A world for the driver: load balancers of moods, one blue gateway, a green that counts writes.

A stand-in, beside tests/faults/test_kill_at_every_edge.py with real load balancers. Each change of
what clients meet is held against I10 at once.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.cutover.cutover_plan import CutoverPlan, Kind, Strategy
from core.cutover.fleet import Fleet
from core.cutover.limits import Limits
from core.cutover.mode import Mode, Side
from core.cutover.reading import Trouble
from core.engine.cutting.book import Book
from core.engine.cutting.driver import Driver
from core.engine.cutting.means import CutMeans
from core.engine.reins import Reins
from core.ledger.ledger import Ledger
from core.ledger.rows import LedgerIdentity
from core.model import JobKind
from tests.unit.cutover.wobbly import Wobbly

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
    from pathlib import Path

    from core.cutover.gate import Gate
    from core.engine.cutting.world import GreenFeed
    from core.errors import VgwmError
    from core.ledger.cutovers import CutoverRow

RUN = "9f2c1a7e-5"


@dataclass(slots=True)
class Green:
    """Green's table: whether it took a write, None where nobody can tell; taken: in which."""

    took: bool | None = False
    taken: frozenset[str] = frozenset()
    armed: list[str] = field(default_factory=list)

    async def arm(self, buckets: Sequence[str]) -> None:
        self.armed.append("arm")
        del buckets

    async def end(self, buckets: Sequence[str]) -> None:
        self.armed.append("end")
        del buckets

    async def wrote(self, buckets: Sequence[str]) -> bool | None:
        if self.taken:
            return not buckets or not self.taken.isdisjoint(buckets)
        return self.took


@dataclass(slots=True)
class Scene:
    """A `World`. wrong: what a method says when it is asked, by name; taken one after the other.

    hooks: run when a method is entered, by name. writers: who could write after each change.
    """

    lbs: tuple[Wobbly, ...] = ()
    green: Green = field(default_factory=Green)
    fleet: Fleet = field(default_factory=lambda: Fleet(()))
    held: bool = False
    gateways: int = 1
    wrong: dict[str, list[list[str]]] = field(default_factory=dict)
    faults: dict[str, list[VgwmError]] = field(default_factory=dict)
    hooks: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    writers: list[frozenset[Side]] = field(default_factory=list)
    live: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lbs = self.lbs or (Wobbly("lb-1"), Wobbly("lb-2"))
        for one in self.lbs:
            one.on_change = self.look
            one.busy_now = [None]  # it cannot count: a drain takes its third of a second else
        self.fleet = Fleet(self.lbs)
        self.look()

    def look(self) -> None:
        """Note who could write now; never two."""
        now = {one.mode.writes for one in self.lbs} - {None}
        able = frozenset(side for side in now if side is not None)
        if self.held:
            able -= {Side.BLUE}
        self.writers.append(able)
        assert len(able) <= 1, self.writers

    @property
    def feed(self) -> GreenFeed:
        return self.green

    @property
    def writer(self) -> Side | None:
        return next(iter(self.writers[-1]), None)

    async def ready(self, buckets: Sequence[str], run: str) -> list[str]:
        del buckets, run
        return await self._say("ready")

    async def fence(self, buckets: Sequence[str], run: str) -> list[str]:
        del buckets, run
        self.held = True
        self.look()
        return await self._say("fence")

    async def unheld(self, buckets: Sequence[str]) -> list[str]:
        del buckets
        await self._say("unheld")
        return [] if self.held else ["gw-1 says open"]

    async def unproven(self, buckets: Sequence[str], run: str, *, harmless: bool) -> list[str]:
        del buckets, run
        return await self._say("harmless" if harmless else "unproven")

    async def open(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        wrong = await self._say("open")
        if not wrong:
            self.held = False
            self.look()
        return [Trouble("gw-1", one) for one in wrong]

    async def answering(self, buckets: Sequence[str]) -> list[Trouble]:
        del buckets
        return [Trouble("gw-1", one) for one in await self._say("answering")]

    async def changed_since(self, buckets: Sequence[str], since_ns: int) -> list[str]:
        assert since_ns > 0
        del buckets
        return await self._say("changed_since")

    async def read_back(self, buckets: Sequence[str], *, limit: int) -> list[str]:
        del buckets, limit
        return await self._say("read_back")

    async def canary(self, buckets: Sequence[str]) -> list[str]:
        del buckets
        return await self._say("canary")

    async def gates(
        self, buckets: Sequence[str], seed: int, due: Collection[str] = ()
    ) -> list[Gate]:
        del buckets, seed, due
        return []

    async def back_up(self, run: str) -> None:
        del run
        await self._say("back_up")

    async def _say(self, name: str) -> list[str]:
        self.asked.append(name)
        if name in self.hooks:
            await self.hooks[name]()
        if self.faults.get(name):
            raise self.faults[name].pop(0)
        return self.wrong[name].pop(0) if self.wrong.get(name) else []


def plan_of(kind: Kind = Kind.CUTOVER, *, pause_s: float = 60.0) -> CutoverPlan:
    """Return a plan of everything."""
    return CutoverPlan(
        workspace="9f2c1a7e",
        kind=kind,
        slice="all",
        buckets=(),
        strategy=Strategy.BLUE_GREEN,
        steps=(),
        means=(),
        policies=(("reverse", "continuous"),),
        limits=Limits(pause_s=pause_s),
        word="ws",
    )


class Stage:
    """A scene with a ledger, and drivers upon it, one after the other as engines would."""

    def __init__(self, ledger: Ledger, scene: Scene) -> None:
        self.ledger = ledger
        self.scene = scene
        self.reins = Reins(id=5, kind=JobKind.CUTOVER)
        self.book = Book(ledger, run=RUN, slice_="all", actor="ann", job=5)
        self.rounds: list[list[str]] = []
        self.proofs: list[list[str]] = []
        self.forecast_s: float | None = 1.0

    def means(self) -> CutMeans:
        scene = self.scene

        async def require(plan: CutoverPlan) -> None:
            del plan
            await scene._say("gates")  # noqa: SLF001 - the same part of the test

        async def catch_up(reins: Reins) -> None:
            del reins
            await scene._say("catch_up")  # noqa: SLF001

        async def round_(
            reins: Reins,
            buckets: Sequence[str],
            copies: bool,  # noqa: FBT001 - as its means
        ) -> list[str]:
            del reins, buckets, copies
            await scene._say("round")  # noqa: SLF001
            return self.rounds.pop(0) if self.rounds else []

        async def prove(reins: Reins, buckets: Sequence[str]) -> list[str]:
            del reins, buckets
            await scene._say("prove")  # noqa: SLF001
            return self.proofs.pop(0) if self.proofs else []

        async def forecast_s() -> float | None:
            await asyncio.sleep(0)
            return self.forecast_s

        async def live(actor: str) -> None:
            await asyncio.sleep(0)
            scene.live.append(actor)

        return CutMeans(
            ledger=self.ledger,
            world=scene,
            require=require,
            catch_up=catch_up,
            last_round=round_,
            prove=prove,
            forecast_s=forecast_s,
            live=live,
            retry_s=0.01,
        )

    async def begin(self, plan: CutoverPlan | None = None) -> Driver:
        """Store a plan, and return the driver of its run."""
        plan = plan or plan_of()
        await self.book.plan(plan.stored(), {"kind": plan.kind.value})
        return self.driver(plan)

    def driver(self, plan: CutoverPlan | None = None) -> Driver:
        return Driver(self.means(), self.book, plan or plan_of(), self.reins, RUN)

    async def rows(self) -> list[CutoverRow]:
        return await self.ledger.cutovers.of_run(RUN)

    async def told(self) -> str:
        """Return the texts of all events, for what has to be said."""
        return "\n".join(row.text for row in await self.ledger.events(0, 1_000))


@asynccontextmanager
async def staged(folder: Path, scene: Scene | None = None) -> AsyncIterator[Stage]:
    """Open a ledger of its own under a scene."""
    identity = LedgerIdentity(workspace="9f2c1a7e", source_dev=1, source_ino=2, profile="p")
    ledger = await Ledger.open(folder / "ledger.db", identity)
    try:
        yield Stage(ledger, scene or Scene())
    finally:
        await ledger.close()


def modes(scene: Scene) -> set[Mode]:
    """Return what the load balancers do."""
    return {one.mode for one in scene.lbs}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once a condition holds; the test's own limit ends one that never does."""
    while not await condition():  # noqa: ASYNC110 - rows and moods have no event
        await asyncio.sleep(0.01)
