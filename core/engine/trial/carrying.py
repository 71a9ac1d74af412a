"""The copying of a trial: bundles of the sample through workers for a while, figures once a beat.

May import the engine's workers and placements, and the sample.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from core.config.references import variables
from core.engine.copying.placement_dir import Here
from core.engine.crew.board import Board
from core.engine.crew.executor import LocalExecutor, WorkerLost
from core.engine.crew.fork_server import ForkServer
from core.engine.crew.task import CopyTask
from core.engine.trial.pinning import TrialPin
from core.preflight.trial import Done
from core.source.chosen import wants_seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.copying.placement import Place, Placement
    from core.engine.crew.task import CopyResult, Fault, WorkerSetup
    from core.engine.trial.sampling import Sample, Sampled

BEATS: Final = 2_000
"""Looks at the workers in a long trial; a short one is looked at as often as is of use."""

SHORTEST_BEAT_S: Final = 0.05
LEAST_WORKERS: Final = 1
MOST_ROWS: Final = 64
"""Bundles whose rows are kept, to be written to a table."""


@dataclass(slots=True)
class Carried:
    """What came of it. sent, read: bytes and objects by beat. began_s: monotonic, of the first."""

    began_s: float = 0.0
    sent: list[Done] = field(default_factory=list)
    read: list[Done] = field(default_factory=list)
    pins: list[TrialPin] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    bundles: int = 0
    objects: int = 0
    size_bytes: int = 0
    fault: str = ""


async def carry(  # noqa: PLR0913 - the parts of one trial, named
    workspace: Workspace,
    knobs: Knobs,
    setup: WorkerSetup,
    sample: Sample,
    placement: Placement | None,
    *,
    limit_s: float,
) -> Carried:
    """Carry bundles of the sample until it ends, or the time does. placement None: to nobody.

    Raises what ends a job: a refused block, a missing right.
    """
    board = Board.create()
    forks = ForkServer(board.fd, without=variables(workspace))
    executor = LocalExecutor(setup, board, forks, depth=1)
    workers = max(LEAST_WORKERS, knobs.workers)
    try:
        executor.resize(workers)
        run = _Carrying(sample.bundles(knobs), executor, placement, board)
        run.tells_seen = wants_seen(setup.source)
        await run.go(workers, limit_s)
    finally:
        await executor.close()
        await asyncio.to_thread(forks.close)
        board.close()
    return run.carried


class _Carrying:
    """One trial at work."""

    def __init__(
        self,
        bundles: Iterator[Sampled],
        executor: LocalExecutor,
        placement: Placement | None,
        board: Board,
    ) -> None:
        self.carried = Carried()
        self.tells_seen = False
        self._bundles = bundles
        self._next = asyncio.Lock()
        self._executor = executor
        self._placement = placement
        self._board = board
        self._number = 0

    async def go(self, workers: int, limit_s: float) -> None:
        """Carry with so many bundles under way, for so long."""
        self.carried.began_s = time.monotonic()
        beat_s = max(SHORTEST_BEAT_S, limit_s / BEATS)
        counting = asyncio.create_task(self._count(beat_s), name="trial's figures")
        lanes = [asyncio.create_task(self._lane(), name=f"trial lane {n}") for n in range(workers)]
        try:
            done, _ = await asyncio.wait(
                lanes, timeout=limit_s, return_when=asyncio.FIRST_EXCEPTION
            )
        finally:
            for task in (*lanes, counting):
                task.cancel()
            await asyncio.gather(*lanes, counting, return_exceptions=True)
        for lane in done:
            lane.result()

    async def _lane(self) -> None:
        while True:
            async with self._next:
                sampled = await asyncio.to_thread(next, self._bundles, None)
            if sampled is None:
                return
            self._number += 1
            await self._one(self._number, sampled)

    async def _one(self, number: int, sampled: Sampled) -> None:
        placement, size_bytes = self._placement, sampled.cut.size_bytes
        place: Place = Here() if placement is None else await placement.choose(size_bytes)
        fault: Fault | None = None
        arrived = False
        try:
            task = _task(number, sampled, place)
            if self.tells_seen:
                task = replace(task, seen=sampled.cut.entries)
            with contextlib.suppress(WorkerLost):
                result = await self._executor.run(task)
                fault, arrived = result.fault, result.root is not None
                if result.root is not None:
                    await self._executor.settled(number)
                self._note(number, result, place)
        finally:
            if placement is not None:
                placement.release(place, size_bytes, fault, arrived=arrived)

    def _note(self, number: int, result: CopyResult, place: Place) -> None:
        carried = self.carried
        if result.fault is not None:
            carried.fault = result.fault.what
            return
        carried.bundles += 1
        carried.objects += result.objects
        carried.size_bytes += result.size_bytes
        if result.root is not None and place.peers:
            carried.pins.append(TrialPin(number, result.root, result.car_bytes, place.peers))
        if len(carried.rows) < MOST_ROWS and result.rows:
            carried.rows.append(result.rows)

    async def _count(self, beat_s: float) -> None:
        """Read what the workers have done, beat by beat, from the first byte on."""
        objects_before = sent_before = 0
        while True:
            await asyncio.sleep(beat_s)
            now_s = time.monotonic()
            objects, sent = self._done()
            if not objects and not sent:
                self.carried.began_s = now_s
                continue
            self.carried.sent.append(Done(now_s, sent - sent_before))
            self.carried.read.append(Done(now_s, objects - objects_before))
            objects_before, sent_before = objects, sent

    def _done(self) -> tuple[int, int]:
        """Return objects read, and bytes sent; to nobody, bytes read are as good as sent."""
        objects, read_bytes = self._board.done()
        return objects, read_bytes if self._placement is None else self._board.sent_bytes()


def _task(number: int, sampled: Sampled, place: Place) -> CopyTask:
    return CopyTask(
        bundle=number,
        epoch=0,
        attempt=1,
        bucket=sampled.bucket.name,
        bucket_id=0,
        owner=sampled.bucket.owner,
        kind=sampled.cut.kind,
        size_bytes=sampled.cut.size_bytes,
        entries=[(entry[0], entry[1]) for entry in sampled.cut.entries],
        nodes=place.endpoints,
        peers=place.peers,
    )
