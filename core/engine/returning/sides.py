"""What a rollback needs of green, of blue and of the copy between them. No more than that.

The real ones: `core.engine.returning.means`. May import this package's types alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.reading import Trouble
    from core.cutover.rollback_plan import Green
    from core.engine.reins import Reins
    from core.ledger.greenlog import GreenRow


class GreenSide(Protocol):
    """The side that is left."""

    async def health(self, *, fresh: bool) -> Green:
        """Say how much of it answers, within seconds; silence is dead (I7). fresh: ask now."""
        ...

    async def hold(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Let its gateways refuse writes by themselves; say which is not seen to. Repeatable.

        One without commands is said where load balancers cannot fence it: elsewhere they alone do.
        """
        ...

    async def release(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Let its gateways accept writes again; say which is not seen to. Repeatable."""
        ...

    async def prove_fenced(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Try to write through every listener and at every gateway that is held; say who let it."""
        ...

    async def silent(self, buckets: Sequence[str]) -> list[Trouble]:
        """Say which of its gateways do not answer at all."""
        ...


class ReverseCopy(Protocol):
    """What brings green's writes to blue."""

    async def catch_up(self, reins: Reins) -> None:
        """Carry what is waiting while green is still open: the pause gets shorter."""
        ...

    async def ready(self) -> None:
        """Raise BadInput, NoAnswer where nothing could be carried: no private writer, no keys."""
        ...

    async def listen(self) -> None:
        """Read the feed to its end; nothing is carried. Repeatable.

        Raises what the table says: then nobody knows what green took.
        """
        ...

    async def finish(self, reins: Reins) -> None:
        """Carry all that green accepted: read the feed to its end, then until nothing waits.

        Raises CapacityExhausted, Denied, NoAnswer, Broken. Repeatable.
        """
        ...

    async def off(self) -> None:
        """End the private writer: from here on nobody but clients writes on blue."""
        ...

    async def end(self, buckets: Sequence[str]) -> None:
        """Let buckets be blue's again: after the last load balancer read back blue. Repeatable."""
        ...


class BlueSide(Protocol):
    """The side that clients come back to. gateways: how many of it are named."""

    @property
    def gateways(self) -> int:
        """How many of it are named."""
        ...

    async def differs(self, rows: Sequence[GreenRow]) -> list[tuple[GreenRow, str]]:
        """Compare keys that green took with what stands on blue; return those that differ."""
        ...

    async def open(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Let every gateway accept writes, and ask each; say who does not."""
        ...

    async def canary(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Put, get and delete an object at each gateway itself; say where that failed."""
        ...

    async def silent(self, buckets: Sequence[str]) -> list[Trouble]:
        """Say which of its gateways do not answer at all, by the names that the others use.

        Raises BadInput where the keys are absent with which they are asked.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """All three."""

    green: GreenSide
    copy: ReverseCopy
    blue: BlueSide
