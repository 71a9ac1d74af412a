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
_FIRST_S: Final = 0.2
_LONGEST_S: Final = 5.0


def pause_s(again: Again, tried: int) -> float:
    """Return how long to wait before the next try. tried: how often it was, >= 1.

    Raises the error that the answer comes to where there is no sense in a next one.
    """
    asked_s = again.wait_s
    if tried >= TRIES or (asked_s is not None and asked_s > LONGEST_WAIT_S):
        raise again.error
    if asked_s is not None:
        return asked_s
    grown_s = min(_LONGEST_S, _FIRST_S * 2.0 ** (tried - 1))
    return grown_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads workers, secures nothing
