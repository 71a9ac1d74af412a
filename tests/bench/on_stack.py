"""P1 and P2: the main job on real servers, against what those servers can do at best."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.config.schema import IpfsTarget
from core.config.secret import SecretRef
from tests.bench.adding import ADD, CTL, AddRow, CtlRow
from tests.bench.arena import BATCH_AGE_S, RF, Arena
from tests.bench.figures import Goal, Result, Unit
from tests.bench.ground import Ground, check_table, take_of
from tests.bench.importing import LimitRow
from tests.bench.machine import Meter
from tests.bench.series import run_series
from tests.bench.settings import MIB
from tests.bench.table import Section, section
from tests.bench.tree import Tree
from tests.bench.vgwm_engine import VgwmEngine, make_workspace
from tests.lab import tools as lab_tools
from tests.lab.missing import Missing
from tests.lab.process import Keeper
from tests.lab.stack import Shape, Stack

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.figures import Take
    from tests.bench.series import Row
    from tests.bench.settings import Settings

VGWM = "vgwm copy"
WORKERS = 4
PASSWORD = "BENCH_CLUSTER_PASSWORD"  # noqa: S105 - the variable's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One goal on the stack. ctl, add: objects of the ways that are slower, on trees of theirs."""

    goal: str
    unit: Unit
    tree: Tree
    ctl: int
    add: int
    goals: dict[str, Goal]

    def part(self, name: str, objects: int) -> Tree:
        """Return a tree of its own with objects of the same size."""
        root = self.tree.root.with_name(f"{self.tree.root.name}-{name}")
        return replace(self.tree, root=root, objects=objects)

    def disk_bytes(self, rounds: int) -> int:
        """Return about how much all copies of a series take."""
        each = 3 * self.tree.objects + self.ctl + self.add
        size_bytes = max(self.tree.size_bytes, 4_096) * 1.2
        return int(size_bytes * RF * (each * rounds + self.tree.objects))


def small_match(settings: Settings, tree: Tree) -> Match:
    """Return P1."""
    return Match(
        goal="P1",
        unit=Unit.OBJECTS,
        tree=tree,
        ctl=settings.count(30_000),
        add=settings.count(4_000),
        goals={
            "limit+pin": Goal(0.75, 0.85),
            "limit": Goal(0.50, 0.60),
            CTL: Goal(1.8, 2.2),
            ADD: Goal(9, 12),
        },
    )


def large_match(settings: Settings) -> Match:
    """Return P2."""
    tree = Tree(root=settings.folder / "large", objects=settings.count(128), size_bytes=8 * MIB)
    return Match(
        goal="P2",
        unit=Unit.MEGABYTES,
        tree=tree,
        ctl=settings.count(64),
        add=settings.count(64),
        goals={
            "limit+pin": Goal(0.80, 0.95),
            "limit": Goal(0.50, 0.65),
            CTL: Goal(2.0, 3.0),
        },
    )


class StackRow:
    """`vgwm plan` and `vgwm copy`, from files on disk to rows recorded."""

    name = VGWM

    def __init__(self, arena: Arena, tree: Tree, *, workers: int) -> None:
        self._arena = arena
        self._tree = tree
        self._workers = workers
        self._here = arena.disk.fresh("vgwm")
        self._engine: VgwmEngine | None = None

    @property
    def _table(self) -> Path:
        return self._here / "objects.db"

    def prepare(self) -> None:
        self._tree.stamp()
        self._here = self._arena.disk.fresh("vgwm")
        stack = self._arena.stack
        target = IpfsTarget(
            kubo=tuple(stack.kubo_urls),
            cluster=tuple(stack.cluster_urls),
            cluster_user=stack.user,
            cluster_password_ref=SecretRef.parse(f"env:{PASSWORD}"),
            replication=RF,
            table=f"sqlite:{self._table}",
        )
        make_workspace(self._here / "ws", self._tree.root, target, workers=self._workers)
        secrets = {PASSWORD: stack.password}
        self._engine = VgwmEngine(self._here / "ws", self._arena.keeper, secrets)
        self._engine.start()

    def run(self) -> Take:
        assert self._engine is not None
        meter = Meter(self._arena.groups() | self._engine.groups())
        ran = self._engine.migrate()
        cpu_s, foreign = meter.stop()
        return take_of(self._tree, ran.seconds, cpu_s, foreign)

    def check(self) -> None:
        roots = check_table(self._tree, self._table)
        self._arena.check_held(roots)
        self._arena.check_pinned(roots.values())

    def end(self) -> None:
        if self._engine is not None:
            self._engine.stop()
            self._engine = None


def run_match(match: Match, settings: Settings) -> tuple[list[Section], Result | None]:
    """Run P1 or P2 on servers of its own; return its table, and vgwm's result."""
    what = f"{match.goal}: real stack, RF {RF}, {match.tree.objects:,} x {_size(match)}"
    free = shutil.disk_usage(settings.folder).free
    if free < match.disk_bytes(settings.rounds):
        need = match.disk_bytes(settings.rounds) / 1e9
        return [Section(f"{what}: left out, it needs {need:,.0f} GB of disk", failed=True)], None
    try:
        tools = lab_tools.find()
    except Missing as missing:
        return [Section(f"{what}: left out, for want of {missing}", failed=True)], None
    with ExitStack() as held:
        keeper = held.enter_context(Keeper())
        shape = Shape(batch_age=f"{BATCH_AGE_S:g}s", replication_max=RF)
        stack = held.enter_context(
            Stack.start(settings.folder / f"stack-{match.goal}", tools, shape)
        )
        arena = Arena(
            stack=stack,
            tools=tools,
            keeper=keeper,
            disk=Ground(settings.folder / match.goal, drops=False),
            ready=_ready_ground(match, settings),
        )
        found = _series(match, arena, settings)
    text = f"cluster batch age {BATCH_AGE_S:g} s, {settings.workers or WORKERS} workers"
    return [section(f"{what}; {text}", VGWM, found, match.unit, match.goals)], found[0]


def _series(match: Match, arena: Arena, settings: Settings) -> list[Result]:
    workers = settings.workers or WORKERS
    ctl, add = match.part("ctl", match.ctl), match.part("add", match.add)
    for tree in (match.tree, ctl, add):
        tree.make()
    ours = StackRow(arena, match.tree, workers=workers)
    # the first work on a fresh repository is faster than all that follows: thrown away
    run_series(f"{match.goal} thrown away", [ours], replace(settings, rounds=1))
    rows: list[Row] = [
        ours,
        LimitRow(arena, match.tree, pins=True, workers=workers),
        LimitRow(arena, match.tree, pins=False, workers=workers),
        CtlRow(arena, ctl),
        AddRow(arena, add),
    ]
    return run_series(match.goal, rows, settings)


def _ready_ground(match: Match, settings: Settings) -> Ground:
    """Return where ready CARs lie: in memory if there is room, and then only while needed."""
    tmpfs = settings.tmpfs
    if tmpfs is not None and shutil.disk_usage(tmpfs.parent).free > 4 * match.tree.total_bytes:
        return Ground(tmpfs / match.goal, drops=True)
    return Ground(settings.folder / f"{match.goal}-ready", drops=False)


def _size(match: Match) -> str:
    size_bytes = match.tree.size_bytes
    return f"{size_bytes // MIB} MiB" if size_bytes >= MIB else f"{size_bytes // 1024} KiB"
