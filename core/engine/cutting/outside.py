"""The world as it is: load balancers, gateways and both sides' S3, by vgwm.yaml.

May import the cutover's room, the source and the ledger.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.config.backup import FOLDER
from core.config.workspace import FILE_NAME
from core.cutover import fence, trial_bucket
from core.cutover.backups import opened
from core.cutover.balancers import fleet as fleet_of
from core.cutover.canary import canary
from core.cutover.cases import ask_cases
from core.cutover.cutover_plan import Strategy
from core.cutover.door import asking
from core.cutover.fence_proof import look_fenced, open_doors, prove_fenced
from core.cutover.gate import Gate
from core.cutover.gateway import Hold
from core.cutover.gateway_command import gateways_of
from core.cutover.mode import Mode, Side
from core.cutover.proof_keys import sweep
from core.cutover.quiet import quiet_since
from core.cutover.reading import Trouble
from core.cutover.samples import read_back, sample_of
from core.cutover.shadow import shadow
from core.cutover.uploads import uploads
from core.display import safe
from core.engine import green_cases
from core.engine.outcry import Outcry
from core.engine.planning.planfile import strategy_of
from core.engine.returning.backing_up import back_up, wanted
from core.engine.reversing.gating import gate as reverse_gate
from core.engine.settings import source_config
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from core.config.schema import Workspace
    from core.cutover.door import Asker, Door
    from core.cutover.gateway_command import CommandGateway
    from core.engine.cutting.world import GreenFeed
    from core.ledger.ledger import Ledger

SHADOWS: Final = 1_000
_S3: Final = ("canary", "cases", "shadow", "uploads")
LB_LIMIT_S: Final = 300.0
"""A run asks them again before its fence, and at each step."""


class Outside:
    """A `core.engine.cutting.world.World`. folder: of the workspace. feed: hears green's writes."""

    def __init__(self, workspace: Workspace, ledger: Ledger, folder: Path, feed: GreenFeed) -> None:
        self._workspace = workspace
        self._ledger = ledger
        self._folder = folder
        self.feed = feed
        self._blue = gateways_of(workspace, Side.BLUE)
        self._green = gateways_of(workspace, Side.GREEN)
        self._able: AbstractSet[str] = frozenset()
        self.fleet = fleet_of(workspace, say=Outcry(ledger), file=folder / FILE_NAME)

    @property
    def gateways(self) -> int:
        """How many gateways of blue are named."""
        return len(self._blue)

    async def ready(self, buckets: Sequence[str], run: str) -> list[str]:
        """Look at every balancer, whether green is open, at which doors our account may write."""
        troubles = _told(await self.fleet.ready(run))
        names = await self._names(buckets)  # as a way back fences them: one by one
        troubles += _told(await fence.shut(self._green, names))
        if troubles:
            return troubles
        async with asking() as asker:
            shown = await look_fenced(asker, self._doors(), names)
        self._able = open_doors(shown)
        return [
            f"{one.door}: {one.bucket} is not open" for one in shown if one.hold is not Hold.OPEN
        ]

    async def fence(self, buckets: Sequence[str], run: str) -> list[str]:
        """Let blue's gateways refuse writes by themselves."""
        return _told(await fence.hold(self._blue, buckets, run))

    async def unheld(self, buckets: Sequence[str]) -> list[str]:
        """Ask which of blue's gateways that can be fenced are not."""
        return _told(await fence.unheld(self._blue, buckets))

    async def unproven(self, buckets: Sequence[str], run: str, *, harmless: bool) -> list[str]:
        """Try to write, through every listener and at every gateway of blue."""
        names = await self._names(buckets)
        async with asking() as asker:
            if harmless:  # an upload that is not there shows no read-only mount: listeners alone
                shown = await look_fenced(asker, self._listeners(), names)
                left = [one for one in shown if one.hold is not Hold.FENCED]
                return [f"{one.door}: {one.bucket} is {one.hold}" for one in left]
            tried = await prove_fenced(asker, self._doors(), names, run, may_write=self._able)
        return [f"{one.door} {one.bucket}: {one.why}" for one in tried]

    async def open(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Let blue's gateways accept writes, and read back that they do."""
        return await fence.release(self._blue, buckets, run)

    async def answering(self, buckets: Sequence[str]) -> list[Trouble]:
        """Ask blue's gateways whether they take writes."""
        doors = [fence.door_of(one) for one in self._blue if one.can_fence]
        if not doors:
            return []
        names = await self._names(buckets)
        async with asking() as asker:
            shown = await look_fenced(asker, doors, names)
            for door in doors:  # a probe's write that hung may have been done on waking
                if door.name in open_doors(shown):
                    await sweep(asker, door, names, self._workspace.id)
        return [
            Trouble(one.door, f"{one.bucket} is {one.hold}")
            for one in shown
            if one.hold is not Hold.OPEN and not one.of_us
        ]

    async def changed_since(self, buckets: Sequence[str], since_ns: int) -> list[str]:
        """Return what was written to the source since then, and how much there is."""
        config = source_config(self._workspace)
        found = await quiet_since(config, buckets, since_ns)
        return [] if found.is_quiet else [found.told]

    async def read_back(self, buckets: Sequence[str], *, limit: int) -> list[str]:
        """Read the newest keys through green, and hold them against the ledger."""
        picks = await self._ledger.picks.newest(limit, await self._stored(buckets))
        doors = [fence.door_of(one) for one in self._green]
        async with asking() as asker:
            return _told(await read_back(asker, doors, [sample_of(pick) for pick in picks]))

    async def canary(self, buckets: Sequence[str]) -> list[str]:
        """Ask by each balancer whether green answers reads, and whether writes are refused."""
        picks = await self._ledger.picks.newest(SHADOWS // 100, await self._stored(buckets))
        names = await self._names(buckets)
        async with asking() as asker:
            listeners = self._listeners()
            wrong = _told(
                await read_back(
                    asker, listeners, [sample_of(pick) for pick in picks], Mode.GREEN_RO
                )
            )
            shown = await look_fenced(asker, listeners, names)
        left = [one for one in shown if one.hold is not Hold.FENCED]
        return wrong + [f"{one.door}: {one.bucket} is {one.hold}" for one in left]

    async def gates(
        self, buckets: Sequence[str], seed: int, due: Collection[str] = ()
    ) -> list[Gate]:
        """Measure the gates that ask the world. Raises BadInput without an account's keys."""
        found: list[Gate] = []
        if _is_due("fence", due):
            found.append(await fence.fence_gate(self._blue, self.fleet, buckets))
        found += await self._asked(buckets, seed, [one for one in _S3 if _is_due(one, due)])
        if _is_due("reverse", due):
            found.append(await reverse_gate(self._workspace, await self._names(buckets)))
        if _is_due("backups", due):
            found.append(await self.backups())
        if not due or any(name.startswith("lb") for name in due):
            found += await self._balancers(buckets)
        return found

    async def _asked(self, buckets: Sequence[str], seed: int, due: Sequence[str]) -> list[Gate]:
        """Measure those that ask both sides' S3."""
        names = await self._names(buckets)
        blue, green = self._door(self._blue), self._door(self._green)
        if blue is None or green is None or not names:
            lacks = "no gateway of blue and of green is named, or there is no bucket"
            return [_unknown(name, lacks) for name in due]
        found: list[Gate] = []
        async with asking() as asker:
            if {"canary", "cases"} & set(due):
                tried = await self._tried(asker, green, names[0], due)
                found += await self._explained(tried, names)
            if "shadow" in due:
                stored = await self._stored(buckets)
                picks = await self._ledger.picks.objects(seed, SHADOWS, stored)
                found.append(await shadow(asker, blue, green, [sample_of(pick) for pick in picks]))
            if "uploads" in due:
                found.append(await uploads(asker, blue, names))
        return found

    async def _tried(
        self, asker: Asker, green: Door, bucket: str, due: Sequence[str]
    ) -> list[Gate]:
        """Measure those that write to green, in a bucket of the slice."""
        own, found = self._workspace.id, []
        trial = await self._place(asker, green, bucket)
        if "canary" in due:
            found.append(await canary(asker, green, trial.bucket, own))
        if "cases" in due:
            asked = await ask_cases(asker, green, trial.bucket, own)
            await green_cases.keep(self._ledger, asked._replace(bucket=bucket))
            found.append(green_cases.ready_gate(asked))
        told = trial.why or await trial_bucket.ended(asker, green, trial)
        if not told:
            return found
        return [replace(one, evidence=f"{one.evidence}; {safe(told)}") for one in found]

    async def _explained(self, tried: list[Gate], names: Sequence[str]) -> list[Gate]:
        """Add to what failed that a way back left green fenced, where it says so itself."""
        if all(one.verdict is Verdict.PASS for one in tried):
            return tried
        shut = _told(await fence.shut(self._green, names))
        return [
            replace(one, evidence="; ".join([one.evidence, *shut]))
            if one.verdict is not Verdict.PASS
            else one
            for one in tried
        ]

    async def _place(self, asker: Asker, green: Door, bucket: str) -> trial_bucket.Trial:
        """Return where green is tried: before a big bang has copied anything in one of ours.

        Once green serves a slice, what is made there is a client's.
        """
        big_bang = strategy_of(await self._ledger.plan()) == Strategy.BIG_BANG
        if not big_bang or await self._ledger.cutovers.flips():
            return trial_bucket.Trial(bucket)
        return await trial_bucket.begun(asker, green, bucket, self._workspace.id)

    async def backups(self) -> Gate:
        """Open and hash the newest set."""
        parts = wanted(self._workspace)
        return await opened(self._folder / FOLDER, self._workspace.id, parts)

    async def back_up(self, run: str) -> None:
        """Make a set of backups; it is opened and hashed, or nothing is fenced."""
        del run
        await back_up(self._folder / "ledger.db", self._workspace, self._folder)

    async def _balancers(self, buckets: Sequence[str]) -> list[Gate]:
        at_ns = time.time_ns()
        troubles = await self.fleet.ready(self._workspace.id)
        troubles += (await self.fleet.read(buckets)).beside(Mode.BLUE)
        if not self.fleet.names:
            return [_unknown("lb", "no load balancer is named in vgwm.yaml")]
        return [
            Gate(
                name=gate,
                verdict=Verdict.FAIL if whys else Verdict.PASS,
                evidence="; ".join(whys) or "at blue; configuration, map and socket answer",
                at_ns=at_ns,
                limit_s=LB_LIMIT_S,
                remedy="See docs/traffic.md." if whys else "",
            )
            for name, gate in zip(self.fleet.names, _gates(self.fleet.names), strict=True)
            for whys in [[one.why for one in troubles if one.name == name]]
        ]

    def _doors(self) -> list[Door]:
        return fence.doors_of(self.fleet, self._blue)

    def _listeners(self) -> list[Door]:
        return fence.doors_of(self.fleet, [])

    def _door(self, gateways: Sequence[CommandGateway]) -> Door | None:
        return fence.door_of(gateways[0]) if gateways else None

    async def _stored(self, buckets: Sequence[str]) -> list[bytes]:
        """Return the buckets of a slice by name; of `all` every one that is there."""
        wanted_ = {os.fsencode(name) for name in buckets}
        rows = await self._ledger.buckets()
        return [
            row.name for row in rows if row.state.there and (not wanted_ or row.name in wanted_)
        ]

    async def _names(self, buckets: Sequence[str]) -> list[str]:
        return [os.fsdecode(name) for name in await self._stored(buckets)]


def _gates(names: Sequence[str]) -> list[str]:
    """Return a gate's name a load balancer: lb-1 for lb-1 and for 1, unless there are both."""
    short = [f"lb-{name.removeprefix('lb-')}" for name in names]
    return short if len(set(short)) == len(short) else [f"lb-{name}" for name in names]


def _is_due(name: str, due: Collection[str]) -> bool:
    return not due or name in due


def _told(troubles: Sequence[Trouble]) -> list[str]:
    return [f"{one.name}: {one.why}" for one in troubles]


def _unknown(name: str, why: str) -> Gate:
    return Gate(
        name=name,
        verdict=Verdict.UNKNOWN,
        evidence=why,
        at_ns=time.time_ns(),
        limit_s=LB_LIMIT_S,
        remedy="Name gateways and load balancers in vgwm.yaml: docs/traffic.md.",
    )
