"""An engine's cutover that dies at a given edge: a child that is killed by its own hand.

    cutover_edges.py FOLDER    reads lines `KILL_AT` from its input, runs one engine's life for each

Edges: behind each row of the ledger, each look at the flips beside it, each command that changes an
HAProxy, each write of a map's file, each act on the gateway; what is before one is behind the last.
Answers `EDGES KILLED LABEL` a line. A process of its own: the parent is forked for each life, with
everything loaded, and holds no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.config.workspace import load
from core.cutover import drain, haproxy_runtime
from core.cutover.balancers import fleet
from core.cutover.cutover_plan import CutoverPlan, Kind, Strategy
from core.cutover.limits import Limits
from core.cutover.map_file import MapFile
from core.cutover.reading import Trouble
from core.engine.cutting import book as books
from core.engine.cutting.book import Book
from core.engine.cutting.driver import Driver
from core.engine.cutting.means import CutMeans
from core.engine.reins import Reins
from core.errors import WrongState
from core.ledger import flip_marks
from core.ledger.cutovers import Cutting
from core.ledger.ledger import Ledger
from core.ledger.rows import LedgerIdentity
from core.model import JobKind
from core.probe.haproxy_socket import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Sequence

    from core.cutover.fleet import Fleet
    from core.cutover.gate import Gate
    from core.engine.cutting.world import GreenFeed
    from core.ledger.cutovers import CutoverDraft
    from core.ledger.flip_marks import Known
    from core.ledger.rows import EventDraft

WORKSPACE: Final = "9f2c1a7e"
RUN: Final = f"{WORKSPACE}-5"
FENCED: Final = "fenced"
ARMED: Final = "armed"
WRITTEN: Final = "green.log"
LEDGER: Final = "ledger.db"

_CHANGES: Final = ("prepare map", "add map", "commit map", "set map")


class Edges:
    """Counts edges; dies at one."""

    def __init__(self, folder: Path, kill_at: int) -> None:
        self._told = folder / "edge"
        self._kill_at = kill_at
        self.count = 0

    def cross(self, label: str) -> None:
        """Pass an edge, or end here as `kill -9` would."""
        self.count += 1
        if self.count == self._kill_at:
            self._told.write_text(label)
            os.kill(os.getpid(), signal.SIGKILL)


class FileFeed:
    """Green's feed: what the test's green server wrote down."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def arm(self, buckets: Sequence[str]) -> None:
        del buckets
        (self._folder / ARMED).touch()

    async def end(self, buckets: Sequence[str]) -> None:
        del buckets
        (self._folder / ARMED).unlink(missing_ok=True)

    async def wrote(self, buckets: Sequence[str]) -> bool | None:
        del buckets
        written = self._folder / WRITTEN
        return written.exists() and written.stat().st_size > 0


