"""The rounds of a cutover: one right before the fence, and the last, under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from core.engine.holding import Hold
from core.engine.slices import rows_of
from core.engine.syncing.hinting import hinting
from core.engine.syncing.round_run import OPEN, RoundRun
from core.engine.syncing.wish import SyncMode, SyncWish
from core.ledger.counters import ALL
from core.ledger.rounds import RoundKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from core.engine.copying.errand import Errand
    from core.engine.premises import Premises
    from core.engine.reins import Reins


class Carry(Protocol):
    """Brings an errand's bundles through; without one every bundle that is planned."""

    def __call__(self, reins: Reins, errand: Errand | None = None) -> Awaitable[None]:
        """Return when they are through. Raises JobCancelled, and what stops a copy."""
        ...


async def catch_up(premises: Premises, reins: Reins, carry: Carry) -> None:
    """Bring the target up to the source while clients write on. Raises what hinders a round.

    Where hints name what was written under that round's walk, a quick one carries it: the last
    round, which trusts no hint, has the less to carry.
    """
    async with hinting(premises, reins) as heard:
        await _round(premises, reins, carry, RoundKind.FULL)
        if names := await heard.take(settled=False):
            await _round(premises, reins, carry, RoundKind.QUICK, names)


async def last_round(
    premises: Premises,
    reins: Reins,
    carry: Carry,
    buckets: Sequence[str] = (),
    *,
    copies: bool = False,
) -> list[str]:
    """Bring the target up to the source; return what is left undone of buckets, none for all.

    Clients write on to the buckets of other slices: what that leaves is for their own round.
    copies: what was planned and never copied is copied first.
    Raises Refused where deletes wait for somebody's yes, and what hinders a round.
    """
    if copies and await premises.ledger.in_states(*OPEN, limit=1, made_by=0):
        await carry(reins)
    await _round(premises, reins, carry, RoundKind.LAST)
    rounds = premises.ledger.rounds
    ids = [row.id for row in await rows_of(premises.ledger, buckets)] if buckets else []
    counted = [await premises.ledger.counters(one) for one in ids or (ALL,)]
    dirty, due = await rounds.dirty(ids), await rounds.due_count(ids)
    remaining = sum(one.remaining for one in counted)
    left = {
        "keys changed and are not carried": dirty,
        "deletes wait": due,
        "keys have no end state": remaining - dirty - due,
        "keys failed": sum(one.failed for one in counted),
    }
    return [f"{n} {what}" for what, n in left.items() if n > 0]


async def _round(
    premises: Premises,
    reins: Reins,
    carry: Carry,
    kind: RoundKind,
    names: Mapping[bytes, Sequence[bytes]] | None = None,
) -> None:
    hold, wish = Hold(premises.ledger, reins), SyncWish(mode=SyncMode.ONCE)
    round_ = RoundRun(premises, reins, hold, wish, carry, kind=kind, names=names)
    try:
        row = await round_.run()
        if row.kind is not kind:  # one that was cut off, brought to its end: it proves nothing
            await round_.run()
    except BaseException:
        await round_.stop("the cutover was given up")
        raise
