"""What several load balancers say at one time, side by side."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.cutover.balancer import Told
from core.errors import VgwmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.balancer import Balancer
    from core.cutover.mode import Mode


class Trouble(NamedTuple):
    """Who is in the way, by its name in vgwm.yaml, and why; both safe to show."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The answers of all, in the order of vgwm.yaml."""

    told: tuple[Told, ...]

    @property
    def mode(self) -> Mode | None:
        """Return the mode that each of them has for every bucket; None where there is no such."""
        modes = {told.mode for told in self.told}
        return modes.pop() if len(modes) == 1 else None

    @property
    def modes(self) -> frozenset[Mode]:
        """Return every mode that anybody has for any bucket."""
        return frozenset(mode for told in self.told for mode in told.modes)

    @property
    def silent(self) -> tuple[Trouble, ...]:
        """Return those of whom it is unknown (I7)."""
        return tuple(
            Trouble(told.name, told.why or "unknown") for told in self.told if not told.is_known
        )

    def beside(self, mode: Mode) -> tuple[Trouble, ...]:
        """Return those that are not seen at a mode with every bucket, and where they are."""
        return tuple(
            Trouble(told.name, f"it is not at {mode} but {told.mode or f'unknown, {told.why}'}")
            for told in self.told
            if told.mode is not mode
        )

    def reloaded(self, before: Reading) -> tuple[str, ...]:
        """Return who runs as another process than it did: somebody restarted or reloaded it."""
        earlier = {told.name: told.process for told in before.told if told.process}
        return tuple(
            told.name
            for told in self.told
            if told.process and earlier.get(told.name, told.process) != told.process
        )


async def read(
    balancers: Sequence[Balancer], buckets: Sequence[str], mute: Sequence[Trouble] = ()
) -> Reading:
    """Ask all at once. buckets: empty for everything.

    mute: those that did not answer a moment ago; they are unknown without being asked again.
    """
    why = {trouble.name: trouble.why for trouble in mute}
    asked = (_get(one, buckets, why.get(one.name, "")) for one in balancers)
    return Reading(told=tuple(await asyncio.gather(*asked)))


async def _get(one: Balancer, buckets: Sequence[str], mute: str) -> Told:
    if mute:
        return Told(name=one.name, mode=None, why=mute, at_ns=time.time_ns())
    try:
        return await one.get(buckets)
    except VgwmError as error:
        return Told(name=one.name, mode=None, why=error.what, at_ns=time.time_ns())
