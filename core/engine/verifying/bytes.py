"""A look at the target's bytes: every recorded bundle, or the sampled objects of each.

It goes by bundles in the order of their numbers. What was found, what was counted and the cursor
are kept together, so that a look that was killed goes on where it stood.
May import the ledger's statements, the verification and the engine's parts.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.schema import DirTarget
from core.engine.verifying.bytes_nodes import DirNodes, open_nodes
from core.engine.verifying.bytes_pool import BytesPool
from core.engine.verifying.bytes_standing import Standing, parts_of_all
from core.engine.verifying.bytes_task import BytesRule, BytesSetup, BytesTask
from core.ledger import bundle_contents
from core.ledger.connection import LEDGER_NAME
from core.ledger.reader import Reader
from core.verify.bytes_told import BytesFigures, Replicas
from core.verify.findings import Findings
from core.verify.sampling import Draw

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.reins import Reins
    from core.engine.verifying.bytes_nodes import Nodes
    from core.engine.verifying.bytes_task import BytesResult
    from core.engine.verifying.means import VerifyMeans
    from core.ledger.bundle_contents import RecordedBundle
    from core.verify.bytes_told import BytesWish


_PAGE: Final = 500
_LOOK_S: Final = 0.2
_NODE_READS: Final = 2
"""Requests that one node works on at once, as with imports."""


class _Out(NamedTuple):
    """A bundle whose answer is waited for."""

    bundle: RecordedBundle
    answer: asyncio.Future[BytesResult]


class BytesRun:
    """One look. folder: the verification's own, where its findings are kept."""

    def __init__(self, means: VerifyMeans, wish: BytesWish, folder: Path) -> None:
        self._means = means
        self._wish = wish
        self._folder = folder
        self._standing: Standing | None = None
        self._last = BytesFigures(full=wish.full, seed=wish.seed)

    @property
    def figures(self) -> BytesFigures:
        """Return what was read so far."""
        return self._last if self._standing is None else self._standing.figures()

    async def run(self, reins: Reins) -> BytesFigures:
        """Read what is wished for. Raises JobCancelled, and what the ledger or the disk says."""
        nodes = await self._nodes()
        reader = Reader(self._means.path / LEDGER_NAME, "bytes")
        store = await asyncio.to_thread(Findings, self._folder)
        try:
            standing = Standing(store, self._wish, await self._means.ledger.buckets())
            self._standing = standing
            await self._prepare(standing, reader)
            try:
                await self._read_all(reins, nodes, reader, standing)
            finally:
                await standing.keep()
                self._last = standing.figures()
            self._last = standing.figures(whole=True)
        finally:
            self._standing = None
            await asyncio.to_thread(store.close)
            await nodes.close()
            await reader.close()
        return self._last

    async def _prepare(self, standing: Standing, reader: Reader) -> None:
        """Count what there is to do, and draw the sample unless that was done before."""
        scope = self._wish.buckets
        standing.bundles = await reader.read(partial(bundle_contents.count, buckets=scope))
        if self._wish.full or standing.draw is not None:
            return
        shares = await reader.read(partial(bundle_contents.shares, buckets=scope))
        ledger = self._means.ledger
        counted = [await ledger.counters(bucket) for bucket in {share[0] for share in shares}]
        parts = parts_of_all(shares, [[n for n, _ in one.histogram] for one in counted])
        standing.begin(Draw.of(self._wish.seed, self._wish.sample, parts))

    async def _read_all(
        self, reins: Reins, nodes: Nodes, reader: Reader, standing: Standing
    ) -> None:
        if not self._wish.full and not self._wish.sample:
            return
        setup = BytesSetup(
            ledger=str(self._means.path / LEDGER_NAME), folder=nodes.folder, draw=standing.draw
        )
        async with BytesPool(self._means.forks, setup, self._readers(nodes)) as pool:
            out: deque[_Out] = deque()
            after = standing.cursor
            while page := await reader.read(
                partial(
                    bundle_contents.page, after_id=after, limit=_PAGE, buckets=self._wish.buckets
                )
            ):
                after = page[-1].id
                for bundle in page:
                    while len(out) >= pool.room:
                        await self._take(out, pool, reins, standing)
                    task = BytesTask(
                        bundle=bundle,
                        nodes=nodes.of(bundle),
                        every=self._wish.replicas is Replicas.ALL,
                    )
                    out.append(_Out(bundle, pool.ask(task)))
            while out:
                await self._take(out, pool, reins, standing)

    async def _take(
        self, out: deque[_Out], pool: BytesPool, reins: Reins, standing: Standing
    ) -> None:
        """Wait for the oldest bundle's answer; obey knobs and reins meanwhile."""
        answer = out[0].answer
        while True:
            pool.rule(BytesRule(hold=reins.still, bytes_s=self._means.knobs().bandwidth or 0))
            if reins.cancelled or not reins.still:
                await reins.checkpoint()
            if answer.done():
                break
            pool.require_readers()
            await asyncio.wait([answer], timeout=_LOOK_S)
        result = out.popleft().answer.result()
        if result.fault is not None:
            raise result.fault.error()
        await standing.add(result)

    async def _nodes(self) -> Nodes:
        target = self._means.workspace.target
        if isinstance(target, DirTarget):
            return DirNodes(str(target.path))
        return await open_nodes(target)

    def _readers(self, nodes: Nodes) -> int:
        """Return how many processes read: as many as cores, or twice as many as nodes."""
        most = os.cpu_count() or 1 if nodes.folder else max(1, nodes.count) * _NODE_READS
        return max(1, min(self._means.knobs().workers, most))
