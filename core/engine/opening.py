"""Opens what a job works with, and waits where waiting can help.

A job that somebody begins now fails at once where its target is silent or does not let us in: that
is an answer, too. One that an earlier engine began waits: nobody is there to begin it again.
May import the hold, the reins and the errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from core.engine.copying.faults import Backoff
from core.errors import CapacityExhausted, Denied, NoAnswer, NodeBusy, VgwmError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.engine.holding import Hold
    from core.engine.reins import Reins

_T = TypeVar("_T")


class Opening:
    """Opens parts of a job's target, one after the other."""

    def __init__(self, hold: Hold, reins: Reins) -> None:
        self._hold = hold
        self._reins = reins

    async def of(self, call: Callable[[], Awaitable[_T]], *, opens: bool = False) -> _T:
        """Return what call returns. It must repeat safely. Raises JobCancelled, and its errors.

        opens: what it returns has to be closed, so that it is not called to see if it would work.
        """
        backoff = Backoff()
        ready = None if opens else _success_of(call)
        while True:
            try:
                opened = await call()
            except CapacityExhausted as fault:
                await self._hold.wait(fault, ready)
            except Denied as fault:
                if not self._reins.taken_up:
                    raise
                await self._hold.wait(fault, ready)
            except NoAnswer as fault:
                if not self._reins.taken_up:
                    raise
                self._reins.waits["target"] = fault.what
                asked_s = fault.wait_s if isinstance(fault, NodeBusy) else 0.0
                await backoff.wait(at_least_s=asked_s)
                await self._reins.checkpoint()
            else:
                self._reins.waits.pop("target", None)
                return opened


def _success_of(
    call: Callable[[], Awaitable[object]],
) -> Callable[[VgwmError], Awaitable[bool]]:
    async def ready(_fault: VgwmError) -> bool:
        try:
            await call()
        except VgwmError:
            return False
        return True

    return ready
