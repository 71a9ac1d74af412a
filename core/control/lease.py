"""The controller lease: one operator steers at a time, and every other one knows who.

Held per actor, not per screen: the same actor is never refused. It lives in the engine's memory, so
a new epoch begins without a holder; what it protects against is a second pair of hands, and these
see the new epoch first (`expected_epoch`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.control.wire import state as wire
from core.display import duration, safe
from core.errors import LeaseHeld

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE_S = 60.0
"""How long it is held after the holder's last contact, an act or a look (`cutover.md` 2)."""


@dataclass(slots=True)
class _Held:
    actor: str
    since_ns: int
    heard_s: float


class Lease:
    """Who may act. clock: monotonic seconds; wall: UTC nanoseconds."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._held: _Held | None = None

    def now(self) -> wire.Lease | None:
        """Return who holds it, None if it is free."""
        held = self._current()
        if held is None:
            return None
        heard_s = self._clock() - held.heard_s
        return wire.Lease(
            holder=safe(held.actor),
            since_ns=held.since_ns,
            heard_s=heard_s,
            free_s=LEASE_S - heard_s,
        )

    def other(self, actor: str) -> str:
        """Return the holder that an act of this actor would meet, "" if there is none."""
        held = self._current()
        return "" if held is None or held.actor == actor else held.actor

    def hear(self, actor: str) -> None:
        """Note a sign of life: it keeps the lease of its holder, and gives nobody one."""
        held = self._current()
        if held is not None and held.actor == actor:
            held.heard_s = self._clock()

    def give(self, actor: str) -> None:
        """Let this actor hold it from now on."""
        held = self._current()
        if held is not None and held.actor == actor:
            held.heard_s = self._clock()
        else:
            self._held = _Held(actor, self._wall(), self._clock())

    def drop(self, actor: str) -> None:
        """Let it be free again, if it is this actor's."""
        if self._held is not None and self._held.actor == actor:
            self._held = None

    def refusal(self) -> LeaseHeld:
        """Return what an act of another is answered."""
        held = self._current()
        assert held is not None  # noqa: S101 - asked only after `other` named somebody
        return LeaseHeld(
            what=f"{safe(held.actor)} steers, heard "
            f"{duration(self._clock() - held.heard_s)} ago, for "
            f"{duration((self._wall() - held.since_ns) / 1e9)}",
            where="lease",
            remedy=f"Wait until they are silent for {LEASE_S:.0f} s, or take over: "
            "--takeover REASON",
        )

    def _current(self) -> _Held | None:
        if self._held is not None and self._clock() - self._held.heard_s >= LEASE_S:
            self._held = None
        return self._held
