"""P8: the most memory of engine and workers, at three sizes of one migration."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from core.config.schema import DirTarget
from core.control.flight import frames as flight
from tests.bench import machine
from tests.bench.figures import Goal, Spread
from tests.bench.ground import Ground, check_table
from tests.bench.local import WORKERS
from tests.bench.planning import MANY, many_tree
from tests.bench.series import FAULTS, problem_of
from tests.bench.table import Figure, Section, figures
from tests.bench.vgwm_engine import Peaks, VgwmEngine, make_workspace
from tests.lab.process import Keeper

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.settings import Settings
    from tests.bench.tree import Tree

SIZES = (MANY // 100, MANY // 10, MANY)
MEGABYTES = "{:.0f} MB"
SLOPE = "{:.1f} B"
ENGINE_GOAL, WORKER_GOAL = Goal(150, 110, most=True), Goal(64, most=True)
SLOPE_GOAL = Goal(20, most=True)


class Peak(NamedTuple):
    """What one migration took at most, in bytes; a problem where it did not do its work.

    events: rows of the chain. log, recorder: bytes that they lie in.
    """

    objects: int
    engine: int = 0
    worker: int = 0
    problem: str = ""
    events: int = 0
    log: int = 0
    recorder: int = 0


def run_memory(settings: Settings) -> list[Section]:
    """Run P8; return its table."""
    peaks = []
    ground = Ground(settings.folder / "memory", drops=False)
    with Keeper() as keeper:
        for objects in SIZES:
            tree = many_tree(settings, objects)
            tree.make()
            peak = _peak(tree, ground, keeper, settings)
            told = peak.problem or f"{peak.engine / 1e6:.0f} MB, worker {peak.worker / 1e6:.0f} MB"
            machine.say(f"memory, {tree.objects:,} objects: {told}")
            peaks.append(peak)
    return [
        figures("P8: memory (VmHWM), dir: target", peak_figures(peaks)),
        figures("P8: what a run leaves behind", trace_figures(peaks)),
    ]


def trace_figures(peaks: list[Peak]) -> list[Figure]:
    """Return how large events, log and flight recorder are after runs of three sizes."""
    told = []
    for peak in peaks:
        for name, size, text in (
            ("events", peak.events, "{:,.0f}"),
            ("engine.log", peak.log / 1e3, "{:,.0f} kB"),
            ("flight recorder", peak.recorder / 1e3, "{:,.0f} kB"),
        ):
            spread = None if peak.problem else Spread.of([size])
            told.append(Figure(f"{name}, {peak.objects:,} objects", spread, text, None, ""))
    return told


def peak_figures(peaks: list[Peak]) -> list[Figure]:
    """Return what the peaks of three sizes come to: goals hold for the largest, and the slope."""
    told = []
    for peak in peaks:
        last = peak is peaks[-1]
        for name, size, goal in (
            ("engine", peak.engine, ENGINE_GOAL),
            ("worker", peak.worker, WORKER_GOAL),
        ):
            spread = None if peak.problem else Spread.of([size / 1e6])
            what = f"{name}, {peak.objects:,} objects"
            told.append(Figure(what, spread, MEGABYTES, goal if last else None, peak.problem))
    told += _slope("from the first size", peaks[0], peaks[-1], SLOPE_GOAL)
    return told + _slope("from the second", peaks[1], peaks[-1], None)


def _slope(what: str, small: Peak, large: Peak, goal: Goal | None) -> list[Figure]:
    """Return by how many bytes an object the peaks grow between two sizes."""
    problem = small.problem or large.problem
    more = large.objects - small.objects
    told = []
    for name, grown in (
        ("engine", large.engine - small.engine),
        ("worker", large.worker - small.worker),
    ):
        spread = None if problem or not more else Spread.of([grown / more])
        told.append(Figure(f"{name}, slope an object {what}", spread, SLOPE, goal, problem))
    return told


def _peak(tree: Tree, ground: Ground, keeper: Keeper, settings: Settings) -> Peak:
    here = ground.fresh("vgwm")
    engine = VgwmEngine(here / "ws", keeper)
    peaks = Peaks()
    try:
        target = DirTarget(path=here / "out")
        make_workspace(here / "ws", tree.root, target, workers=settings.workers or WORKERS)
        engine.start()
        try:
            engine.migrate(peaks)
        finally:
            engine.stop()
        check_table(tree, target.path / "objects.db")
    except FAULTS as error:
        return Peak(tree.objects, problem=problem_of(error))
    return Peak(
        tree.objects,
        peaks.engine,
        max(peaks.workers.values()),
        events=_events(here / "ws" / "ledger.db"),
        log=sum(path.stat().st_size for path in (here / "ws").glob("engine.log*")),
        recorder=sum(path.stat().st_size for path in (here / "ws" / flight.FOLDER).iterdir()),
    )


def _events(ledger: Path) -> int:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        (rows,) = db.execute("SELECT count(*) FROM events").fetchone()
    return int(rows)
