"""The machine of the way back: from where it begins, and where a rollback goes on. Pure.

Green is fenced before blue may write, on every load balancer: so at every moment, after every
crash, one side at most accepts writes (I10). The table: `docs/rollback.md`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.cutover.machine import BACK, Step
from core.cutover.mode import Mode
from core.cutover.states import Phase, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.reading import Reading
    from core.ledger.cutovers import CutoverRow

FROM: Final = frozenset({State.GREEN_LIVE, *BACK})
"""Where a slice has to stand for a rollback to begin, or to go on."""

FENCE_LIMIT_S: Final = 30.0
"""How long R1 may take before green is opened again."""

DEAD_LIMIT_S: Final = 90.0
"""The same with green dead: what hangs there ends with HAProxy's own time-out, 60 s."""

BLUE_OPENED: Final = "blue's gateways were opened before"
"""What the first row of a run says behind one that had come to R4."""

_RO: Final = frozenset({Mode.GREEN_RO, Mode.BLUE_RO})


def not_back(slice_: str, state: State) -> str:
    """Return why a slice in a state that is none of FROM has nothing to go back from."""
    if state is State.COMMITTED:
        return f"slice {slice_} is {state}: green stays, and its writes go to blue no more"
    return f"slice {slice_} stands at {state}: green does not serve it"


class Entry(StrEnum):
    """Where a rollback that begins, or that an engine finds, goes on."""

    BEGIN = "begin"  # R1, and all behind it; a fence that stands is proven again
    SWITCH = "switch"  # R4 from its beginning: nobody writes, all is on blue
    FINISH = "finish"  # blue may be open somewhere: blue everywhere, and nothing else


def entry(rows: Sequence[CutoverRow], seen: Reading) -> Entry:
    """Return where a slice's way back goes on. rows: of its newest run; seen: now.

    Once `blue` may have been sent to a load balancer, green is never opened again.
    """
    here = [row for row in rows if row.state == State.SWITCH_BACK]
    known = not seen.silent and bool(seen.modes)
    if known and seen.modes == {Mode.BLUE}:
        return Entry.FINISH  # by hand, from the runbook
    if not is_switching(rows):
        return Entry.BEGIN
    sent = any(row.step == Step.BLUE and row.phase == Phase.INTENT for row in here)
    if sent and not (known and seen.modes <= _RO):
        return Entry.FINISH
    return Entry.SWITCH if known and seen.modes <= _RO else Entry.BEGIN


def is_switching(rows: Sequence[CutoverRow]) -> bool:
    """Tell whether R4 was begun and is not done. rows: of the slice's newest run."""
    return bool(rows) and rows[-1].state == State.SWITCH_BACK


def may_open_green(rows: Sequence[CutoverRow]) -> bool:
    """Tell whether giving up may open green: not once R4 has opened blue's gateways.

    rows: of the slice's newest run.
    """
    if not rows or rows[-1].state == State.GREEN_LIVE:
        return True
    return not any(row.state == State.SWITCH_BACK or row.data == BLUE_OPENED for row in rows)
