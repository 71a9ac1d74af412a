"""P5: what the ledger costs, in CPU of all processes, against one that keeps nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.carry_row import CarryRow, Parts
from tests.bench.figures import Goal, Result, Spread, Unit
from tests.bench.ground import Ground
from tests.bench.local import WORKERS
from tests.bench.machine import OURS
from tests.bench.series import run_series
from tests.bench.table import Figure, Section, figures, section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.settings import Settings
    from tests.bench.tree import Tree

WITH, WITHOUT = "ledger", "no-op ledger"
SHOWN = "{:.1f} %"


def total_us(result: Result) -> list[float]:
    """Return each take's CPU microseconds an object, the bench's own left out."""
    return [
        sum(s for name, s in take.cpu_s.items() if name != OURS) / take.objects * 1e6
        for take in result.takes
    ]


def overhead(with_us: Sequence[float], without_us: Sequence[float]) -> Spread:
    """Return by how many per cent the first is more than the second, take by take."""
    pairs = zip(with_us, without_us, strict=True)
    return Spread.of([(more / less - 1) * 100 for more, less in pairs])


def run_ledger_cost(settings: Settings, tree: Tree, stack: Result | None) -> list[Section]:
    """Run P5. stack: P1's own row, whose CPU the ledger's share is held against."""
    tree.make()
    ground = Ground(settings.folder / "ledger", drops=False)
    workers = settings.workers or WORKERS
    rows = [
        CarryRow(
            name, tree, ground, parts=Parts(ledger=name == WITH, bundles=True), workers=workers
        )
        for name in (WITH, WITHOUT)
    ]
    found = run_series("ledger", rows, settings)
    title = f"P5: the ledger's CPU, dir: target, {tree.objects:,} x {tree.size_bytes:,} B"
    told = [section(title, WITH, found, Unit.OBJECTS, {})]
    problem = next((result.problem for result in found if result.problem), "")
    if problem:
        return told
    with_us, without_us = (total_us(result) for result in found)
    rows_told = [
        Figure("dir: target", overhead(with_us, without_us), SHOWN, Goal(15, 10, most=True)),
        _on_stack(with_us, without_us, stack),
    ]
    return [*told, figures("P5: CPU more than without it", rows_told)]


def _on_stack(
    with_us: Sequence[float], without_us: Sequence[float], stack: Result | None
) -> Figure:
    """Return the same ledger's share of P1, whose CPU is mostly the servers'."""
    name = "real stack, the ledger's µs held against P1's CPU"
    if stack is None or stack.problem:
        return Figure(f"{name} (run p1 p5 together)", None, SHOWN, problem="")
    whole_us = Spread.of(total_us(stack)).middle
    ledger_us = [more - less for more, less in zip(with_us, without_us, strict=True)]
    share = Spread.of([us / (whole_us - us) * 100 for us in ledger_us])
    return Figure(name, share, SHOWN, Goal(5, 3, most=True))
