"""A repair at work: its plan's steps one after the other, each looked at again before it acts.

May import the engine's parts, the ledger, the target and the verify room.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from core.engine.beside import Beside
from core.engine.copying.placement_dir import DirPlacement
from core.engine.copying.target import open_cache, open_placement
from core.engine.holding import Hold
from core.engine.opening import Opening
from core.engine.repairing.carrying_again import CarryingAgain, came_through, carry, let_go
from core.engine.repairing.keeping import KeptRows
from core.engine.repairing.left import LeftFile
from core.engine.repairing.means import Pace
from core.engine.repairing.mending_rows import RowMeans, RowMender
from core.engine.repairing.recopying import Recopying
from core.engine.repairing.steps import StepMeans, Steps
from core.engine.settings import source_config
from core.errors import VgwmError
from core.source.chosen import open_source
from core.target import profile as profiles
from core.target.open_table import open_target_table
from core.target.shape import Source
from core.verify.repair_plan import Deed
from core.verify.source_side import SourceKeys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.engine.copying.placement import Placement
    from core.engine.reins import Reins
    from core.engine.repairing.means import RepairMeans
    from core.engine.repairing.mending import BundleMender
    from core.engine.repairing.plans import RepairPlans
    from core.target.cache_drop import CacheDrop
    from core.target.objects import ObjectTable
    from core.verify.repair_plan import ConfirmedRepair, RepairPlan


class RepairRun:
    """One repair."""

    def __init__(self, means: RepairMeans, plans: RepairPlans, wish: ConfirmedRepair) -> None:
        self._m = means
        self._plans = plans
        self._wish = wish

    async def run(self, reins: Reins) -> None:
        """Do the plan's steps. Raises Refused, JobCancelled, and what stops it.

        What must be carried again is carried between the bundles and their rows, by a copy that
        opens the target for itself.
        """
        means = self._m
        plan = await self._plans.of(self._wish)
        means.buckets.learn(await means.ledger.buckets())
        suspects = plan.step(Deed.BUNDLES).bundles
        if suspects:
            async with self._steps(reins, plan) as steps:
                await steps.bundles()
            await carry(means, reins)
            await let_go(means, reins, suspects)
        async with self._steps(reins, plan) as steps:
            await steps.carried(await came_through(means, reins.id))
            await steps.run()

    @asynccontextmanager
    async def _steps(self, reins: Reins, plan: RepairPlan) -> AsyncIterator[Steps]:
        """Open target and source, for the steps of a plan."""
        means = self._m
        folder = means.path / "reports" / f"repair-{reins.id}"
        async with AsyncExitStack() as stack:
            placement, table, cache = await self._open(reins, stack)
            recopying = Recopying(means)
            stack.push_async_callback(recopying.close)
            kept = stack.enter_context(KeptRows(folder))
            source = self._source()
            if source is not None:
                stack.callback(source.close)
            profile = await asyncio.to_thread(profiles.load, means.workspace.target.profile)
            rows = RowMeans(
                ledger=means.ledger,
                table=table,
                placement=placement,
                profile=profile,
                workspace_id=means.workspace.id,
                buckets=means.buckets,
                kept=kept,
                source=source,
            )
            mender = RowMender(rows)
            yield Steps(
                StepMeans(
                    ledger=means.ledger,
                    rows=mender,
                    again=CarryingAgain(means, mender, source),
                    bundles=self._mender(placement, recopying),
                    cache=cache,
                    report=means.path / "reports" / self._wish.report,
                    left=LeftFile(folder),
                    cid_at=profile.objects.sources.index(Source.CID),
                ),
                plan,
                reins,
            )

    async def _open(
        self, reins: Reins, stack: AsyncExitStack
    ) -> tuple[Placement, ObjectTable, CacheDrop | None]:
        """Open the target, and look after it meanwhile."""
        means = self._m
        opening = Opening(Hold(means.ledger, reins), reins)
        placement = await opening.of(
            lambda: open_placement(means.workspace, means.knobs(), means.ledger.epoch), opens=True
        )
        stack.push_async_callback(placement.close)
        await opening.of(placement.start)
        profile = await asyncio.to_thread(profiles.load, means.workspace.target.profile)
        table = await opening.of(lambda: open_target_table(means.workspace, profile), opens=True)
        stack.push_async_callback(table.close)
        await opening.of(table.ensure)
        cache = await open_cache(means.workspace)
        if cache is not None:
            stack.push_async_callback(cache.close)
        beside = Beside()
        stack.push_async_callback(beside.end)
        beside.start("target watch", placement.watch())
        return placement, table, cache

    def _source(self) -> SourceKeys | None:
        """Return the source as it is looked at; None where nothing is known of how to reach it."""
        means = self._m
        try:
            config = source_config(means.workspace)
        except VgwmError:
            return None
        return SourceKeys(open_source(config), means.buckets.owners)

    def _mender(self, placement: Placement, recopying: Recopying) -> BundleMender:
        if isinstance(placement, DirPlacement):
            from core.engine.repairing.mending_dir import DirMender  # noqa: PLC0415 - one of two

            return DirMender(placement.store, recopying, self._m.workspace.id)
        from core.engine.copying.placement_ipfs import IpfsPlacement  # noqa: PLC0415 - as above
        from core.engine.repairing.mending_ipfs import IpfsMender  # noqa: PLC0415 - as above

        assert isinstance(placement, IpfsPlacement)  # noqa: S101 - the only other target
        return IpfsMender(
            placement,
            recopying,
            self._m.workspace.id,
            Pace(lambda: self._m.knobs().bandwidth),
            self._m.ledger.looked.contents,
        )
