"""A cutover as clients are told of it. Pure: looks in, wire types out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from core.control.refusal import error_body
from core.control.wire import cutover as wire_cutover
from core.control.wire import state as wire
from core.cutover.cutover_plan import Kind
from core.cutover.machine import FENCED
from core.cutover.readiness import spared
from core.cutover.states import NUMBERS, State
from core.cutover.steps import steps_of
from core.display import count, duration, safe, size
from core.engine.cutting.look import OffLook
from core.engine.cutting.plans import shown_by
from core.model import NS_PER_S, JobKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.control.sync.desk import Freeze
    from core.cutover.balancer import Told
    from core.cutover.cutover_plan import CutoverPlan
    from core.cutover.gate import Gate
    from core.cutover.limits import Limits
    from core.cutover.risk import Risk
    from core.engine.cutting.look import CutoverLook, Expected, RunLook, SliceLook
    from core.engine.cutting.plans import PlannedCutover

_BACK: Final = 13
"""The states of the way back have numbers from here on."""

_NAMED: Final = 2
_NO_COUNT: Final = {
    True: "no backend across at",
    False: "no answer from",
}
"""Of one whose mode is known: its configuration refuses such copies elsewhere, or it is a program
in HAProxy's place. Of one whose mode is not."""


def gate(one: Gate, now_ns: int, left_out: Collection[str] = ()) -> wire_cutover.Gate:
    """Return a gate as it is at a time. left_out: names of those that no start waits for."""
    return wire_cutover.Gate(
        name=one.name,
        verdict=one.verdict,
        evidence=one.evidence,
        age_s=one.age_s(now_ns),
        limit_s=one.limit_s,
        remedy=one.remedy,
        acked=one.acked,
        open=one.is_open(now_ns),
        why=one.why(now_ns),
        spared=one.name in left_out,
    )


def risk(found: Risk | None, now_ns: int) -> wire.Risk | None:
    """Return the data at risk; None before a flip."""
    if found is None:
        return None
    return wire.Risk(
        since_ns=found.since_ns,
        writes=found.writes,
        deletes=found.deletes,
        size_bytes=found.size_bytes,
        oldest_s=max(0.0, (now_ns - found.oldest_ns) / NS_PER_S) if found.oldest_ns else None,
        uncarriable=found.uncarriable,
        carried=found.carried,
        silent_since_ns=found.silent_since_ns,
    )


def writable(told: Sequence[Told]) -> str:
    """Return the side that accepts writes by what all load balancers say (I10)."""
    if not told or not all(one.is_known for one in told):
        return "unknown"
    sides = {mode.writes for one in told for mode in one.modes} - {None}
    if len(sides) > 1:
        return "both"
    return str(next(iter(sides), None) or "none")


def across(told: Sequence[Told]) -> int | None:
    """Return the copies between the sides that all load balancers refused; None: not all count."""
    counts = [one.across for one in told]
    known = [count for count in counts if count is not None]
    return sum(known) if counts and len(known) == len(counts) else None


def across_why(told: Sequence[Told]) -> str:
    """Return why `across` is not known, "" where it is; safe to show."""
    if across(told) is not None:
        return ""
    for known, why in _NO_COUNT.items():
        names = [safe(one.name) for one in told if one.across is None and one.is_known is known]
        if names:
            more = f" and {len(names) - _NAMED} more" if names[_NAMED:] else ""
            return f"{why} {', '.join(names[:_NAMED])}{more}"
    return "no load balancer was heard"


def steps(
    of: CutoverPlan, state: State | None, expected: Sequence[Expected]
) -> tuple[wire_cutover.Step, ...]:
    """Return a plan's steps. state: where the slice stands, None where that says nothing."""
    took = {one.state: one.took_s for one in expected}
    return tuple(
        wire_cutover.Step(
            number=NUMBERS[one.state],
            state=one.state,
            text=one.text,
            undo=one.undo,
            expected_s=took.get(one.state),
            past_return=one.past_return,
            done=state is not None and order(one.state) < order(state) <= _BACK,
        )
        for one in steps_of(of.kind, of.strategy)
    )


