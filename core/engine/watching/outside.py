"""The world of the watch as it is, by vgwm.yaml. May import the cutover's room and the ledger."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Final

from core.config.workspace import FILE_NAME
from core.cutover.balancers import fleet
from core.cutover.cases import Asked, ask_cases
from core.cutover.door import asking
from core.cutover.fence import door_of
from core.cutover.gateway_command import gateways_of
from core.cutover.mode import Side
from core.cutover.risk import risk
from core.cutover.rollback_plan import BackWish, Green
from core.cutover.samples import sample_of
from core.cutover.served import served
from core.cutover.shadow import Compared, compare
from core.display import safe
from core.engine import green_cases
from core.engine.outcry import Outcry
from core.engine.settings import source_config
from core.engine.watching.strangers import strangers
from core.errors import Refused, VgwmError
from core.model import JobKind
from core.source.posix.config import PosixConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.gate import Gate
    from core.cutover.reading import Reading
    from core.cutover.risk import Risk
    from core.cutover.samples import Sample
    from core.cutover.served import Served
    from core.engine.premises import Premises, StartJob
    from core.engine.returning.rollbacks import Rollbacks
    from core.engine.reversing.reverses import Reverses
    from core.engine.watching.strangers import Strangers

KEYS: Final = 100
AGAIN_S: Final = 3.0
"""A key that differs may have been changed while it was read: it is looked at once more."""

ACTOR: Final = "watch"


class WatchOutside:
    """A `core.engine.watching.world.WatchWorld`."""

    def __init__(
        self, premises: Premises, start: StartJob, reverses: Reverses, rollbacks: Rollbacks
    ) -> None:
        self._premises = premises
        self._start = start
        self._reverses = reverses
        self._rollbacks = rollbacks
        file = premises.path / FILE_NAME
        self._fleet = fleet(premises.workspace, say=Outcry(premises.ledger), file=file)

    async def served(self) -> Served:
        """Return what green's servers have answered so far."""
        named = self._premises.workspace.traffic.haproxy
        names = self._fleet.names  # who is dead for good has nothing to tell
        return await served([one for one in named if safe(one.name) in names])

    async def steered(self, buckets: Sequence[str]) -> Reading:
        """Return what every load balancer does; say whose process is another than before."""
        return await self._fleet.read(buckets)

    async def compared(self, buckets: Sequence[str], turn: int) -> Compared:
        """Read keys that green has not changed at both sides; silence is told, not raised."""
        try:
            return await self._compared(buckets, turn)
        except VgwmError as error:
            return Compared(silent=error.what)

    async def _compared(self, buckets: Sequence[str], turn: int) -> Compared:
        workspace = self._premises.workspace
        blue, green = (gateways_of(workspace, side) for side in (Side.BLUE, Side.GREEN))
        if not blue or not green:
            return Compared(silent="no gateway of blue and of green is named in vgwm.yaml")
        here, there = door_of(blue[0]), door_of(green[0])
        samples = await self._samples(buckets, turn)
        async with asking() as asker:
            found = await compare(asker, here, there, samples)
            if not found.differ:
                return found
            await asyncio.sleep(AGAIN_S)
            await self.wrote(buckets)  # hears what green accepted meanwhile
            return await compare(asker, here, there, await self._samples(buckets, turn))

    async def cases(self, buckets: Sequence[str]) -> Gate:
        """Ask for each case that green passed before the flip; a lost one is asked for again."""
        premises, asked = self._premises, None
        names = list(buckets) or [os.fsdecode(row.name) for row in await premises.ledger.buckets()]
        before = await green_cases.kept(premises.ledger, names)
        green = gateways_of(premises.workspace, Side.GREEN)
        if before is not None and green:
            door, own = door_of(green[0]), premises.workspace.id
            try:
                async with asking() as asker:
                    asked = await ask_cases(asker, door, before.bucket, own)
                    if green_cases.lost_of(before, asked):
                        await asyncio.sleep(AGAIN_S)
                        asked = await ask_cases(asker, door, before.bucket, own)
            except VgwmError as error:  # such as an account's keys that are absent
                asked = Asked(before.bucket, time.time_ns(), silent=error.what)
        return green_cases.live_gate(before, asked)

    async def strangers(self, buckets: Sequence[str], since_ns: int) -> Strangers | None:
        """Look for what others wrote on blue since the flip; None for an S3 source."""
        premises = self._premises
        config = source_config(premises.workspace)
        if not isinstance(config, PosixConfig):
            return None
        names = [os.fsencode(name) for name in buckets]
        return await strangers(premises.ledger, config, names, since_ns)

    async def wrote(self, buckets: Sequence[str]) -> bool | None:
        """Tell whether green has accepted a write to these buckets; None: nobody knows."""
        return await self._reverses.wrote(buckets)

    async def risk(self) -> Risk:
        """Return the data at risk now."""
        return await risk(self._premises.ledger)

    async def back(self, slice_: str) -> int:
        """Begin the quick way back of a slice, by the plan of this moment; return the job.

        Raises Refused where green is dead: what it took since it was heard last would be left, and
        that is for a person to decide.
        """
        plan = await self._rollbacks.plan(BackWish(slice=slice_))
        if plan.facts.green is Green.DEAD:
            raise Refused(
                what="green is dead: what it took last would be left there",
                where="rollback",
                remedy="Look at what stays behind, and decide: vgwm rollback plan.",
            )
        args = {"slice": slice_, "plan": plan.hash}
        return await self._start(JobKind.ROLLBACK, args, ACTOR, "")

    async def _samples(self, buckets: Sequence[str], turn: int) -> list[Sample]:
        """Return what a turn picks, less what green has changed."""
        ledger = self._premises.ledger
        picks = await ledger.picks.objects(turn, KEYS, [os.fsencode(name) for name in buckets])
        ids = {row.name: row.id for row in await ledger.buckets()}
        found = []
        for pick in picks:
            changed = await ledger.greenlog.some(ids[pick.bucket], [pick.key])
            if not changed:
                found.append(sample_of(pick))
        return found
