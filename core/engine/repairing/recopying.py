"""A recorded bundle built from the source once more, for copies that no node gives any more.

The same source gives the same root: then its blocks, or its file, are back as they were. Another
root is no repair: the source has moved, or the bundle has lost members since. What was built then
is nobody's, and the bundle's objects go into new ones (`carrying_again`).
May import the crew, the ledger's rows and the target's profile.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from core.engine.crew.executor import LocalExecutor, WorkerLost
from core.engine.crew.task import CopyTask
from core.engine.settings import worker_setup
from core.errors import NoAnswer
from core.source.chosen import wants_seen
from core.target import profile as profiles

if TYPE_CHECKING:
    from core.engine.crew.task import CopyResult
    from core.engine.repairing.means import RepairMeans
    from core.ledger.rows import EntryRow
    from core.model import Bundle, Cid
    from core.target.sink import KuboEndpoint

WORKERS = 2
_TRIES = 3


class Recopied(NamedTuple):
    """What was built. left: why it is not the bundle, "" where it is."""

    root: Cid | None
    left: str = ""


class Recopying:
    """Has bundles built again by workers of its own, which start with the first."""

    def __init__(self, means: RepairMeans) -> None:
        self._m = means
        self._executor: LocalExecutor | None = None
        self._attempt = 0
        self._tells_seen = False
        self._starting = asyncio.Lock()

    async def again(self, bundle: Bundle, nodes: tuple[KuboEndpoint, ...]) -> Recopied:
        """Build a bundle, to these nodes or into the directory.

        Raises what the source or the target says.
        """
        entries = await self._m.ledger.looked.members(bundle.id)
        if not entries:
            return Recopied(None, "none of its objects is left in it")
        executor = await self._started()
        result = await self._run(executor, bundle, entries, nodes)
        if result.fault is not None:
            raise result.fault.error()
        if result.faults:
            one = result.faults[0]
            left = f"{len(result.faults):,} of its objects are {one.outcome} at the source"
            return Recopied(result.root, left)
        if result.root != bundle.root:
            return Recopied(result.root, "its objects are others at the source by now")
        return Recopied(result.root)

    async def close(self) -> None:
        """End the workers."""
        if self._executor is not None:
            await self._executor.close()
            self._executor = None

    async def _started(self) -> LocalExecutor:
        async with self._starting:  # bundles are mended some at a time: one starts the workers
            if self._executor is None:
                means, knobs = self._m, self._m.knobs()
                profile = await asyncio.to_thread(profiles.load, means.workspace.target.profile)
                setup = await asyncio.to_thread(worker_setup, means.workspace, knobs, profile)
                self._tells_seen = wants_seen(setup.source)
                self._executor = LocalExecutor(setup, means.board, means.forks, depth=1)
                self._executor.on_death = means.died
                self._executor.resize(min(WORKERS, knobs.workers))
            return self._executor

    async def _run(
        self,
        executor: LocalExecutor,
        bundle: Bundle,
        entries: list[EntryRow],
        nodes: tuple[KuboEndpoint, ...],
    ) -> CopyResult:
        """Run the task; again if its worker dies."""
        tried = 0
        while True:
            tried += 1
            self._attempt += 1
            task = CopyTask(
                bundle=bundle.id,
                epoch=self._m.ledger.epoch,
                attempt=self._attempt,
                bucket=bundle.bucket,
                bucket_id=bundle.bucket_id,
                owner=self._m.buckets.owner(bundle.bucket_id),
                kind=bundle.kind,
                size_bytes=bundle.size_bytes,
                entries=[entry[:2] for entry in entries],
                nodes=nodes,
                peers=bundle.allocations,
                seen=entries if self._tells_seen else (),
            )
            try:
                return await executor.run(task)
            except WorkerLost as lost:
                if tried == _TRIES:
                    raise NoAnswer(
                        what=f"bundle {bundle.id}: {lost}, {_TRIES} times",
                        where="repair",
                        remedy="engine.log says why; then repair again.",
                    ) from lost
            finally:
                await executor.settled(bundle.id)