def cutover(
    look: CutoverLook, slice_: str, rollback_off: str, freeze: Freeze
) -> wire_cutover.Cutover:
    """Return a look at a slice. rollback_off: why a way back cannot be begun, "" if it can."""
    at = next((one for one in look.slices if one.name == slice_), None)
    state = None if at is None else at.state
    writes = writable(look.balancers or ())
    off, left_out = look.off, spared(Kind.CUTOVER, look.plan.strategy)
    found = steps(look.plan, state, look.expected)
    return wire_cutover.Cutover(
        slice=safe(slice_),
        slices=tuple(_slice(one, writes if one is at else "") for one in look.slices),
        across=across(look.balancers or ()),
        across_why=across_why(look.balancers or ()),
        strategy=look.plan.strategy,
        gates=tuple(gate(one, look.at_ns, left_out) for one in look.gates),
        hash=look.plan.hash,
        word=safe(look.plan.word),
        steps=found,
        limits=_limits(look.plan.limits),
        expected_s=_sum(found),
        fence_expected_s=_held_s(found),
        forecast_s=freeze.forecast_s,
        budget_s=freeze.budget_s,
        lag_s=freeze.lag_s,
        round=freeze.round,
        off=wire_cutover.Off(
            start="\n".join(off.start),
            rehearse="\n".join(off.rehearse),
            abort="\n".join(off.abort),
            commit="\n".join(off.commit),
            rollback=rollback_off,
        ),
        risk=risk(look.risk, look.at_ns),
        runs=tuple(map(_run, look.runs)),
        job=None if at is None else at.job or None,
        live_until_ns=look.live_until_ns,
    )


def plan(
    planned: PlannedCutover,
    expected: Sequence[Expected],
    now_ns: int,
    off: OffLook | None = None,
) -> wire_cutover.CutoverPlan:
    """Return a plan of a cutover, a rehearsal, an abort or a commit; its steps once it is made.

    off: why acts cannot be begun now, beside the gates that were asked for this plan.
    """
    of, error = planned.plan, planned.error
    bare = wire_cutover.CutoverPlan(
        id=planned.id,
        act=planned.kind,
        kind=JobKind.REHEARSE if planned.kind is Kind.REHEARSE else JobKind.CUTOVER,
        state="failed" if error is not None else "making" if of is None else "made",
        slice=safe(planned.slice),
        command=shown_by(planned.kind, planned.slice),
        error=None if error is None else error_body(error),
    )
    if of is None:
        return bare
    found = steps(of, None, expected)
    return msgspec.structs.replace(
        bare,
        args={"act": of.kind.value, "slice": of.slice, "plan": of.hash},
        strategy=of.strategy if of.kind in {Kind.CUTOVER, Kind.REHEARSE} else "",
        hash=of.hash,
        word=safe(of.word),
        off="\n".join(dict.fromkeys([*_hindered(planned.kind, off or OffLook()), *planned.off])),
        about_s=_sum(found),
        pause_s=_held_s(found),
        steps=found,
        limits=_limits(of.limits),
        acked=tuple(map(safe, of.acked)),
        lines=tuple(map(safe, [*_buckets(of), *of.means])),
        gates=tuple(gate(one, now_ns, spared(of.kind, of.strategy)) for one in planned.gates),
    )


def order(state: State) -> int:
    """Return a state's place: 1 to 13, and from 14 on for the way back."""
    number = NUMBERS[state]
    return int(number) if number.isdigit() else _BACK + int(number[1:])


def _hindered(kind: Kind, off: OffLook) -> list[str]:
    """Return why an act is off whatever its gates say."""
    known = {
        Kind.CUTOVER: off.start,
        Kind.REHEARSE: off.rehearse,
        Kind.ABORT: off.abort,
        Kind.COMMIT: off.commit,
    }
    return [line for line in known[kind] if not line.startswith("gate ")]


def _buckets(of: CutoverPlan) -> list[str]:
    """Return the line that says what a slice holds; everything needs none."""
    return [f"buckets {', '.join(of.buckets)}"] if of.buckets else []


def _slice(one: SliceLook, writes: str) -> wire_cutover.Slice:
    return wire_cutover.Slice(
        name=safe(one.name),
        buckets=tuple(map(safe, one.buckets)),
        state=one.state,
        number=NUMBERS[one.state],
        since_ns=one.entered_ns,
        run=safe(one.run),
        job=one.job or None,
        step=one.step,
        undoing=one.undoing,
        deadline_ns=one.deadline_ns,
        writable=writes,
        why=one.why,
    )


def _run(one: RunLook) -> wire_cutover.Run:
    return wire_cutover.Run(
        run=safe(one.run),
        kind=safe(one.kind),
        slice=safe(one.slice),
        actor=safe(one.actor),
        began_ns=one.began_ns,
        ended_ns=one.ended_ns,
        state=one.state,
        why=safe(one.result),
        fence_s=one.fence_s,
    )


def _limits(of: Limits) -> tuple[wire_cutover.Limit, ...]:
    return (
        wire_cutover.Limit(name="pause", text=f"writes wait at most {duration(of.pause_s)}"),
        wire_cutover.Limit(
            name="at risk", text=f"at most {count(of.objects)} objects, {size(of.size_bytes)}"
        ),
    )


def _sum(found: Sequence[wire_cutover.Step]) -> float | None:
    """Return how long a plan's steps took the last time; None where none was done yet."""
    took = [one.expected_s for one in found if one.expected_s is not None]
    return sum(took) if took else None


def _held_s(found: Sequence[wire_cutover.Step]) -> float | None:
    """Return how long writes were held back by them the last time."""
    return _sum([one for one in found if State(one.state) in FENCED])
