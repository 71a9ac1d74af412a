"""A commit of a cutover that dies at a given edge: a child that is killed by its own hand.

    commit_edges.py FOLDER    reads lines `KILL_AT` from its input, one engine's life for each

Edges: behind each row of the ledger, behind the report, behind the end of green's notes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from core.config.atomic import write_text
from core.config.schema import DirTarget, PosixSource, Workspace
from core.cutover.cutover_plan import CutoverPlan, Kind, Strategy
from core.cutover.limits import Limits
from core.cutover.machine import Step
from core.cutover.states import State
from core.engine.cutting import book as books
from core.engine.cutting import committing
from core.engine.cutting.book import Book
from core.ledger.cutovers import Cutting
from core.ledger.ledger import Ledger
from core.ledger.rows import LedgerIdentity
from tests.faults import cutover_edges
from tests.faults.cutover_edges import LEDGER, RUN, WORKSPACE, Edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.premises import Premises
    from core.engine.reversing.reverses import Reverses
    from core.ledger.cutovers import CutoverDraft
    from core.ledger.rows import EventDraft

KEPT: Final = "kept"
"""Written once green's buckets are green's for good."""


@dataclass(frozen=True, slots=True)
class Notes:
    """The engine's reverse copy, as far as a commit asks for it."""

    folder: Path
    edges: Edges

    async def keep(self, buckets: Sequence[str]) -> None:
        del buckets
        (self.folder / KEPT).touch()
        self.edges.cross("the end of green's notes")


@dataclass(frozen=True, slots=True)
class Parts:
    """Of an engine, what a commit asks for."""

    ledger: Ledger
    path: Path
    workspace: Workspace


async def life(folder: Path, edges: Edges) -> None:
    """Live as an engine that has one job: commit what is at green."""
    identity = LedgerIdentity(workspace=WORKSPACE, source_dev=1, source_ino=2, profile="p")
    ledger = await Ledger.open(folder / LEDGER, identity)
    book = Book(ledger, run=RUN, slice_="all", actor=books.EVENT, job=6)
    if await book.begun() is None:
        await _live(book)
    _patched(edges)
    workspace = Workspace(
        id=WORKSPACE,
        source=PosixSource(path=folder / "gw"),
        target=DirTarget(path=folder / "out"),
    )
    parts = Parts(ledger, folder, workspace)
    await committing.commit(
        cast("Premises", parts), cast("Reverses", Notes(folder, edges)), book, "all"
    )
    await ledger.close()


def _patched(edges: Edges) -> None:
    append = Cutting.append

    async def appended(self: Cutting, draft: CutoverDraft, event: EventDraft | None = None) -> int:
        number = await append(self, draft, event)
        edges.cross(f"{draft.state} {draft.step} {draft.phase}")
        return number

    def written(path: Path, text: str) -> None:
        write_text(path, text)
        edges.cross("the report")

    Cutting.append = appended  # type: ignore[method-assign]
    vars(committing)["write_text"] = written  # as it was imported there


async def _live(book: Book) -> None:
    """Store what a cutover leaves."""
    plan = CutoverPlan(
        workspace=WORKSPACE,
        kind=Kind.CUTOVER,
        slice="all",
        buckets=(),
        strategy=Strategy.BLUE_GREEN,
        steps=(),
        means=(),
        policies=(("reverse", "off"),),
        limits=Limits(pause_s=60),
    )
    await book.plan(plan.stored(), {"kind": plan.kind.value})
    await book.done(State.SWITCH_WRITES, Step.T_FLIP, {})
    await book.done(State.SWITCH_WRITES, Step.GREEN, {})
    await book.intent(State.GREEN_LIVE, Step.WATCH, {})


if __name__ == "__main__":
    cutover_edges.main(Path(sys.argv[1]), life)
