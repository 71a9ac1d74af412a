"""An engine's way back that dies at a given edge: a child that is killed by its own hand.

    rollback_edges.py FOLDER    reads lines `KILL_AT` from its input, one engine's life for each

The edges are those of `cutover_edges`, and each row of what was carried to blue.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.config.workspace import load
from core.cutover.balancers import fleet
from core.cutover.machine import Step
from core.cutover.risk import Risk
from core.cutover.rollback_plan import BackFacts, BackWish, Green, limits_for
from core.cutover.states import Phase, State
from core.engine.reins import Reins
from core.engine.returning.back_run import BackRun
from core.engine.returning.diary import Diary
from core.engine.returning.ground import Ground
from core.engine.returning.sides import Sides
from core.ledger.cutovers import CutoverDraft
from core.ledger.greenlog import Carried, GreenOp, GreenState
from core.ledger.greenlog import Green as Change
from core.ledger.ledger import Ledger
from core.ledger.rows import LedgerIdentity
from core.model import JobKind
from tests.faults import cutover_edges
from tests.faults.cutover_edges import FENCED, LEDGER, WORKSPACE, Edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.reading import Trouble
    from core.ledger.greenlog import GreenRow

KEYS: Final = (b"a", b"b")


class AliveGreen:
    """Green, whose fence holds: the clients' journals judge that."""

    async def health(self, *, fresh: bool) -> Green:
        del fresh
        return Green.ALIVE

    async def hold(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        return []

    async def release(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        return []

    async def prove_fenced(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        return []

    async def silent(self, buckets: Sequence[str]) -> list[Trouble]:
        del buckets
        return []


class RowCopy:
    """The reverse copy: what waits is on blue with one row of the ledger."""

    def __init__(self, ledger: Ledger, edges: Edges) -> None:
        self._ledger = ledger
        self._edges = edges

    async def catch_up(self, reins: Reins) -> None:
        await reins.checkpoint()

    async def ready(self) -> None:
        """It needs nobody."""

    async def listen(self) -> None:
        """Hear nothing more: what green took is in the ledger."""

    async def finish(self, reins: Reins) -> None:
        await reins.checkpoint()
        for row in await self._ledger.greenlog.page(GreenState.WAITING):
            carried = Carried(row.bucket_id, row.key, row.digest, row.digest, "", 1, 2, 3)
            await self._ledger.green.settle([carried])
            self._edges.cross("a key on blue")

    async def off(self) -> None:
        self._edges.cross("the private writer's end")

    async def end(self, buckets: Sequence[str]) -> None:
        del buckets
        await self._ledger.green.end([row.id for row in await self._ledger.buckets()])
        self._edges.cross("the feed's end")


class FileBlue:
    """Blue; its gateway is fenced by a file that its server heeds."""

    gateways = 1

    def __init__(self, folder: Path, edges: Edges) -> None:
        self._folder = folder
        self._edges = edges

    async def differs(self, rows: Sequence[GreenRow]) -> list[tuple[GreenRow, str]]:
        del rows
        return []

    async def open(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        (self._folder / FENCED).unlink(missing_ok=True)
        self._edges.cross("the gateway's opening")
        return []

    async def canary(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        return []

    async def silent(self, buckets: Sequence[str]) -> list[Trouble]:
        del buckets
        return []


async def life(folder: Path, edges: Edges) -> None:
    """Live as an engine that has one job: begin the way back, or take it up."""
    identity = LedgerIdentity(workspace=WORKSPACE, source_dev=1, source_ino=2, profile="p")
    ledger = await Ledger.open(folder / LEDGER, identity)
    if not await ledger.cutovers.newest():
        await _flipped(ledger)
    cutover_edges.patched(edges)
    workspace = load(folder / "vgwm.yaml")
    facts = BackFacts(
        workspace=WORKSPACE,
        wish=BackWish(),
        flip=f"{WORKSPACE}-5",
        buckets=(),
        balancers=(),
        gateways=(),
        hook=(),
        reverse="continuous",
        green=Green.ALIVE,
        uncarriable="",
        lost="",
        backups=(),
        limits=limits_for(Risk(since_ns=1), 1.0),
    )
    ground = Ground(
        workspace=workspace,
        folder=folder,
        ledger=ledger,
        fleet=fleet(workspace),
        sides=Sides(green=AliveGreen(), copy=RowCopy(ledger, edges), blue=FileBlue(folder, edges)),
        facts=facts,
        diary=Diary(
            ledger=ledger,
            run=f"{WORKSPACE}-6",
            slice="all",
            actor="tester",
            job=6,
            plan=facts.text.encode(),
        ),
        buckets=(),
        rows=ledger.buckets,
    )
    # a kill behind the last row leaves the job at work: then there is nothing to do
    await BackRun(ground, Reins(id=6, kind=JobKind.ROLLBACK)).run()
    assert await ledger.greenlog.page(GreenState.WAITING) == []
    await ledger.close()


async def _flipped(ledger: Ledger) -> None:
    """Store what a cutover leaves: green serves, and has accepted two keys."""
    ids = await ledger.add_buckets([(b"photos", "{}")])
    await ledger.green.begin(ids)
    changes = [Change(ids[0], key, GreenOp.PUT, 7, b"cid", 1, key * 16) for key in KEYS]
    await ledger.green.heard("merge", changes, 0, to_end=True)
    for state, step, phase in (
        (State.SWITCH_WRITES, Step.T_FLIP, Phase.DONE),
        (State.GREEN_LIVE, Step.WATCH, Phase.DONE),
    ):
        await ledger.cutting.append(
            CutoverDraft(
                run=f"{WORKSPACE}-5", slice="all", state=state, step=step, phase=phase, actor="t"
            )
        )
    await ledger.cutting.settle()


if __name__ == "__main__":
    cutover_edges.main(Path(sys.argv[1]), life)
