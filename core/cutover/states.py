"""The states of a cutover and of the way back, in their order. Pure.

Each is entered, done or undone by a row of the ledger's `cutover` table: intent, effect, read-back,
done. What a state does, and what is done with it when an engine finds it at its start, is
`core.cutover.machine`'s.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a slice stands. The words are those of screens, commands and the ledger."""

    PLANNED = "PLANNED"
    PREFLIGHT = "PREFLIGHT"
    BASELINE = "BASELINE"
    CATCHUP = "CATCHUP"
    VERIFIED = "VERIFIED"
    READY = "READY"
    FENCE = "FENCE"
    FINAL = "FINAL"
    PROVE = "PROVE"
    SWITCH_READS = "SWITCH_READS"
    SWITCH_WRITES = "SWITCH_WRITES"
    GREEN_LIVE = "GREEN_LIVE"
    COMMITTED = "COMMITTED"
    FENCE_GREEN = "FENCE_GREEN"  # R1
    REVERSE = "REVERSE"  # R2
    VERIFY_BLUE = "VERIFY_BLUE"  # R3
    SWITCH_BACK = "SWITCH_BACK"  # R4


_FORWARD: Final = 13
"""How many states lead forward; those of the way back follow."""

NUMBERS = {
    state: (str(number) if number <= _FORWARD else f"R{number - _FORWARD}")
    for number, state in enumerate(State, 1)
}
"""What a state is called beside its word: 1 to 13, R1 to R4."""


class Phase(StrEnum):
    """What a row of the ledger says of a step."""

    INTENT = "intent"
    DONE = "done"
    UNDONE = "undone"
