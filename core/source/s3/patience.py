"""How often and how long something is asked again: growing pauses, or as long as was asked for.

May import its own room.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from core.source.s3.refusals import LONGEST_WAIT_S

if TYPE_CHECKING:
    from core.source.s3.refusals import Again

TRIES: Final = 5
STALLS: Final = 2
"""An answer that stood still costs half a minute each time: VersityGW opens a fifo for ever."""

_FIRST_S: Final = 0.2
_LONGEST_S: Final = 5.0


def pause_s(again: Again, tried: int) -> float | None:
    """Return how long to wait before the next try; None where there is no sense in one.

    tried: how often it was, >= 1.
    """
    asked_s = again.wait_s
    if tried >= (STALLS if again.stalled else TRIES):
        return None
    if asked_s is not None:
        return asked_s if asked_s <= LONGEST_WAIT_S else None
    grown_s = min(_LONGEST_S, _FIRST_S * 2.0 ** (tried - 1))
    return grown_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads workers, secures nothing


def pause_or_raise(again: Again, tried: int) -> float:
    """Return how long to wait. Raises the error that it comes to where there is no sense in it."""
    wait_s = pause_s(again, tried)
    if wait_s is None:
        raise again.error
    return wait_s
