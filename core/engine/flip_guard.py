"""Keeps jobs from green where the ledger does not know that green serves: an old one was put back.

Two marks outside the ledger tell it: the flips beside it (`at-green.json`), which a copy of the
ledger alone does not take back, and the load balancers, which no copy of the workspace does.
May import the engine's parts, the configuration and the ledger.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from core.config.slices import ALL
from core.cutover.cutover_plan import Kind
from core.display import safe
from core.engine.slices import Slices
from core.errors import Broken, Refused
from core.ledger.flip_marks import FILE_NAME
from core.ledger.rows import EventDraft
from core.model import NS_PER_S, JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.premises import Premises
    from core.engine.returning.balancers import Balancers
    from core.ledger.flip_marks import FlipMark

WHERE_TOLD: Final = "docs/rollback.md, A ledger from before the flip"

_BESIDE: Final = frozenset(
    {JobKind.ASSESS, JobKind.VERIFY, JobKind.CHECK, JobKind.BACKUP, JobKind.REVERSE}
)
"""Write nothing to green, and nothing to blue but what this ledger knows to be green's."""

_CROSSING: Final = frozenset({JobKind.CUTOVER, JobKind.REHEARSE, JobKind.ROLLBACK})

_WRITES: Final = frozenset(
    {JobKind.COPY, JobKind.RETRY, JobKind.SYNC, JobKind.REPAIR, JobKind.REBUILD, JobKind.RESTORE}
)
"""Write to green, and ask load balancers first; those that cross ask them by themselves."""


class FlipGuard:
    """Says which jobs of an engine may begin."""

    def __init__(self, premises: Premises, balancers: Balancers) -> None:
        self._premises = premises
        self._balancers = balancers

    async def require(
        self, kind: JobKind, args: Mapping[str, str], *, taken_up: bool = False
    ) -> None:
        """Raise Refused for a job that could write over what clients write to green.

        taken_up: an engine goes on with one that it found. Raises Broken for damaged marks.
        """
        if kind in _BESIDE:
            return
        marks = await self._premises.ledger.cutting.unknown()
        if marks and not _goes_by(kind, args, marks, taken_up=taken_up):
            raise await self._refused(kind, marks)
        if kind in _WRITES:
            await self._require_steered(kind)

    async def against(self, kind: JobKind, args: Mapping[str, str]) -> str:
        """Return why the marks would refuse a job, "" if they do not; for one who looks often.

        Raises Broken for damaged marks.
        """
        marks = await self._premises.ledger.cutting.unknown()
        if not marks or kind in _BESIDE or _goes_by(kind, args, marks, taken_up=False):
            return ""
        return _could(kind, marks)

    async def begin(self) -> None:
        """Mark the flips that stand; say with an event that this ledger is from before one.

        Before any job goes on. Raises nothing that is wrong with the marks: jobs do.
        """
        ledger = self._premises.ledger
        await ledger.cutting.try_settle()
        try:
            marks = await ledger.cutting.unknown()
            told = f"this ledger is from before a flip: {_told(marks)}" if marks else ""
        except Broken as error:
            told = error.what
        if told:
            text = f"{told}; jobs that write are refused"
            await ledger.event(EventDraft(kind="cutover", text=text, level="error"))

    async def _refused(self, kind: JobKind, marks: Sequence[FlipMark]) -> Refused:
        newer = await self._premises.ledger.cutting.newer(marks)
        if newer:
            remedy = f"The backup beside it knows: vgwm engine stop; in the workspace, {newer}."
        else:
            remedy = f"Put a ledger of after that back; if there is none: {WHERE_TOLD}."
        return Refused(
            what=_could(kind, marks),
            where="ledger",
            remedy=remedy,
        )

    async def _require_steered(self, kind: JobKind) -> None:
        """Raise Refused while load balancers send a bucket to green, and no flip of it is known.

        One that is silent hinders nobody: copies are made long before there is one.
        """
        premises = self._premises
        flips = await premises.ledger.cutovers.flips()
        if any(row.slice == ALL for row in flips):
            return
        slices = await Slices.of(premises.workspace, premises.ledger)
        gone = {name for row in flips for name in slices.shown(row.slice)}
        asked = [name for name in slices.there if name not in gone]
        if not asked:
            return
        found = await self._balancers.at_green(asked)
        if found:
            raise Refused(
                what=f"a {kind} could write over what green's clients write: {found}, and the"
                " ledger knows of no flip",
                where="ledger",
                remedy=f"Put a ledger of after the flip back; if there is none: {WHERE_TOLD}.",
            )


def _goes_by(
    kind: JobKind, args: Mapping[str, str], marks: Sequence[FlipMark], *, taken_up: bool
) -> bool:
    """Tell whether a job goes on with a slice that is none of these, or gives its writes back."""
    goes_on = taken_up or args.get("act") == Kind.ABORT
    if kind is not JobKind.ROLLBACK and not (kind in _CROSSING and goes_on):
        return False
    slice_ = args.get("slice", "") or ALL
    return slice_ != ALL and all(one.slice not in {slice_, ALL} for one in marks)


def _could(kind: JobKind, marks: Sequence[FlipMark]) -> str:
    return (
        f"a {kind} could write over what green's clients write: {_told(marks)}, and the ledger is"
        " from before that"
    )


def _told(marks: Sequence[FlipMark]) -> str:
    named = ", ".join(
        f"slice {safe(one.slice)} since"
        f" {datetime.fromtimestamp(one.at_ns // NS_PER_S, tz=UTC):%Y-%m-%d %H:%M:%SZ}"
        for one in marks
    )
    return f"by {FILE_NAME} green serves {named}"
