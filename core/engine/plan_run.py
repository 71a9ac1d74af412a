"""The plan's run: the source is looked at, walked into the ledger, and the plan written down.

May import every room below the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Final

from core.config import slices as slicing
from core.config.schema import DirTarget
from core.engine.copying.target import open_placement
from core.engine.holding import Hold
from core.engine.known_buckets import bucket_text
from core.engine.planning.plan import Planner, PlanSettings
from core.engine.planning.planfile import own_slices, plan_document, with_course, write_plan
from core.engine.settings import cid_profile_of, source_config, worker_setup
from core.errors import CapacityExhausted, ForeignPlan
from core.ledger.rows import EventDraft
from core.model import Finding
from core.source.chosen import open_source
from core.target import profile as profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.ledger.rows import BucketRow
    from core.source.posix.buckets import Bucket

WALKER_SLOT: Final = 255

_ROLLING: Final = "rolling"

UNSEEN: Final = Finding(
    verdict="warn",
    subject="source",
    evidence="its listings show no change of tags, metadata or locks alone",
    remedy="A round of sync looks for those with: vgwm sync --full",
)


def require_source(premises: Premises) -> None:
    """Raise ForeignPlan if the source is another one than when the ledger was made."""
    if open_source(source_config(premises.workspace)).identity() != premises.source_identity:
        raise ForeignPlan(
            what="the source is another one than when the workspace was made",
            where=str(premises.workspace.source.label),
            remedy="Is it mounted? Another source needs a workspace of its own.",
        )


class PlanRun:
    """Walks the source into the ledger, then writes the plan down. more: told of new bundles."""

    def __init__(
        self, premises: Premises, args: Mapping[str, str], more: Callable[[], None]
    ) -> None:
        self._premises = premises
        self._more = more
        self._asked = bool({"strategy", "slices"} & set(args))
        self._slices = slicing.parse(args.get("slices", "").split())
        named = premises.workspace.cutover.slices
        slicing.agreed(self._slices, named)
        self._own = bool(self._slices) and not named
        usual = _ROLLING if self._slices or named else "blue-green"
        self._strategy = args.get("strategy", usual)

    async def run(self, reins: Reins) -> None:
        """Check, list the buckets, walk them. Raises JobCancelled, and what is wrong."""
        premises = self._premises
        if await self._is_whole(reins):
            return
        profile = await asyncio.to_thread(profiles.load, premises.workspace.target.profile)
        replication = await self._replication()
        buckets, findings = await asyncio.to_thread(self._look)
        for finding in findings:
            text = f"{finding.subject}: {finding.evidence}. {finding.remedy}"
            await premises.ledger.event(
                EventDraft(kind="source", text=text, level="warn", job=reins.id)
            )
        slices = self._covering([bucket.name for bucket in buckets])
        hold = Hold(premises.ledger, reins)
        named = [(b.name, bucket_text(b)) for b in buckets]
        await hold.patiently(lambda: premises.ledger.add_buckets(named))
        premises.learn_buckets(await premises.ledger.buckets())
        knobs = premises.knobs
        planner = Planner(
            ledger=premises.ledger,
            board=premises.board,
            forks=premises.forks,
            setup=await asyncio.to_thread(worker_setup, premises.workspace, knobs, profile),
            settings=PlanSettings(
                workers=knobs.workers,
                batch_size=knobs.batch_size,
                bundle_bytes=knobs.bundle_bytes,
                large_threshold=knobs.large_threshold,
            ),
            slot=WALKER_SLOT,
            hold=hold,
            died=premises.deaths.tell,
        )
        await planner.run(reins, self._more)
        document = plan_document(
            premises.workspace,
            await premises.ledger.counters(),
            buckets=len(buckets),
            strategy=self._strategy,
            cid_profile=cid_profile_of(premises.workspace, profile),
            slices=slices,
            own_slices=self._own,
            replication=replication,
            made_ns=time.time_ns(),
        )
        await self._store(document, reins)

    async def _store(self, document: bytes, reins: Reins) -> None:
        """Keep a plan in the ledger, and write it down beside it."""
        premises, hold = self._premises, Hold(self._premises.ledger, reins)
        text = f"plan {json.loads(document)['hash']} stored"
        stored = EventDraft(kind="plan", text=text, job=reins.id)
        await hold.patiently(lambda: premises.ledger.store_plan(document, stored))
        path = premises.path / "plan.json"
        await hold.patiently(lambda: asyncio.to_thread(write_plan, path, document))

    async def _is_whole(self, reins: Reins) -> bool:
        """Tell whether there is a plan already; its walk stands, and is of its own time.

        A strategy or slices that are named by now are taken over into it.
        """
        ledger = self._premises.ledger
        rows = await ledger.buckets()
        if not rows or any(not row.state.walked for row in rows):
            return False
        stored = await ledger.plan()
        if stored is None:
            return False
        text = "the plan is whole already; what came to the source since is a sync's to bring"
        await ledger.event(EventDraft(kind="plan", text=text, level="warn", job=reins.id))
        if self._asked:
            await self._store(self._with_course(stored, rows), reins)
        return True

    def _with_course(self, stored: bytes, rows: Sequence[BucketRow]) -> bytes:
        """Return a plan with what is asked for now; rolling alone leaves it its slices."""
        if self._strategy == _ROLLING and not self._premises.workspace.cutover.slices:
            self._slices = self._slices or own_slices(stored)
            self._own = bool(self._slices)
        slices = self._covering([row.name for row in rows if row.state.there])
        return with_course(stored, strategy=self._strategy, slices=slices, own_slices=self._own)

    def _covering(self, buckets: Sequence[bytes]) -> slicing.Slices:
        """Return the slices of now. Raises BadInput for a bucket that the source has not."""
        named = self._slices or self._premises.workspace.cutover.slices
        return slicing.cover(named, [os.fsdecode(name) for name in buckets])

    def _look(self) -> tuple[list[Bucket], list[Finding]]:
        source = open_source(source_config(self._premises.workspace))
        findings = source.check()
        if not source.sees_attributes:
            findings.append(UNSEEN)
        require_source(self._premises)
        return source.buckets()[0], findings

    async def _replication(self) -> int | None:
        """Ask an IPFS target how many copies it will hold; None for a directory."""
        workspace = self._premises.workspace
        if isinstance(workspace.target, DirTarget):
            return None
        placement = await open_placement(workspace, self._premises.knobs, self._premises.epoch)
        try:
            # a plan needs no room, and a copy waits for it
            with contextlib.suppress(CapacityExhausted):
                await placement.start()
            return placement.replication
        finally:
            await placement.close()
