"""P6: how fast the plan walks a hot posix tree into the ledger; the assessment's walk beside it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from core.config.schema import DirTarget
from core.preflight.surveying import survey
from core.source.posix.config import PosixConfig
from tests.bench.figures import Goal, Take, Unit
from tests.bench.ground import Ground, expect, take_of
from tests.bench.local import WORKERS
from tests.bench.machine import Meter
from tests.bench.series import run_series
from tests.bench.table import section
from tests.bench.tree import Tree
from tests.bench.vgwm_engine import VgwmEngine, make_workspace
from tests.lab.process import Keeper

if TYPE_CHECKING:
    from tests.bench.series import Row
    from tests.bench.settings import Settings
    from tests.bench.table import Section

MANY = 1_000_000
TINY_BYTES = 64
PLAN, BARE = "vgwm plan", "bare scandir and stat"
SURVEY = "walk of assess: every entry opened"


class PlanRow:
    """`vgwm plan`, from its start to the stored plan."""

    name = PLAN

    def __init__(self, tree: Tree, ground: Ground, keeper: Keeper, *, workers: int) -> None:
        self._tree = tree
        self._ground = ground
        self._keeper = keeper
        self._workers = workers
        self._engine: VgwmEngine | None = None
        self._planned = 0

    def prepare(self) -> None:
        here = self._ground.fresh("plan")
        make_workspace(
            here / "ws", self._tree.root, DirTarget(path=here / "out"), workers=self._workers
        )
        self._engine = VgwmEngine(here / "ws", self._keeper)
        self._engine.start()

    def run(self) -> Take:
        assert self._engine is not None
        meter = Meter(self._engine.groups())
        ran = self._engine.plan()
        cpu_s, foreign = meter.stop()
        self._planned = ran.objects
        return take_of(self._tree, ran.seconds, cpu_s, foreign)

    def check(self) -> None:
        expect("planned objects", self._planned, self._tree.objects)

    def end(self) -> None:
        if self._engine is not None:
            self._engine.stop()


class BareRow:
    """The same tree listed, sorted and looked at by one process that keeps nothing."""

    name = BARE

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._seen = 0

    def prepare(self) -> None:
        self._seen = 0

    def run(self) -> Take:
        meter = Meter({})
        began_s = time.monotonic()
        self._seen = _look(str(self._tree.root))
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        return take_of(self._tree, seconds, cpu_s, foreign)

    def check(self) -> None:
        expect("files seen", self._seen, self._tree.objects)

    def end(self) -> None:
        self._seen = 0


class SurveyRow:
    """The same tree by the assessment's walk: attributes read, nothing written down."""

    name = SURVEY

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._opened = 0

    def prepare(self) -> None:
        self._opened = 0

    def run(self) -> Take:
        meter = Meter({})
        began_s = time.monotonic()
        found = survey(PosixConfig(root=self._tree.root), "guide", lambda _entries: None)
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        self._opened = found.opened or 0
        return take_of(self._tree, seconds, cpu_s, foreign)

    def check(self) -> None:
        expect("entries opened", self._opened, self._tree.objects)

    def end(self) -> None:
        self._opened = 0


def _look(folder: str) -> int:
    seen = 0
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            seen += _look(entry.path)
        else:
            entry.stat(follow_symlinks=False)
            seen += 1
    return seen


def many_tree(settings: Settings, objects: int = MANY) -> Tree:
    """Return a tree of tiny objects: their number counts, not their bytes."""
    return Tree(
        root=settings.folder / f"tiny-{objects}",
        objects=settings.count(objects),
        size_bytes=TINY_BYTES,
    )


def run_planning(settings: Settings, tree: Tree) -> list[Section]:
    """Run P6; return its table."""
    tree.make()
    ground = Ground(settings.folder / "planning", drops=False)
    with Keeper() as keeper:
        rows: list[Row] = [
            PlanRow(tree, ground, keeper, workers=settings.workers or WORKERS),
            BareRow(tree),
            SurveyRow(tree),
        ]
        found = run_series("plan", rows, settings)
    goals = {PLAN: Goal(100_000, 150_000)}
    title = f"P6: plan, posix, hot, {tree.objects:,} objects"
    return [section(title, PLAN, found, Unit.ENTRIES, goals)]
