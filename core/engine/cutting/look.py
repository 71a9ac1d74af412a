"""What can be seen of a cutover: where its slices stand, its gates, its plan, and why it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.cutover.balancer import Told
    from core.cutover.cutover_plan import CutoverPlan
    from core.cutover.gate import Gate
    from core.cutover.risk import Risk
    from core.cutover.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceLook:
    """A slice. run: "" before its first; job: at work on it, 0 without. step: at work, or "".

    entered_ns: of its state, 0 before the first; flipped_ns: T_flip, 0 without. deadline_ns: until
    when its writes may be held back, 0 while they are not. why: how the last run left it.
    """

    name: str
    buckets: tuple[str, ...]
    state: State
    run: str = ""
    job: int = 0
    step: str = ""
    undoing: bool = False
    entered_ns: int = 0
    flipped_ns: int = 0
    deadline_ns: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How long a state took the last time it was done, by a rehearsal or a run."""

    state: State
    took_s: float
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLook:
    """A run that was.

    kind: cutover, rehearse, rollback. result: how it came to its last state, safe to show.
    fence_s: how long writes were refused, None if they never were.
    """

    run: str
    kind: str
    slice: str
    actor: str
    began_ns: int
    ended_ns: int
    state: State
    result: str
    fence_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OffLook:
    """Why an act cannot be begun now, a reason a line; empty where it can."""

    start: tuple[str, ...] = ()
    rehearse: tuple[str, ...] = ()
    abort: tuple[str, ...] = ()
    commit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoverLook:
    """All of it, for one slice that is asked about, beside where every slice stands.

    plan: what `start` would do now; its hash is what confirms it. balancers: what each says, None
    where nobody was asked. risk: None before a flip. live_until_ns: end of the watch window.
    """

    at_ns: int
    slices: tuple[SliceLook, ...]
    gates: tuple[Gate, ...]
    plan: CutoverPlan
    off: OffLook
    expected: tuple[Expected, ...]
    runs: tuple[RunLook, ...]
    balancers: tuple[Told, ...] | None = None
    risk: Risk | None = None
    live_until_ns: int | None = None
