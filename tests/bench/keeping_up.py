"""P12: a sync's round over a source that stands still, beside a walk that keeps nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.schema import DirTarget
from tests.bench.figures import Goal, Take, Unit
from tests.bench.ground import Ground, expect, take_of
from tests.bench.local import WORKERS
from tests.bench.machine import Meter
from tests.bench.planning import BARE, BareRow, many_tree
from tests.bench.series import run_series
from tests.bench.table import section
from tests.bench.vgwm_engine import VgwmEngine, make_workspace
from tests.lab.process import Keeper

if TYPE_CHECKING:
    from tests.bench.series import Row
    from tests.bench.settings import Settings
    from tests.bench.table import Section
    from tests.bench.tree import Tree

STILL = 300_000
SYNC = "vgwm sync --once, nothing changed"
AT_MOST = 3
"""A round may take so many times as long as the bare walk."""


class SyncRow:
    """`vgwm sync --once` over what is copied, to its end. The copy is not in the clock."""

    name = SYNC

    def __init__(self, tree: Tree, ground: Ground, keeper: Keeper, *, workers: int) -> None:
        self._tree = tree
        self._ground = ground
        self._keeper = keeper
        self._workers = workers
        self._engine: VgwmEngine | None = None
        self._figures: dict[str, int] = {}

    def prepare(self) -> None:
        if self._engine is None:
            here = self._ground.fresh("sync")
            make_workspace(
                here / "ws", self._tree.root, DirTarget(path=here / "out"), workers=self._workers
            )
            self._engine = VgwmEngine(here / "ws", self._keeper)
            self._engine.start()
            expect("objects copied", self._engine.migrate().objects, self._tree.objects)
            self._engine.sync()  # what was younger than 2 s when it was read is read again

    def run(self) -> Take:
        assert self._engine is not None
        meter = Meter(self._engine.groups())
        ran = self._engine.sync()
        cpu_s, foreign = meter.stop()
        self._figures = ran.figures
        return take_of(self._tree, ran.seconds, cpu_s, foreign)

    def check(self) -> None:
        expect("keys seen", self._figures.get("seen", 0), self._tree.objects)
        for name in ("added", "changed", "attrs", "deleted"):
            expect(name, self._figures.get(name, 0), 0)

    def end(self) -> None:
        """Leave the engine for the next round; the keeper ends it."""


def run_keeping_up(settings: Settings) -> list[Section]:
    """Run P12; return its table."""
    tree = many_tree(settings, STILL)
    tree.make()
    ground = Ground(settings.folder / "keeping-up", drops=False)
    with Keeper() as keeper:
        rows: list[Row] = [
            SyncRow(tree, ground, keeper, workers=settings.workers or WORKERS),
            BareRow(tree),
        ]
        found = run_series("sync", rows, settings)
    title = f"P12: sync, posix, hot, {tree.objects:,} objects, nothing changed"
    return [section(title, SYNC, found, Unit.ENTRIES, {BARE: Goal(round(1 / AT_MOST, 2))})]
