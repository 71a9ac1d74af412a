"""Plan and copy with the engine's own parts, one of them left out: a program of the bench.

`carry WORKSPACE ledger|no-ledger dir|discard`: without the ledger, or with a sink, a placement and
a table that keep nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from core.config.schema import DirTarget, Workspace
from core.config.workspace import FILE_NAME, load
from core.engine.copying.copier import Copier
from core.engine.copying.means import Means
from core.engine.copying.placement_dir import DirPlacement
from core.engine.copying.window import Window
from core.engine.crew.board import Board
from core.engine.crew.executor import LocalExecutor
from core.engine.crew.fork_server import ForkServer
from core.engine.holding import Hold
from core.engine.plan_run import WALKER_SLOT
from core.engine.planning.plan import Planner, PlanSettings
from core.engine.reins import Reins
from core.engine.runs import RANGE_DEPTH
from core.engine.settings import worker_setup
from core.ledger.ledger import Ledger
from core.ledger.rows import LedgerIdentity
from core.model import JobKind
from core.source.chosen import open_source, source_config
from core.target import profile as profiles
from core.target.dir_store import DirStore
from core.target.objects_sqlite import SqliteTable
from core.target.rows import RowMaker
from tests.bench.no_ledger import NoLedger
from tests.bench.program import serve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.crew.task import WorkerSetup
    from core.model import Cid
    from core.target.shape import Row


class NoPlace(DirPlacement):
    """Holds nothing, so it confirms nothing."""

    async def start(self) -> None:
        pass

    async def pin(
        self, bundle: int, root: Cid, car_bytes: int | None, peers: tuple[str, ...]
    ) -> None:
        pass


class NoTable:
    """Takes rows and forgets them."""

    async def upsert(self, rows: Sequence[Row]) -> None:
        pass

    async def close(self) -> None:
        pass


class Assembly:
    """A workspace's planner and copier, over a board of their own."""

    def __init__(self, folder: Path, *, keeps_ledger: bool, keeps_bundles: bool) -> None:
        self._folder = folder
        self._keeps_ledger = keeps_ledger
        self._keeps_bundles = keeps_bundles
        self._stand_in: NoLedger | None = None
        self._workspace: Workspace = load(folder / FILE_NAME)
        self._source = open_source(source_config(self._workspace))
        self._profile = profiles.load(self._workspace.target.profile)

    async def run(self) -> dict[str, float]:
        """Carry everything; return the number of objects and the seconds."""
        ledger = await self._ledger()
        table = await self._table()
        board = Board.create()
        forks = ForkServer(board.fd)
        began_s = time.monotonic()
        try:
            await ledger.add_buckets([(b.name, "{}") for b in self._source.buckets()[0]])
            objects = await self._carry(ledger, table, board, forks)
        finally:
            await ledger.close()
            await table.close()
            forks.close()
            board.close()
        return {"objects": objects, "seconds": time.monotonic() - began_s}

    async def _carry(
        self, ledger: Ledger, table: SqliteTable, board: Board, forks: ForkServer
    ) -> int:
        knobs, setup = self._workspace.knobs, self._setup()
        executor = LocalExecutor(setup, board, forks, depth=RANGE_DEPTH)
        reins = Reins(id=1, kind=JobKind.COPY)
        hold = Hold(ledger, reins)
        placement = self._placement()
        await placement.start()
        copier = Copier(
            Means(
                ledger=ledger,
                table=table,
                maker=RowMaker(self._profile, self._workspace.id),
                placement=placement,
                executor=executor,
                window=Window(
                    workers=knobs.workers,
                    inflight_bytes=knobs.inflight_bytes,
                    pin_inflight=knobs.pin_inflight,
                ),
                knobs=lambda: knobs,
                owner=lambda _bucket: "",
            ),
            reins,
            hold,
            planned=False,
        )
        planner = Planner(
            ledger=ledger,
            board=board,
            forks=forks,
            setup=setup,
            settings=PlanSettings(
                workers=knobs.workers,
                batch_size=knobs.batch_size,
                bundle_bytes=knobs.bundle_bytes,
                large_threshold=knobs.large_threshold,
            ),
            slot=WALKER_SLOT,
            hold=hold,
        )
        executor.resize(knobs.workers)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(copier.run(), name="copy")
                await planner.run(reins, copier.more)
                copier.plan_ended()
        finally:
            await executor.close()
        return await self._recorded(ledger)

    async def _recorded(self, ledger: Ledger) -> int:
        if self._stand_in is not None:
            return self._stand_in.recorded
        return (await ledger.counters()).migrated

    async def _ledger(self) -> Ledger:
        if not self._keeps_ledger:
            self._stand_in = NoLedger()
            return cast("Ledger", self._stand_in)
        device, inode = self._source.identity()
        identity = LedgerIdentity(
            workspace=self._workspace.id,
            source_dev=device,
            source_ino=inode,
            profile=self._profile.digest,
        )
        return await Ledger.open(self._folder / "ledger.db", identity)

    async def _table(self) -> SqliteTable:
        if not self._keeps_bundles:
            return cast("SqliteTable", NoTable())
        self._target.mkdir(exist_ok=True)
        table = await SqliteTable.open(str(self._target / "objects.db"), self._profile)
        await table.ensure()
        return table

    def _setup(self) -> WorkerSetup:
        setup = worker_setup(self._workspace, self._workspace.knobs, self._profile)
        return setup if self._keeps_bundles else replace(setup, sink="discard")

    def _placement(self) -> DirPlacement:
        kind = DirPlacement if self._keeps_bundles else NoPlace
        return kind(DirStore(self._target), epoch=1)

    @property
    def _target(self) -> Path:
        target = self._workspace.target
        assert isinstance(target, DirTarget)
        return target.path


def main(words: list[str]) -> None:
    folder, ledger, sink = words
    assembly = Assembly(Path(folder), keeps_ledger=ledger == "ledger", keeps_bundles=sink == "dir")
    with suppress(KeyboardInterrupt):
        serve(lambda: asyncio.run(assembly.run()))


if __name__ == "__main__":
    main(sys.argv[1:])
