"""What a cutover needs of whatever routes clients: HAProxy, or a command of the operator's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.cutover.mode import Mode, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a load balancer says. mode: None where that is unknown (I7), or not one for all slices.

    by_slice: the mode of each bucket asked for, None for one that it does not name. why: of an
    unknown one, safe to show. process: its pid; another one than before means somebody reloaded it.
    owner: the run that its map names, "" for none. across: copies from one side's bucket to the
    other's that it refused since it started, None where it does not count them. at_ns: UTC.
    """

    name: str
    mode: Mode | None
    by_slice: tuple[tuple[str, Mode | None], ...] = ()
    why: str = ""
    process: str = ""
    owner: str = ""
    across: int | None = None
    at_ns: int = 0

    @property
    def modes(self) -> frozenset[Mode]:
        """Return every mode that it has for any bucket asked for."""
        found = {mode for _, mode in self.by_slice} | {self.mode}
        return frozenset(mode for mode in found if mode is not None)

    @property
    def is_known(self) -> bool:
        """Tell whether what it does is known for every bucket asked for."""
        if self.mode is not None:
            return True
        return bool(self.by_slice) and all(mode is not None for _, mode in self.by_slice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """What of a side's writes is still under way. requests: in work and waiting.

    total: requests ever begun; a drain has ended when it stands for 300 ms with none in work.
    """

    requests: int
    total: int


class Balancer(Protocol):
    """One load balancer. A time-out is unknown: what was sent may still be done.

    buckets: names of the slice's buckets; empty for everything (the map's line `/`). Methods raise
    Denied, NodeUnreachable, NoAnswer, ForeignPlan (another workspace's map), BadInput.
    """

    name: str
    modes: frozenset[Mode]
    """Those that it can do. Without BLUE_RO and GREEN_RO the gateways' own fence carries it."""

    listeners: tuple[str, ...]
    """URLs at which clients reach it."""

    async def ready(self, run: str) -> list[str]:
        """Look whether it can be steered: its configuration, map, socket and owner.

        Return what is wrong, safe to show; nothing is changed.
        """
        ...

    async def set(self, buckets: Sequence[str], mode: Mode, run: str) -> None:
        """Bring buckets to a mode, durably first, and read it back."""
        ...

    async def get(self, buckets: Sequence[str]) -> Told:
        """Return what it does now; of one that does not answer, that this is unknown."""
        ...

    async def busy(self, side: Side) -> Busy | None:
        """Return what of a side's writes is under way; None where it cannot say."""
        ...

    async def under_way(self, side: Side) -> Mapping[str, int] | None:
        """Return each of a side's writes that is under way, by a name of its own.

        Beside it how often it was woken: of one write that grows only, so that another one in its
        place is known from it. None where it cannot say.
        """
        ...
