"""What stands before every act: was it obeyed before, is this its engine, who may give it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from core.display import safe
from core.errors import BadInput, Refused, VgwmError
from core.ledger.rows import EventDraft, RequestMark
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from core.control.lease import Lease
    from core.control.wire import state as wire
    from core.ledger.ledger import Ledger

    # Does the act; remembers the request in the commit of its change.
    Do = Callable[[RequestMark | None], Awaitable[None]]


_LONGEST = {"actor": 200, "request_id": 100, "takeover": 500}


class Orders:
    """Lets an act through once, for the engine and by the operator that it is meant for.

    A request that was obeyed is answered before epoch and lease are looked at: its client repeats
    it because it does not know that, and the engine may be another by now. One act at a time: each
    is a commit or two, and a client that hung up may ask again while its first request is obeyed.
    """

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self._ledger = ledger
        self._lease = lease
        self._turn = asyncio.Lock()

    async def act(self, what: str, order: wire.Command, do: Do) -> None:
        """Do an act that is answered by Done. what: the verb, and what it is done to."""
        _require_short(order)
        async with self._turn:
            mark = _mark(what, order)
            if mark is None or not await self._obeyed(mark):
                async with self._steering(order):
                    await do(mark)

    async def take(self, order: wire.Command) -> None:
        """Take the lease or keep it, and do nothing else."""
        _require_short(order)
        async with self._turn:
            await self._admit(order)

    async def job(self, request: wire.JobRequest, do: Callable[[], Awaitable[int]]) -> int:
        """Begin a job, or return the one that this request began; a rollback takes over."""
        _require_short(request)
        if request.kind == JobKind.ROLLBACK and not request.takeover:
            # nobody waits for another's lease to go back; an event says that it was taken
            request = msgspec.structs.replace(request, takeover="rollback")
        async with self._turn:
            if request.request_id:
                known = await self._ledger.obeyed(request.request_id)
                if known is not None and known.job is not None:
                    return known.job
            async with self._steering(request):
                return await do()

    @asynccontextmanager
    async def _steering(self, order: wire.Command) -> AsyncIterator[None]:
        """Give the actor the lease for an act, and for longer if that comes to something."""
        was_free = self._lease.now() is None
        await self._admit(order)
        try:
            yield
        except VgwmError:
            if was_free:
                self._lease.drop(order.actor)
            raise

    async def _admit(self, order: wire.Command) -> None:
        """Raise Refused unless this engine is meant and the actor may steer it; he does then."""
        epoch = self._ledger.epoch
        if order.expected_epoch not in {None, epoch}:
            raise Refused(
                what=f"the engine was started again: epoch {epoch}, not {order.expected_epoch};"
                " nothing was done",
                where=safe(order.actor),
                remedy="Look at its state again, then repeat what you meant.",
            )
        other = self._lease.other(order.actor)
        if other and not order.takeover:
            raise self._lease.refusal()
        if other:
            await self._ledger.event(
                EventDraft(
                    kind="lease",
                    text=f"took over from {safe(other)}: {safe(order.takeover)}",
                    level="warn",
                    actor=order.actor,
                    facts={"from": safe(other), "reason": safe(order.takeover)},
                )
            )
        self._lease.give(order.actor)

    async def _obeyed(self, mark: RequestMark) -> bool:
        known = await self._ledger.obeyed(mark.id)
        if known is not None and known.what != mark.what:
            raise BadInput(
                what=f"request {safe(mark.id)} was another command",
                where="request_id",
                remedy="Give every command an id of its own.",
            )
        return known is not None


def _require_short(order: wire.Command) -> None:
    """Raise BadInput for words that would swell the ledger: they stay in it."""
    for member, most in _LONGEST.items():
        length = len(getattr(order, member))
        if length > most:
            raise BadInput(
                what=f"{member} has {length} characters",
                where="command",
                remedy=f"It may have {most}.",
            )


def _mark(what: str, order: wire.Command) -> RequestMark | None:
    """Return the order as it is remembered: without what a repeat may carry otherwise."""
    if not order.request_id:
        return None
    told = msgspec.structs.replace(order, request_id="", expected_epoch=None, takeover="")
    return RequestMark(id=order.request_id, what=f"{what} {msgspec.json.encode(told).decode()}")
