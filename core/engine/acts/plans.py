"""Plans of acts on failures: made beside everything else, shown, and held against the world (I8).

A plan is made by a look at every object that it takes, page by page; nothing is written. The last
few are remembered by their hash, which is what a job must carry to do one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from core.engine.acts.choosing import chosen, named
from core.engine.acts.wish import CORRUPT, Wish, WishHash
from core.engine.settings import source_config
from core.engine.shelf import Shelf
from core.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.config.schema import Workspace
    from core.engine.acts.rereading import Rereader
    from core.engine.acts.wish import Deed
    from core.errors import VgwmError
    from core.ledger.failure_looks import Standing
    from core.ledger.failure_pages import FailurePlace
    from core.ledger.reading import LedgerReader
    from core.source.chosen import SourceConfig

MOST_NAMED: Final = 500_000
"""Objects that they name together: some 100 MB."""


class Share(NamedTuple):
    """A part of a plan: what failed so, there."""

    code: str
    phase: str


@dataclass(slots=True)
class Tally:
    """Objects and bytes of a share."""

    objects: int = 0
    size_bytes: int = 0

    def add(self, one: Standing) -> None:
        """Count one object."""
        self.objects += 1
        self.size_bytes += one.size_bytes or 0


@dataclass(slots=True, kw_only=True)
class ActPlan:
    """What an act would do. hash: "" until it is made; error: why it could not be.

    spared: objects that were looked at and left alone.
    """

    id: int
    wish: Wish
    seen: int = 0
    hash: str = ""
    error: VgwmError | None = None
    total: Tally = field(default_factory=Tally)
    shares: dict[Share, Tally] = field(default_factory=dict)
    spared: dict[Share, Tally] = field(default_factory=dict)


class ActPlans:
    """Makes plans over one ledger."""

    def __init__(self, ledger: LedgerReader, workspace: Workspace) -> None:
        self._ledger = ledger
        self._workspace = workspace
        self._shelf = Shelf[ActPlan]("plans", weight=_named, most=MOST_NAMED)

    async def close(self) -> None:
        """Break off what is being made."""
        await self._shelf.close()

    async def make(self, wish: Wish, names: Sequence[str], *, patience_s: float) -> ActPlan:
        """Begin a plan, wait a moment for it, and return it: made, or still in the making.

        names: objects as they are written; empty: what the wish's filter keeps. Raises BadInput,
        Refused and WrongState for names that are not all as the act needs them.
        """
        if names:
            wish = wish.of(await named(self._ledger, wish.deed, names))
        plan = ActPlan(id=self._shelf.number(), wish=wish)
        return await self._shelf.make(plan, self._make, patience_s=patience_s)

    def get(self, number: int) -> ActPlan:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        return self._shelf.get(number)

    async def confirmed(self, deed: Deed, confirmed: str) -> Wish:
        """Return what the plan with this hash is to do, if the world is as it was shown (I8).

        Raises Refused with the difference if it has moved, or if nobody was shown such a plan.
        """
        plan = next((one for one in self._shelf if one.hash == confirmed), None)
        if not confirmed or plan is None or plan.wish.deed != deed:
            raise Refused(
                what=f"there is no plan {confirmed} of a {deed}; nothing was done",
                where="confirmation",
                remedy="Look at the plan again, and confirm that one.",
            )
        now = ActPlan(id=0, wish=plan.wish)
        await self._look(now)
        if now.hash != plan.hash:
            raise Refused(
                what=f"the world has moved since plan {confirmed}: {difference(plan, now)};"
                " nothing was done",
                where="confirmation",
                remedy="Look at the plan again, and confirm that one.",
            )
        if not now.total.objects:
            raise BadInput(
                what="the plan takes no object", where=deed, remedy="There is nothing to do."
            )
        return plan.wish

    async def _make(self, plan: ActPlan) -> None:
        if plan.wish.code == CORRUPT and plan.wish.places is None:
            plan.wish = plan.wish.of(await self._corrupt(plan))
        await self._look(plan)

    async def _look(self, plan: ActPlan) -> None:
        """Take every object of a plan, as it stands now."""
        hash_ = WishHash(self._workspace.id, plan.wish)
        async for page in chosen(self._ledger, plan.wish):
            for one in page:
                hash_.add(one)
                plan.total.add(one)
                plan.shares.setdefault(Share(one.code, one.phase), Tally()).add(one)
            plan.seen = max(plan.seen, plan.total.objects)
        plan.hash = hash_.text

    async def _corrupt(self, plan: ActPlan) -> list[FailurePlace]:
        """Read the bytes of failed objects again; return those that contradict their checksum."""
        buckets = {row.id: row.name for row in await self._ledger.buckets()}
        config = await asyncio.to_thread(source_config, self._workspace)
        rereader = await asyncio.to_thread(_rereader, config, buckets)
        found: list[FailurePlace] = []
        async for page in chosen(self._ledger, plan.wish):
            corrupt = {one.place for one in await asyncio.to_thread(rereader.corrupt, page)}
            for one in page:
                if one.place in corrupt:
                    found.append(one.place)
                else:
                    plan.spared.setdefault(Share(one.code, one.phase), Tally()).add(one)
            plan.seen += len(page)
        return found


def _named(plan: ActPlan) -> int:
    return len(plan.wish.places or ())


def difference(before: ActPlan, now: ActPlan) -> str:
    """Return in which classes two plans differ, or that single objects do."""
    told = []
    for share in sorted({*before.shares, *now.shares}):
        was = before.shares.get(share, Tally()).objects
        is_ = now.shares.get(share, Tally()).objects
        if was != is_:
            told.append(f"{share.code} in {share.phase} {was} -> {is_}")
    return ", ".join(told) or "other objects, or tried again since"


def _rereader(config: SourceConfig, buckets: Mapping[int, bytes]) -> Rereader:
    # its checksums take 40 ms to load, and a look at a workspace at rest needs none
    from core.engine.acts.rereading import Rereader  # noqa: PLC0415 - as said above

    return Rereader(config, buckets)
