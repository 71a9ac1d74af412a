"""A look at objects whose fingerprint moved: read and hashed as a copy would, and sent nowhere.

So a change of tags or of a time alone costs no byte of the target's. The workers are a copy's own,
with a sink that keeps nothing. May import the engine's parts.
"""

from __future__ import annotations

import asyncio
import pickle
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from core.engine.crew.executor import LocalExecutor, WorkerLost
from core.engine.crew.task import CopyTask
from core.engine.settings import worker_setup
from core.model import MIB, BundleKind
from core.source.chosen import wants_seen
from core.target import profile as profiles
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from core.engine.crew.task import CopyResult, Rows
    from core.engine.premises import Premises
    from core.engine.syncing.merge import Moved
    from core.ledger.losses import LossRow
    from core.ledger.rows import BucketRow, Position, RecordRow
    from core.target.shape import Row

GUIDE: Final = "guide"
"""The profile of the workers' rows: they hold an object's metadata as one text."""

OBJECTS: Final = 200
BYTES: Final = 64 * MIB
"""What one task reads, so that all workers have some."""

DEPTH: Final = 2


class Looked(NamedTuple):
    """What an object is now. record: as the ledger would have it; None where it was not read.

    table: its row of the guide profile, None for old versions and markers. gone: it vanished.
    losses: what the target does not show of it.
    """

    record: RecordRow | None
    table: Row | None = None
    gone: bool = False
    losses: tuple[LossRow, ...] = ()


class Looker:
    """Looks at objects of one engine's source. Made by `looker`."""

    def __init__(self, executor: LocalExecutor, premises: Premises, *, tells_seen: bool) -> None:
        self._executor = executor
        self._premises = premises
        self._tells_seen = tells_seen
        self._ids = count(1)

    async def look(self, bucket: BucketRow, moved: Sequence[Moved]) -> dict[Position, Looked]:
        """Read objects of a bucket again; what could not be read, or changed meanwhile, is absent.

        Raises what no object is to blame for.
        """
        alone = [one for one in moved if self._tells_seen and _has_its_bytes(one)]
        whole = [one for one in moved if not (self._tells_seen and _has_its_bytes(one))]
        async with TaskGroup() as group:
            tasks = [
                group.create_task(self._task(bucket, part), name="look at a part")
                for part in _parts(whole, self._premises.knobs.large_threshold)
            ]
            tasks += [
                group.create_task(
                    self._task(bucket, alone[at : at + OBJECTS], alone=True), name="look at some"
                )
                for at in range(0, len(alone), OBJECTS)
            ]
        found: dict[Position, Looked] = {}
        for task in tasks:
            found.update(task.result())
        return found

    async def _task(
        self, bucket: BucketRow, part: Sequence[Moved], *, alone: bool = False
    ) -> dict[Position, Looked]:
        """Read a part; alone: the attributes alone, of objects whose bytes are known."""
        size_bytes = sum(one.entry[2] or 0 for one in part)
        large = size_bytes > self._premises.knobs.large_threshold and len(part) == 1
        task = CopyTask(
            bundle=next(self._ids),
            epoch=self._premises.epoch,
            attempt=1,
            bucket=bucket.name,
            bucket_id=bucket.id,
            owner=self._premises.buckets.owner(bucket.id),
            kind=BundleKind.LARGE if large else BundleKind.RANGE,
            size_bytes=size_bytes,
            entries=[one.entry[:2] for one in part],
            nodes=(),
            peers=(),
            seen=[one.entry for one in part] if self._tells_seen else (),
            known=[one.stored.cid for one in part if one.stored.cid is not None] if alone else (),
        )
        while True:
            try:
                result = await self._executor.run(task)
            except WorkerLost:
                continue  # another takes its place
            await self._executor.settled(task.bundle)
            if result.fault is not None:
                raise result.fault.error()
            return _looked(result)


@asynccontextmanager
async def looker(premises: Premises, on_death: Callable[[int, str], None]) -> AsyncIterator[Looker]:
    """Give workers that look, for as long as the block lasts."""
    profile = await asyncio.to_thread(profiles.load, premises.workspace.target.profile)
    setup = await asyncio.to_thread(worker_setup, premises.workspace, premises.knobs, profile)
    executor = LocalExecutor(
        replace(setup, sink="discard", sink_path="", profile=GUIDE),
        premises.board,
        premises.forks,
        depth=DEPTH,
    )
    executor.on_death = on_death
    executor.resize(max(1, premises.knobs.workers))
    try:
        yield Looker(executor, premises, tells_seen=wants_seen(setup.source))
    finally:
        await executor.close()


def _has_its_bytes(one: Moved) -> bool:
    """Tell whether an ETag, a size and a time say that an object's bytes are what they were.

    Of current ones: what a HEAD tells of an old version may be less than its GET does.
    """
    current = not one.entry[1] and one.entry[2] is not None and one.stored.cid is not None
    return current and one.entry[2:5] == one.stored[3:6]


def _looked(result: CopyResult) -> dict[Position, Looked]:
    found = {
        (fault.key, fault.version): Looked(None, gone=True)
        for fault in result.faults
        if fault.outcome == "gone"
    }
    if result.root is None:
        return found
    rows: Rows = pickle.loads(result.rows)  # noqa: S301 - written by our own worker
    table = {str(row[1]).encode(): row for row in rows.table}
    lost: dict[Position, list[LossRow]] = defaultdict(list)
    for one in result.losses:
        lost[one[0], one[1]].append(one)
    for record in rows.ledger:
        at = key, version = record[9:]
        row = None if version else table.get(key)
        found[at] = Looked(record, row, losses=tuple(lost.get(at, ())))
    return found


def _parts(moved: Iterable[Moved], large: int) -> list[list[Moved]]:
    """Cut objects into what one task reads; a large one is a part of its own."""
    parts: list[list[Moved]] = []
    size_bytes = BYTES + 1  # none is open yet, also for an empty object
    for one in moved:
        size = one.entry[2] or 0
        if size > large:
            parts.insert(0, [one])
            continue
        if size_bytes + size > BYTES or len(parts[-1]) >= OBJECTS:
            parts.append([])
            size_bytes = 0
        parts[-1].append(one)
        size_bytes += size
    return parts