class FileWorld:
    """A `World` with real load balancers; the gateway is fenced by a file that its server heeds."""

    gateways = 1

    def __init__(self, folder: Path, edges: Edges) -> None:
        self._folder = folder
        self._edges = edges
        self.fleet: Fleet = fleet(load(folder / "vgwm.yaml"))
        self.feed: GreenFeed = FileFeed(folder)

    async def ready(self, buckets: Sequence[str], run: str) -> list[str]:
        del buckets
        return [f"{one.name}: {one.why}" for one in await self.fleet.ready(run)]

    async def fence(self, buckets: Sequence[str], run: str) -> list[str]:
        del buckets, run
        (self._folder / FENCED).touch()
        self._edges.cross("the gateway's fence")
        return []

    async def unheld(self, buckets: Sequence[str]) -> list[str]:
        del buckets
        return [] if (self._folder / FENCED).exists() else ["the gateway is open"]

    async def unproven(self, buckets: Sequence[str], run: str, *, harmless: bool) -> list[str]:
        del buckets, run, harmless
        return [] if (self._folder / FENCED).exists() else ["the gateway is open"]

    async def open(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        del buckets, run
        (self._folder / FENCED).unlink(missing_ok=True)
        self._edges.cross("the gateway's opening")
        return []

    async def answering(self, buckets: Sequence[str]) -> list[Trouble]:
        del buckets
        return [Trouble("gw", "fenced")] if (self._folder / FENCED).exists() else []

    async def changed_since(self, buckets: Sequence[str], since_ns: int) -> list[str]:
        del buckets, since_ns
        return []

    async def read_back(self, buckets: Sequence[str], *, limit: int) -> list[str]:
        del buckets, limit
        return []

    async def canary(self, buckets: Sequence[str]) -> list[str]:
        del buckets
        return []

    async def gates(
        self, buckets: Sequence[str], seed: int, due: Collection[str] = ()
    ) -> list[Gate]:
        del buckets, seed, due
        return []

    async def back_up(self, run: str) -> None:
        del run


def patched(edges: Edges) -> None:
    """Put edges around what changes anything outside."""
    write, append, settle = MapFile.write, Cutting.append, flip_marks.settle

    async def asked(name: str, path: Path, command: str, most_bytes: int) -> str:
        if not command.startswith(_CHANGES):
            return await ask(name, path, command, most_bytes)
        label = f"{' '.join(command.split()[:2])} of {name}"
        told = await ask(name, path, command, most_bytes)
        edges.cross(label)
        return told

    def written(file: MapFile, text: str) -> None:
        write(file, text)
        edges.cross("a map's file")

    async def appended(self: Cutting, draft: CutoverDraft, event: EventDraft | None = None) -> int:
        number = await append(self, draft, event)
        edges.cross(f"{draft.state} {draft.step} {draft.phase}")
        return number

    def settled(ledger: Path, seen: Known) -> None:
        settle(ledger, seen)
        edges.cross("the flips beside the ledger")

    vars(haproxy_runtime)["ask"] = asked  # as it was imported there
    vars(flip_marks)["settle"] = settled
    MapFile.write = written  # type: ignore[assignment,method-assign]
    Cutting.append = appended  # type: ignore[method-assign]
    drain.STILL_S = 0.05  # type: ignore[misc]


async def _life(folder: Path, edges: Edges) -> None:
    """Live as an engine that has one job: begin its run, or take it up."""
    identity = LedgerIdentity(workspace=WORKSPACE, source_dev=1, source_ino=2, profile="p")
    ledger = await Ledger.open(folder / LEDGER, identity)
    patched(edges)
    plan = CutoverPlan(
        workspace=WORKSPACE,
        kind=Kind.CUTOVER,
        slice="all",
        buckets=(),
        strategy=Strategy.BLUE_GREEN,
        steps=(),
        means=(),
        policies=(("reverse", "continuous"),),
        limits=Limits(pause_s=60),
    )
    book = Book(ledger, run=RUN, slice_="all", actor=books.EVENT, job=5)
    reins = Reins(id=5, kind=JobKind.CUTOVER)
    driver = Driver(_means(ledger, FileWorld(folder, edges)), book, plan, reins, RUN)
    at = await book.begun()
    if at is None:
        await book.plan(plan.stored(), {"kind": plan.kind.value})
        await driver.run()
    else:
        with contextlib.suppress(WrongState):  # it is at blue, and says so
            await driver.take_up(at)
    await ledger.close()


def _means(ledger: Ledger, world: FileWorld) -> CutMeans:
    async def nothing(*_: object) -> None:
        await asyncio.sleep(0)

    async def nothing_left(*_: object) -> list[str]:
        await asyncio.sleep(0)
        return []

    async def a_second() -> float | None:
        await asyncio.sleep(0)
        return 1.0

    return CutMeans(
        ledger=ledger,
        world=world,
        require=nothing,
        catch_up=nothing,
        last_round=nothing_left,
        prove=nothing_left,
        forecast_s=a_second,
        live=nothing,
        retry_s=0.05,
    )


def main(folder: Path, life: Callable[[Path, Edges], Coroutine[None, None, None]]) -> None:
    """Live once a line of input."""
    for line in sys.stdin:
        (folder / "edge").unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            edges = Edges(folder, int(line))
            asyncio.run(life(folder, edges))
            (folder / "count").write_text(str(edges.count))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status)
        if not killed and os.waitstatus_to_exitcode(status):
            sys.exit(1)
        label = (folder / "edge").read_text() if killed else ""
        count = "0" if killed else (folder / "count").read_text()
        print(count, int(killed), label, flush=True)  # noqa: T201 - the program's answer


if __name__ == "__main__":
    main(Path(sys.argv[1]), _life)
