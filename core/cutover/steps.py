"""What a plan of a cutover says that will be done, state by state, in words. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from core.cutover.cutover_plan import Kind, Strategy
from core.cutover.states import State


class PlannedStep(NamedTuple):
    """A state with what it does. undo: what undoes it, "" if nothing has to.

    past_return: from here on the way back costs a reverse copy.
    """

    state: State
    text: str
    undo: str = ""
    past_return: bool = False


_OPEN: Final = "gateways opened and asked, then all load balancers to blue"
_READY: Final = (
    PlannedStep(State.PREFLIGHT, "look at configuration, map, socket of each load balancer"),
    PlannedStep(
        State.READY, "hold every gate once more; make, open and hash backups; a round of sync"
    ),
)
_FENCED: Final = (
    PlannedStep(
        State.FENCE,
        "all load balancers to blue_ro, drain, fence the gateways, prove it by writing",
        _OPEN,
    ),
    PlannedStep(State.FINAL, "last round of sync; nothing was written past the gateways", _OPEN),
    PlannedStep(State.PROVE, "every key held against each other; the newest read by green", _OPEN),
)
_COPIED: Final = (
    _FENCED[0],
    _FENCED[1]._replace(text=f"everything copied; {_FENCED[1].text}"),
    _FENCED[2],
)
_SWITCH: Final = (
    PlannedStep(
        State.SWITCH_READS,
        "all load balancers to green_ro, asked by each",
        f"all load balancers to blue_ro, {_OPEN}",
    ),
    PlannedStep(
        State.SWITCH_WRITES,
        "T_flip is stored, all load balancers to green",
        "the way back: vgwm rollback start",
        past_return=True,
    ),
    PlannedStep(
        State.GREEN_LIVE,
        "green is watched, its writes are copied back to blue",
        "the way back: vgwm rollback start",
        past_return=True,
    ),
)
_BACK: Final = (PlannedStep(State.CATCHUP, _OPEN),)
_COMMIT: Final = (
    PlannedStep(
        State.COMMITTED,
        "report; the reverse copy ends, and with it the way back; nothing is removed",
        past_return=True,
    ),
)


def steps_of(kind: Kind, strategy: Strategy = Strategy.BLUE_GREEN) -> tuple[PlannedStep, ...]:
    """Return the steps of a plan of this kind."""
    fenced = _COPIED if strategy is Strategy.BIG_BANG else _FENCED
    if kind is Kind.CUTOVER:
        return (*_READY, *fenced, *_SWITCH)
    if kind is Kind.REHEARSE:
        return (*_READY, *fenced, *_BACK)
    return _COMMIT if kind is Kind.COMMIT else _BACK
