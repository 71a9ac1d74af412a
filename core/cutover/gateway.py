"""What a cutover needs of a gateway itself: to be fenced, opened, and asked which it is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.mode import Side


class Hold(StrEnum):
    """Whether a gateway accepts writes to a slice."""

    OPEN = "open"
    FENCED = "fenced"
    UNKNOWN = "unknown"


class Gateway(Protocol):
    """One gateway of vgwm.yaml. buckets: empty for everything.

    Without commands of its own (`can_fence` False) the load balancers alone fence it: a WARN.
    """

    name: str
    side: Side
    url: str
    can_fence: bool

    async def fence(self, buckets: Sequence[str], run: str) -> None:
        """Let it accept no write. Repeatable. Raises NoAnswer, Refused."""
        ...

    async def open(self, buckets: Sequence[str], run: str) -> None:
        """Let it accept writes again. Repeatable. Raises NoAnswer, Refused."""
        ...

    async def state(self, buckets: Sequence[str]) -> Hold:
        """Return what its own command says; UNKNOWN without one, or without an answer."""
        ...
