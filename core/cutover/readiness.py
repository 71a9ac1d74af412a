"""How far a slice is before its fence, by its gates: states 1 to 6 follow from jobs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.cutover.cutover_plan import Kind, Strategy
from core.cutover.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.gate import Gate

_WAY: Final[tuple[tuple[State, tuple[str, ...]], ...]] = (
    (State.PREFLIGHT, ("preflight",)),
    (State.BASELINE, ("capacity",)),
    (State.CATCHUP, ("keys",)),
    (State.VERIFIED, ("verified", "bound", "diffs")),
)
"""What a state asks for beside those before it; READY asks for every gate."""

NOT_FOR: Final[dict[Kind, frozenset[str]]] = {
    Kind.REHEARSE: frozenset({"rehearsal", "backups"}),
    Kind.CUTOVER: frozenset({"backups"}),
}
"""Gates that do not hold up a start: a rehearsal is no condition of itself, and backups are made,
opened and hashed by the run, before its fence."""

OF_A_COPY: Final = frozenset({"keys", "verified", "bound", "forecast", "rehearsal", "shadow"})
"""Gates that ask for a copy: a big bang makes it under the fence, and proves it there."""


def reached(gates: Sequence[Gate], now_ns: int) -> State:
    """Return the state that these gates allow. A gate that is not measured here is not asked."""
    shut = {gate.name for gate in gates if not gate.is_open(now_ns)}
    state = State.PLANNED
    for behind, names in _WAY:
        if shut & set(names):
            return state
        state = behind
    return state if shut - NOT_FOR[Kind.CUTOVER] else State.READY


def spared(kind: Kind, strategy: Strategy) -> frozenset[str]:
    """Return the gates that a run of this kind does not wait for."""
    of_a_copy = OF_A_COPY if strategy is Strategy.BIG_BANG else frozenset()
    return NOT_FOR.get(kind, frozenset()) | of_a_copy


def against(
    gates: Sequence[Gate],
    kind: Kind,
    now_ns: int,
    strategy: Strategy = Strategy.BLUE_GREEN,
) -> list[str]:
    """Return why a run of this kind may not begin, a reason a gate; empty if it may."""
    left_out = spared(kind, strategy)
    return [
        f"{gate.why(now_ns)}{f'. {gate.remedy}' if gate.remedy else ''}"
        for gate in gates
        if gate.name not in left_out and not gate.is_open(now_ns)
    ]
