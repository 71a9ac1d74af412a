"""The engine's own parts with one of them left out, as a row: see `tests.bench.carry`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.config.schema import DirTarget
from tests.bench.ground import check_directory, expect, take_of
from tests.bench.machine import Meter, Watched
from tests.bench.program import Program
from tests.bench.vgwm_engine import make_workspace

if TYPE_CHECKING:
    from tests.bench.figures import Take
    from tests.bench.ground import Ground
    from tests.bench.tree import Tree


class Parts(NamedTuple):
    """Which parts are real: the ledger; and the sink, the placement and the table."""

    ledger: bool
    bundles: bool


class CarryRow:
    """Plan and copy of a whole tree in a process of ours, without an API."""

    def __init__(
        self, name: str, tree: Tree, ground: Ground, *, parts: Parts, workers: int
    ) -> None:
        self.name = name
        self._tree = tree
        self._ground = ground
        self._parts = parts
        self._workers = workers
        self._here = ground.fresh("carry")
        self._program: Program | None = None
        self._told: dict[str, float] = {}

    def prepare(self) -> None:
        self._here = self._ground.fresh("carry")
        target = DirTarget(path=self._here / "out")
        make_workspace(self._here / "ws", self._tree.root, target, workers=self._workers)
        self._program = Program(
            "tests.bench.carry",
            str(self._here / "ws"),
            "ledger" if self._parts.ledger else "no-ledger",
            "dir" if self._parts.bundles else "discard",
        )
        self._program.ready()

    def run(self) -> Take:
        assert self._program is not None
        pid = self._program.pid
        meter = Meter(
            {"workers": [Watched(pid, alone=False)], "engine": [Watched(pid, children=False)]}
        )
        self._program.go()
        self._told = self._program.result()
        cpu_s, foreign = meter.stop()
        return take_of(self._tree, self._told["seconds"], cpu_s, foreign)

    def check(self) -> None:
        expect("objects carried", self._told["objects"], self._tree.objects)
        if self._parts.bundles:
            check_directory(self._tree, self._here / "out")

    def end(self) -> None:
        if self._program is not None:
            self._program.close()
            self._program = None
        self._ground.drop(self._here)
