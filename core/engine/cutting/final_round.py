"""The last round, under the fence: the whole source walked, what it finds carried and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.holding import Hold
from core.engine.syncing.round_run import RoundRun
from core.engine.syncing.wish import SyncMode, SyncWish
from core.ledger.rounds import RoundKind

if TYPE_CHECKING:
    from core.engine.engine import Engine
    from core.engine.reins import Reins
    from core.engine.syncing.round_run import Carry


async def last_round(engine: Engine, reins: Reins, carry: Carry) -> list[str]:
    """Bring the target up to the fenced source; return what of it is left undone.

    Raises Refused where deletes wait for somebody's yes, and what hinders a round.
    """
    hold = Hold(engine.ledger, reins)
    wish = SyncWish(mode=SyncMode.ONCE)
    round_ = RoundRun(engine, reins, hold, wish, carry, kind=RoundKind.LAST)
    try:
        await round_.run()
    except BaseException:
        await round_.stop("the fence was given up")
        raise
    rounds, counted = engine.ledger.rounds, await engine.ledger.counters()
    dirty, due = await rounds.dirty(), await rounds.due_count()
    left = {
        "keys changed and are not carried": dirty,
        "deletes wait": due,
        "keys have no end state": counted.remaining - dirty - due,
        "keys failed": counted.failed,
    }
    return [f"{n} {what}" for what, n in left.items() if n > 0]
