"""Where a way back goes on: green is never opened once blue may be open (I10)."""

from __future__ import annotations

import pytest

from core.cutover.balancer import Told
from core.cutover.machine import Step
from core.cutover.mode import Mode
from core.cutover.reading import Reading
from core.cutover.states import Phase, State
from core.cutover.way_back import Entry, entry
from core.ledger.cutovers import CutoverRow


def _rows(*told: tuple[State, Step, Phase]) -> list[CutoverRow]:
    return [
        CutoverRow(
            seq=seq,
            run="r",
            slice="all",
            state=state,
            step=step,
            phase=phase,
            at_ns=seq,
            actor="a",
            plan=None,
            data="",
        )
        for seq, (state, step, phase) in enumerate(told, 1)
    ]


def _seen(*modes: Mode | None) -> Reading:
    return Reading(told=tuple(Told(name=f"lb-{at}", mode=mode) for at, mode in enumerate(modes)))


LIVE = _rows((State.GREEN_LIVE, Step.WATCH, Phase.INTENT))
FENCING = _rows((State.FENCE_GREEN, Step.GREEN_RO, Phase.INTENT))
TRYING = _rows((State.SWITCH_BACK, Step.CANARY, Phase.INTENT))
RO = _rows((State.SWITCH_BACK, Step.BLUE_RO, Phase.INTENT))
SENT = _rows(
    (State.SWITCH_BACK, Step.BLUE_RO, Phase.DONE), (State.SWITCH_BACK, Step.BLUE, Phase.INTENT)
)
BACK_AGAIN = [*SENT, *_rows((State.GREEN_LIVE, Step.ENTER, Phase.DONE))]


@pytest.mark.parametrize(
    ("rows", "modes", "expected"),
    [
        ([], (Mode.GREEN, Mode.GREEN), Entry.BEGIN),
        (LIVE, (Mode.GREEN, Mode.GREEN), Entry.BEGIN),
        (FENCING, (Mode.GREEN_RO, Mode.GREEN), Entry.BEGIN),
        (FENCING, (Mode.GREEN_RO, None), Entry.BEGIN),
        (TRYING, (Mode.GREEN_RO, Mode.GREEN_RO), Entry.SWITCH),
        (TRYING, (Mode.GREEN_RO, None), Entry.BEGIN),
        (RO, (Mode.BLUE_RO, Mode.GREEN_RO), Entry.SWITCH),
        (SENT, (Mode.BLUE_RO, Mode.BLUE_RO), Entry.SWITCH),
        (SENT, (Mode.BLUE, Mode.BLUE_RO), Entry.FINISH),
        (SENT, (Mode.BLUE_RO, None), Entry.FINISH),
        (SENT, (None, None), Entry.FINISH),
        (SENT, (Mode.BLUE, Mode.BLUE), Entry.FINISH),
        (BACK_AGAIN, (Mode.GREEN, Mode.GREEN), Entry.BEGIN),
    ],
)
def test_where_it_goes_on(
    rows: list[CutoverRow], modes: tuple[Mode | None, ...], expected: Entry
) -> None:
    assert entry(rows, _seen(*modes)) is expected
