"""A sync: rounds until the target keeps up, one round, or rounds until somebody ends it.

May import the ledger, the model and the errors; what runs a round is loaded with the first.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import TYPE_CHECKING, Final

from core.engine.holding import Hold
from core.engine.reins import JobCancelled
from core.engine.syncing.lag import forecast, proof_s
from core.engine.syncing.pending import told
from core.engine.syncing.progress import SyncProgress
from core.engine.syncing.wish import SyncMode, SyncWish
from core.errors import VgwmError, WrongState
from core.ledger.rounds import RoundKind
from core.ledger.rows import EventDraft
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.syncing.hinting import Heard
    from core.engine.syncing.lag import Forecast
    from core.engine.syncing.round_run import Carry
    from core.ledger.rounds import Found, RoundRow

ROUNDS: Final = 8
"""Rounds that a forecast looks back on."""

QUICK_S: Final = 5.0
"""Between two quick rounds: what is named settles meanwhile, and is read once."""

WIDE_S: Final = 60.0
"""A full round that is due because not all has a name begins no sooner behind the one before."""

_REST_STEP_S: Final = 0.5


class Syncs:
    """An engine's syncs. carry: brings an errand's bundles through."""

    quick_s: float = QUICK_S
    wide_s: float = WIDE_S

    def __init__(self, premises: Premises, carry: Carry) -> None:
        self._premises = premises
        self._carry = carry

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a job of this kind does; None if it is no sync. Raises BadInput."""
        if kind is not JobKind.SYNC:
            return None
        wish = SyncWish.of(args)

        async def run(reins: Reins) -> None:
            # what a round needs of the target costs an import that few engines need
            await asyncio.to_thread(import_module, "core.engine.syncing.round_run")
            await self._run(reins, wish)

        return run

    def plan_of(
        self,
        kind: JobKind,
        args: Mapping[str, str],
    ) -> PlanOf | None:
        """Return how accepted deletes are confirmed: they must be those that are due now (I8)."""
        accepted = args.get("accept", "")
        if kind is not JobKind.SYNC or not accepted:
            return None

        async def confirmed() -> bytes:
            from core.engine.syncing.fuse import require_shown  # noqa: PLC0415 - as above

            await require_shown(self._premises, accepted)
            return accepted.encode()

        return confirmed

    async def forecast(self) -> Forecast:
        """Say how long a freeze would take now."""
        premises = self._premises
        rounds = await premises.ledger.rounds.full_rounds(ROUNDS)
        verified = await premises.ledger.newest_job(JobKind.VERIFY)
        budget_s = premises.knobs.freeze_budget
        return forecast(rounds, budget_s=budget_s, proof_s=proof_s(verified))

    async def _run(self, reins: Reins, wish: SyncWish) -> None:
        from core.engine.syncing.hinting import hinting  # noqa: PLC0415 - as above
        from core.engine.syncing.round_run import apply_accepted  # noqa: PLC0415

        hold = Hold(self._premises.ledger, reins)
        if wish.dry_run:
            await self._dry(reins, hold, wish)
            return
        if wish.accept:
            await apply_accepted(self._premises, reins, hold)
        async with hinting(self._premises, reins, wanted=wish.mode is SyncMode.WATCH) as heard:
            while True:
                began_s = time.monotonic()
                await heard.full_round_begins()
                row = await self._round(reins, hold, wish)
                if row.kind is RoundKind.QUICK:
                    continue  # an earlier engine's, brought to its end
                await heard.full_round_ended(row.found)
                if await self._ends(reins, wish):
                    return
                if wish.mode is SyncMode.WATCH:
                    await self._rest(reins, hold, wish, heard, began_s)

    async def _round(
        self,
        reins: Reins,
        hold: Hold,
        wish: SyncWish,
        names: Mapping[bytes, Sequence[bytes]] | None = None,
    ) -> RoundRow:
        """Run a round to its end, and keep what it came to; of names alone where there are any."""
        from core.engine.syncing.round_run import RoundRun  # noqa: PLC0415 - as above

        kind = RoundKind.QUICK if names else RoundKind.FULL
        round_ = RoundRun(self._premises, reins, hold, wish, self._carry, kind=kind, names=names)
        try:
            row = await round_.run()
        except (JobCancelled, VgwmError, ExceptionGroup) as error:
            await round_.stop(getattr(error, "what", "") or "the job was ended")
            raise
        await self._note(reins, hold, row.found)
        return row

    async def _ends(self, reins: Reins, wish: SyncWish) -> bool:
        """Say how the rounds go; tell whether the job has what it was begun for."""
        now = await self.forecast()
        if now.outrun:
            text = "the source writes faster than we copy" + _rates(now)
            event = EventDraft(kind="sync", text=text, level="error", job=reins.id)
            await self._premises.ledger.event(event)
            if wish.mode is SyncMode.READY:
                raise WrongState(
                    what=text,
                    where="sync",
                    remedy="Give it more workers or bandwidth, or a quieter hour; then sync again.",
                )
        if now.ready and wish.mode is not SyncMode.ONCE:
            text = f"ready: a freeze would take {now.freeze_s or 0:.1f} s"
            await self._premises.ledger.event(EventDraft(kind="sync", text=text, job=reins.id))
        elif now.floored and wish.mode is SyncMode.READY:
            budget_s = self._premises.knobs.freeze_budget
            text = (
                f"a freeze would take {now.freeze_s or 0:.1f} s, above freeze_budget"
                f" ({budget_s:.0f} s): the walk alone takes so long, and rounds do not shorten it"
            )
            event = EventDraft(kind="sync", text=text, level="warn", job=reins.id)
            await self._premises.ledger.event(event)
        ends = now.ready or now.floored
        return wish.mode is SyncMode.ONCE or (wish.mode is SyncMode.READY and ends)

    async def _rest(
        self, reins: Reins, hold: Hold, wish: SyncWish, heard: Heard, began_s: float
    ) -> None:
        """Wait until the next full round is due, with quick ones meanwhile, of what is named.

        The knob counts as it is now.
        """
        quick_s = 0.0
        while True:
            await reins.checkpoint()
            now_s = time.monotonic()
            left_s = began_s + self._premises.knobs.round_interval - now_s
            if left_s <= 0:
                return
            if heard.names.wide and now_s >= began_s + self.wide_s:
                text = f"a full round is due: {heard.names.wide}"
                await self._premises.ledger.event(EventDraft(kind="hints", text=text, job=reins.id))
                return
            if now_s >= quick_s:
                if names := await heard.take():
                    await self._round(reins, hold, wish, names)
                quick_s = time.monotonic() + self.quick_s
            await asyncio.sleep(min(left_s, _REST_STEP_S, self.quick_s))

    async def _dry(self, reins: Reins, hold: Hold, wish: SyncWish) -> None:
        """Look what a round would find; only the job itself is written."""
        from core.engine.syncing.round_run import look  # noqa: PLC0415

        found = await look(self._premises, reins, hold, wish)
        await self._note(reins, hold, found)
        event = EventDraft(kind="sync", text=f"a round would find {told(found)}", job=reins.id)
        await self._premises.ledger.event(event)

    async def _note(self, reins: Reins, hold: Hold, found: Found) -> None:
        """Keep what the rounds came to with the job."""
        ledger = self._premises.ledger
        row = await ledger.job(reins.id)
        progress = SyncProgress.parse("" if row is None else row.progress).behind(found)
        await hold.patiently(lambda: ledger.mending.progress(reins.id, progress.text()))


def _rates(now: Forecast) -> str:
    if now.written_s is None or now.copied_s is None:
        return ""
    return f": {now.written_s:.1f} objects/s against {now.copied_s:.1f}"
