"""An old configuration turned into rows: what becomes of each key, and why. Pure.

Source: the operator guide's table of keys, section 3 of the command's contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.legacy import carrying, rules
from core.config.legacy.decisions import nearest
from core.config.legacy.row import Act, Row, State
from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from core.config.legacy.context import Context
    from core.config.legacy.entry import Legacy


def convert(legacy: Legacy, context: Context) -> tuple[Row, ...]:
    """Return the rows of a conversion: those of the old file in its order, then the new ones.

    Raises BadInput for a backend that is not converted, and for decisions that name nothing here or
    that cannot be.
    """
    work = carrying.carry(legacy, context)
    for rule in rules.ALL:
        rule(work)
    _accept(work)
    rows = tuple(draft.row() for draft in work.drafts)
    _refuse_unmatched(rows, context)
    return rows


def _accept(work: carrying.Work) -> None:
    wanted = work.context.decisions.accept
    for draft in work.drafts:
        if not draft.id or draft.id not in wanted or draft.accepted:
            continue
        row = draft.row()
        if Act.ACCEPT not in row.acts:
            raise BadInput(
                what=f"{safe(draft.id)} can not be accepted: {_why_not(row)}",
                where="--accept",
                remedy="Correct it in the old file, --drop it, or --set its path.",
            )
        draft.accepted = True
        draft.remarks.append("accepted")
        if draft.state is State.UNKNOWN:
            draft.state = State.KEPT


def _why_not(row: Row) -> str:
    if row.state is State.PROBLEM:
        return f"it is a problem: {row.reason}"
    if row.secret:
        return "a secret is always a reference"
    return "there is nothing to accept"


def _refuse_unmatched(rows: tuple[Row, ...], context: Context) -> None:
    decisions = context.decisions
    known = {row.id for row in rows if row.id}
    for option, wanted in (("--accept", decisions.accept), ("--drop", decisions.drop)):
        for name in sorted(wanted - known):
            near = nearest(name, known)
            raise BadInput(
                what=f"there is no key {safe(name)}",
                where=option,
                remedy=f"Did you mean {safe(near)}?" if near else "Write it as the diff shows it.",
            )
    for row in rows:
        if row.id in decisions.drop and row.state not in (State.DROPPED, State.PROBLEM):
            raise BadInput(
                what=f"{safe(row.id)} can not be dropped: nobody wrote it",
                where="--drop",
                remedy=f"Give it another value: --set {safe(row.path)}=VALUE.",
            )
