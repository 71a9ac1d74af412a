"""P3 and P4: to a directory, and to a sink that keeps nothing, against raw work and `cp -r`."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from core.config.schema import DirTarget
from tests.bench.carry_row import CarryRow, Parts
from tests.bench.figures import Goal, Take, Unit
from tests.bench.ground import Ground, check_directory, expect, take_of
from tests.bench.machine import Meter, Watched
from tests.bench.program import Program
from tests.bench.series import run_series
from tests.bench.settings import KIB, MIB
from tests.bench.table import Section, section
from tests.bench.tree import Tree
from tests.bench.vgwm_engine import VgwmEngine, make_workspace
from tests.lab.process import Keeper

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.figures import Result
    from tests.bench.series import Row
    from tests.bench.settings import Settings

SMALL, LARGE = 120_000, 256
RAW_PROCESSES = 2
WORKERS = 2
DIR_WORKERS = 3
"""On a disk one more than cores: a worker waits for the flush of each bundle it ends."""
VGWM, BUILD, RAW, CP = "vgwm, dir: target", "vgwm, sink that discards", "raw", "cp -r"


class RawRow:
    """The least work: `tests.bench.raw`, two processes."""

    name = RAW

    def __init__(self, tree: Tree, ground: Ground) -> None:
        self._tree = tree
        self._ground = ground
        self._out = ground.fresh("raw")
        self._programs: list[Program] = []
        self._told: list[dict[str, float]] = []

    def prepare(self) -> None:
        self._out = self._ground.fresh("raw")
        self._out.mkdir()
        files = max(1, min(1_000, 128 * MIB // self._tree.size_bytes))
        words = [str(self._tree.root), str(self._out)]
        self._programs = [
            Program("tests.bench.raw", *words, str(number), str(RAW_PROCESSES), str(files))
            for number in range(RAW_PROCESSES)
        ]
        for program in self._programs:
            program.ready()

    def run(self) -> Take:
        meter = Meter({"workers": [Watched(program.pid) for program in self._programs]})
        began_s = time.monotonic()
        for program in self._programs:
            program.go()
        self._told = [program.result() for program in self._programs]
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        return take_of(self._tree, seconds, cpu_s, foreign)

    def check(self) -> None:
        expect("files", sum(told["files"] for told in self._told), self._tree.objects)
        written = sum(path.stat().st_size for path in self._out.iterdir())
        expect("bytes written", written, self._tree.total_bytes)

    def end(self) -> None:
        for program in self._programs:
            program.close()
        self._ground.drop(self._out)


class CpRow:
    """`cp -r`: no attributes, nothing hashed, nothing synced."""

    name = CP

    def __init__(self, tree: Tree, ground: Ground) -> None:
        self._tree = tree
        self._ground = ground
        self._out = ground.fresh("cp")

    def prepare(self) -> None:
        self._out = self._ground.fresh("cp")

    def run(self) -> Take:
        meter = Meter({})
        began_s = time.monotonic()
        subprocess.run(  # noqa: S603 - a fixed program on our own folders
            [shutil.which("cp") or "cp", "-r", str(self._tree.root), str(self._out)], check=True
        )
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        return take_of(self._tree, seconds, cpu_s, foreign)

    def check(self) -> None:
        seen = sum(len(files) for _, _, files in os.walk(self._out))
        expect("files", seen, self._tree.objects)

    def end(self) -> None:
        self._ground.drop(self._out)


class DirRow:
    """`vgwm plan` and `vgwm copy` to a directory, from the engine's API."""

    name = VGWM

    def __init__(self, tree: Tree, ground: Ground, keeper: Keeper, *, workers: int) -> None:
        self._tree = tree
        self._ground = ground
        self._keeper = keeper
        self._workers = workers
        self.here = ground.fresh("vgwm")
        self._engine: VgwmEngine | None = None

    @property
    def target(self) -> Path:
        return self.here / "out"

    def prepare(self) -> None:
        self.here = self._ground.fresh("vgwm")
        make_workspace(
            self.here / "ws", self._tree.root, DirTarget(path=self.target), workers=self._workers
        )
        self._engine = VgwmEngine(self.here / "ws", self._keeper)
        self._engine.start()

    def run(self) -> Take:
        assert self._engine is not None
        meter = Meter(self._engine.groups())
        ran = self._engine.migrate()
        cpu_s, foreign = meter.stop()
        return take_of(self._tree, ran.seconds, cpu_s, foreign)

    def check(self) -> None:
        check_directory(self._tree, self.target)

    def end(self) -> None:
        if self._engine is not None:
            self._engine.stop()
        self._ground.drop(self.here)


