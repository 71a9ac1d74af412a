"""The way back as of now: looked at again and again, and held to when somebody confirms it (I8).

May import the ledger and the cutover's room; what asks green is handed in.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.config.backup import FOLDER
from core.cutover.backups import newest, open_set, read_set
from core.cutover.cutover_plan import word_of
from core.cutover.risk import risk as risk_of
from core.cutover.risk import unknown_since
from core.cutover.rollback_plan import (
    BackFacts,
    Green,
    RollbackPlan,
    Way,
    limits_for,
    passed,
    pause_s,
    steps_of,
)
from core.cutover.states import State
from core.cutover.way_back import FROM, not_back
from core.display import object_name, safe
from core.engine.returning.full import OWN, digests
from core.engine.returning.green_pages import digest, pages_of
from core.engine.slices import Slices, rows_of
from core.errors import Broken, Refused
from core.ledger.greenlog import GreenState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from core.config.schema import Workspace
    from core.cutover.risk import Risk
    from core.cutover.rollback_plan import BackWish
    from core.engine.returning.sides import GreenSide
    from core.ledger.greenlog import Stand
    from core.ledger.reading import LedgerReader
    from core.ledger.rows import BucketRow

SHOWN: Final = 20
"""Names of keys that a plan shows."""

_REMEMBERED: Final = 64
_AGAIN: Final = "Look at the plan again, and confirm that one: vgwm rollback plan."


class Lookout:
    """Makes plans of one workspace. folder: of the workspace."""

    def __init__(
        self, ledger: LedgerReader, workspace: Workspace, folder: Path, green: GreenSide
    ) -> None:
        self._ledger = ledger
        self._workspace = workspace
        self._folder = folder
        self._green = green
        self._shown: dict[str, BackFacts] = {}

    async def plan(self, wish: BackWish) -> RollbackPlan:
        """Return the way back as it is now. Raises BadInput for a slice that is none."""
        facts, risk = await self._facts(wish, opened=False)
        off = await self.off(wish, facts)
        ids = [row.id for row in await self.buckets(wish.slice)]
        lost = facts.green is Green.DEAD
        waiting = await self._names(GreenState.WAITING, ids) if lost else ()
        self._remember(facts)
        pause = await self._pause_s(wish, risk, ids)
        return RollbackPlan(
            facts=facts,
            risk=risk,
            steps=steps_of(facts),
            seconds=2 * pause,
            pause_s=pause,
            word=word_of(self._folder.name, wish.slice),
            notes=tuple(_notes(facts, risk, await self._ledger.greenlog.stand())),
            lost=risk.writes + risk.deletes if lost else 0,
            lost_names=waiting,
            uncarriable_names=await self._names(GreenState.UNCARRIABLE, ids),
            off=off,
            at_ns=time.time_ns(),
        )

    async def confirmed(self, wish: BackWish, confirmed: str) -> BackFacts:
        """Return what the plan with this hash is to do, if the world is as it was shown.

        The world decides, not this process: a plan shown before an engine began anew counts, while
        it is the same. Raises Refused with the difference; Broken for a backup that was changed.
        """
        now, risk = await self._facts(wish, opened=True)
        shown = self._shown.get(confirmed)
        if shown is not None and shown.wish == wish:
            now = replace(now, limits=shown.limits)
        off = await self.off(wish, now)
        if off:
            raise _refused(off)
        if not confirmed or now.hash != confirmed:
            moved = f": {shown.difference(now)}" if shown is not None else ""
            plan = f"plan {safe(confirmed)}" if confirmed else "no plan"
            raise _refused(f"{plan} is not the way back as it is now{moved}")
        beyond = passed(now.limits, risk)
        if beyond:
            raise _refused(beyond)
        return now

    async def buckets(self, slice_: str) -> list[BucketRow]:
        """Return a slice's buckets as the ledger has them; of `all` every one."""
        return await rows_of(self._ledger, await self._named(slice_))

    async def off(self, wish: BackWish, facts: BackFacts) -> str:
        """Return why a way back cannot be begun now, "" if it can."""
        state = await self.state(wish.slice)
        if state not in FROM:
            newest = await self._ledger.cutovers.newest()
            served = [safe(row.slice) for row in newest if State(row.state) in FROM]
            other = f"; it serves {', '.join(served)}: --slice NAME" if served else ""
            return f"{not_back(wish.slice, state)}{other}"
        if wish.way is Way.FULL and not facts.backups:
            return "there is no backup of the gateway's own files to bring back"
        if wish.way is Way.DATA and not self._workspace.cutover.blue.restart:
            return "cutover.blue.restart names no command that lets blue serve the restored tree"
        if wish.way is Way.DATA and facts.buckets:
            return (
                "one slice cannot have a tree of its own: what clients wrote to blue's other"
                " buckets since the backup would be gone from sight; go back quick"
            )
        if wish.way is Way.DATA and facts.green is Green.DEAD:
            return (
                "green is dead: what it took, and blue holds by now, could not be carried to a"
                " restored tree; go back quick"
            )
        return ""

    async def state(self, slice_: str) -> State:
        """Return where a slice stands."""
        found = {row.slice: row for row in await self._ledger.cutovers.newest()}
        row = found.get(slice_)
        return State.PLANNED if row is None else State(row.state)

    async def _facts(self, wish: BackWish, *, opened: bool) -> tuple[BackFacts, Risk]:
        workspace = self._workspace
        named = await self._named(wish.slice)
        ids = [row.id for row in await self.buckets(wish.slice)]
        risk = await risk_of(self._ledger, buckets=ids)
        green = await self._green.health(fresh=opened)
        lost = await digest(self._ledger, GreenState.WAITING, ids) if green is Green.DEAD else ""
        facts = BackFacts(
            workspace=workspace.id,
            wish=wish,
            flip=await self._flip(wish.slice),
            buckets=named,
            balancers=tuple((safe(one.name), str(one.socket)) for one in workspace.traffic.haproxy),
            gateways=tuple((safe(one.name), one.side) for one in workspace.gateways),
            hook=workspace.traffic.command,
            reverse=workspace.cutover.reverse,
            green=green,
            uncarriable=await digest(self._ledger, GreenState.UNCARRIABLE, ids),
            lost=lost,
            backups=await self._backups(opened=opened) if wish.way is Way.FULL else (),
            limits=limits_for(risk, await self._pause_s(wish, risk, ids)),
        )
        return facts, risk

    async def _named(self, slice_: str) -> tuple[str, ...]:
        """Return a slice's buckets as load balancers know them; BadInput for one that is none."""
        return (await Slices.of(self._workspace, self._ledger)).buckets(slice_)

    async def _pause_s(self, wish: BackWish, risk: Risk, ids: Sequence[int]) -> float:
        """Return about how long nobody can write; to a restored tree all is carried once more."""
        if wish.way is not Way.DATA:
            return pause_s(risk)
        carried = await self._ledger.carried.sums(ids)
        return pause_s(risk, again=carried.changes, again_bytes=carried.size_bytes)

    async def _flip(self, slice_: str) -> str:
        """Return the run whose flip stands, "" without one."""
        flips = await self._ledger.cutovers.flips()
        return next((row.run for row in flips if row.slice == slice_), "")

    async def _backups(self, *, opened: bool) -> tuple[tuple[str, str], ...]:
        """Return the gateway's own files of the newest set. opened: after reading all of it."""
        folder = await asyncio.to_thread(newest, self._folder / FOLDER)
        if folder is None:
            return ()
        if opened:
            found = (await asyncio.to_thread(open_set, folder, self._workspace.id)).found
        else:
            try:
                found = await asyncio.to_thread(read_set, folder, self._workspace.id)
            except Broken:
                return ()  # said when it is opened: a plan is shown all the same
        return digests(found.of(*OWN))

    async def _names(self, state: GreenState, ids: Collection[int]) -> tuple[str, ...]:
        buckets = {row.id: row.name for row in await self._ledger.buckets()}
        names: list[str] = []
        async with aclosing(pages_of(self._ledger, state, ids)) as pages:
            async for page in pages:
                names += [object_name(buckets[row.bucket_id], row.key) for row in page]
                if len(names) >= SHOWN:
                    break
        return tuple(names[:SHOWN])

    def _remember(self, facts: BackFacts) -> None:
        self._shown.pop(facts.hash, None)
        self._shown[facts.hash] = facts
        while len(self._shown) > _REMEMBERED:
            del self._shown[next(iter(self._shown))]


def _refused(why: str) -> Refused:
    return Refused(what=f"{why}; nothing was done", where="confirmation", remedy=_AGAIN)


def _notes(facts: BackFacts, risk: Risk, stand: Stand) -> list[str]:
    """Return what a person has to know first."""
    notes = []
    if facts.green is Green.DEAD:
        notes.append("green is dead: load balancers alone are switched, the keys below stay behind")
        notes.append(f"what green took besides is {unknown_since(stand)}: it stays behind unlisted")
    if facts.green is Green.GATEWAY_DEAD:
        notes.append("green's gateway is dead: its writes are read from Kubo and the object table")
    if risk.silent_since_ns:
        notes.append("nothing was heard of green's writes for a while: the figures are unknown")
    if facts.reverse == "off":
        notes.append("reverse is off: green's writes are found and carried only now")
    return notes
