"""Which buckets a slice has: one answer for plans, fences, screens, the watch and the way back.

    slices = await Slices.of(workspace, ledger)
    slices.buckets("rest")

`all` is everything, and has no list: load balancers take every line of theirs. While vgwm.yaml
names slices, else the plan by its own command, each goes by itself, and `rest` is what none of them
names. May import the configuration, the cutover's pure parts and the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.config.slices import ALL, REST
from core.cutover.cutover_plan import CutoverPlan
from core.display import safe
from core.engine.planning.planfile import own_slices
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.config.schema import Workspace
    from core.ledger.cutovers import CutoverRow
    from core.ledger.reading import LedgerReader
    from core.ledger.rows import BucketRow

YAML: Final = "vgwm.yaml"
PLAN: Final = "the plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """named: of vgwm.yaml, else of the plan; by: which of them. there: the source's buckets.

    begun: of which the ledger has rows.
    switched: with the buckets that their flip took along, by the plan of its run: whatever
    vgwm.yaml says since then, and whatever bucket was made since.
    """

    named: Mapping[str, tuple[str, ...]]
    begun: tuple[str, ...]
    switched: Mapping[str, tuple[str, ...]]
    there: tuple[str, ...]
    by: str = YAML

    @staticmethod
    async def of(workspace: Workspace, ledger: LedgerReader) -> Slices:
        """Return them as they are now."""
        flips = await ledger.cutovers.flips()
        plans = {row.slice: _plan(await ledger.cutovers.of_run(row.run)) for row in flips}
        rows = await ledger.buckets()
        named = workspace.cutover.slices or own_slices(await ledger.plan())
        return Slices(
            named=named,
            by=YAML if workspace.cutover.slices else PLAN,
            begun=tuple(row.slice for row in await ledger.cutovers.newest()),
            switched={name: plan.buckets for name, plan in plans.items() if plan is not None},
            there=tuple(row.name.decode() for row in rows if row.state.there),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Return every slice there is: those that can be cut over, then others once begun."""
        rest = (REST,) if self._rest() else ()
        now = (*self.named, *rest) if self.named else (ALL,)
        return (*now, *(name for name in self.begun if name not in now))

    def buckets(self, name: str) -> tuple[str, ...]:
        """Return a slice's buckets, none for everything. Raises BadInput for one that is none."""
        if name in self.switched:
            return self.switched[name]
        if name in self.named:
            return self.named[name]
        if name == ALL:
            return ()
        rest = self._rest() if name == REST else ()
        if rest:  # none would mean everything
            return rest
        known = ", ".join(self.names)
        nothing = "; no bucket is left for it" if name == REST and self.named else ""
        raise BadInput(
            what=f"there is no slice {safe(name)}{nothing}",
            where="slices",
            remedy=f"It is one of {safe(known)}. cutover.slices of vgwm.yaml names them, or else"
            " vgwm plan --slice.",
        )

    def shown(self, name: str) -> tuple[str, ...]:
        """Return the same for a screen: none for a slice of which nobody knows any more."""
        try:
            return self.buckets(name)
        except BadInput:
            return ()

    def hindered(self, name: str) -> str:
        """Return why a slice cannot be cut over as it is named, "" if it can. Raises BadInput."""
        if name == ALL and self.named:
            return f"{self.by} names slices: each goes by itself, {safe(', '.join(self.names))}"
        mine = set(self.buckets(name))
        absent = sorted(mine.difference(self.there)) if self.there else []
        if absent:
            return f"the source has no bucket {safe(absent[0])}"
        for other, taken in self.switched.items():
            if other != name and mine.intersection(taken):
                bucket = min(mine.intersection(taken))
                return f"bucket {safe(bucket)} is at green with slice {safe(other)}"
        return ""

    def _rest(self) -> tuple[str, ...]:
        if not self.named:
            return ()
        others = [taken for name, taken in self.switched.items() if name != REST]
        held = {bucket for each in (*self.named.values(), *others) for bucket in each}
        return tuple(name for name in self.there if name not in held)


async def rows_of(ledger: LedgerReader, buckets: Sequence[str]) -> list[BucketRow]:
    """Return the ledger's rows of a slice's buckets, all of them for none."""
    wanted = set(buckets)
    return [row for row in await ledger.buckets() if not wanted or row.name.decode() in wanted]


async def ids_of(ledger: LedgerReader, buckets: Sequence[str]) -> list[int]:
    """Return the ledger's ids of a slice's buckets, all of them for none."""
    return [row.id for row in await rows_of(ledger, buckets)]


def _plan(rows: Sequence[CutoverRow]) -> CutoverPlan | None:
    """Return what a run does, by its rows; None where they do not say."""
    stored = next((row.plan for row in rows if row.plan is not None), None)
    return None if stored is None else CutoverPlan.parse(stored)