def _build_row(tree: Tree, ground: Ground, workers: int) -> CarryRow:
    parts = Parts(ledger=False, bundles=False)
    return CarryRow(BUILD, tree, ground, parts=parts, workers=workers)


def run_local(settings: Settings, small: Tree, goals: set[str]) -> list[Section]:
    """Run P3, P4 or both in one series, so that they share their rows; return the tables."""
    workers = settings.workers or WORKERS
    told = []
    with Keeper() as keeper:
        ground = Ground(settings.folder / "local", drops=False)
        small.make()
        rows: list[Row] = [RawRow(small, ground)]
        if "p3" in goals:
            ours = settings.workers or DIR_WORKERS
            rows += [DirRow(small, ground, keeper, workers=ours), CpRow(small, ground)]
        if "p4" in goals:
            rows.append(_build_row(small, ground, workers))
        found = run_series("4 KiB", rows, settings)
        told += _tables(found, goals, Unit.OBJECTS, f"{small.objects:,} x 4 KiB", _SMALL_GOALS)
        told += _run_large(settings, keeper, goals)
    return told


_SMALL_GOALS = (
    {RAW: Goal(0.45, 0.60), CP: Goal(1.0, 1.3)},
    {RAW: Goal(0.45, 0.60)},
)
_LARGE_GOALS = (
    {RAW: Goal(0.90, 1.0)},
    {RAW: Goal(0.95, 1.0)},
)


def _run_large(settings: Settings, keeper: Keeper, goals: set[str]) -> list[Section]:
    if settings.tmpfs is None:
        return [Section("P3, P4 at 8 MiB: left out, there is no tmpfs (BENCH_TMPFS names one)")]
    workers = settings.workers or WORKERS
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, settings.tmpfs, ignore_errors=True)
        tree = Tree(
            root=settings.tmpfs / "large", objects=settings.count(LARGE), size_bytes=8 * MIB
        )
        free = shutil.disk_usage(settings.tmpfs.parent).free
        if free < 4 * tree.total_bytes:
            return [Section(f"P3, P4 at 8 MiB: left out, no room in {settings.tmpfs.parent}")]
        tree.make()
        ground = Ground(settings.tmpfs / "rows", drops=True)
        rows: list[Row] = [RawRow(tree, ground)]
        if "p3" in goals:
            rows.append(DirRow(tree, ground, keeper, workers=workers))
        if "p4" in goals:
            rows.append(_build_row(tree, ground, workers))
        found = run_series("8 MiB", rows, settings)
        what = f"{tree.objects:,} x 8 MiB on tmpfs"
        return _tables(found, goals, Unit.MEGABYTES, what, _LARGE_GOALS)


def _tables(
    found: list[Result],
    goals: set[str],
    unit: Unit,
    what: str,
    wanted: tuple[dict[str, Goal], dict[str, Goal]],
) -> list[Section]:
    told = []
    if "p3" in goals:
        kept = [result for result in found if result.name != BUILD]
        told.append(section(f"P3: dir: target, {what}", VGWM, kept, unit, wanted[0]))
    if "p4" in goals:
        kept = [result for result in found if result.name in {RAW, BUILD}]
        told.append(section(f"P4: build only, {what}", BUILD, kept, unit, wanted[1]))
    return told


def small_tree(settings: Settings) -> Tree:
    """Return the tree of 4 KiB objects that several goals share."""
    return Tree(root=settings.folder / "small", objects=settings.count(SMALL), size_bytes=4 * KIB)
