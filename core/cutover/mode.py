"""Where a slice's requests go, and which side may write. Pure.

The order blue, blue_ro, green_ro, green is the only way forward, and back: with each step done on
every load balancer before the next begins, no two sides ever accept writes (I10).
"""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """The old gateway, and the one in front of the new backend."""

    BLUE = "blue"
    GREEN = "green"


class Mode(StrEnum):
    """What a load balancer does with a slice; the words stand in its map."""

    BLUE = "blue"
    BLUE_RO = "blue_ro"  # blue reads, writes get 503 and Retry-After
    GREEN_RO = "green_ro"
    GREEN = "green"

    @property
    def side(self) -> Side:
        """Return who answers reads."""
        return Side.BLUE if self in {Mode.BLUE, Mode.BLUE_RO} else Side.GREEN

    @property
    def writes(self) -> Side | None:
        """Return who accepts writes, None if nobody does."""
        return {Mode.BLUE: Side.BLUE, Mode.GREEN: Side.GREEN}.get(self)


def one_writer(modes: set[Mode]) -> bool:
    """Tell whether several load balancers in these modes leave one side at most that writes."""
    return len({mode.writes for mode in modes} - {None}) <= 1
