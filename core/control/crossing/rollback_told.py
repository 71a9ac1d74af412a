"""The way back as clients are told of it. Pure: plans in, wire types out."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from core.control.crossing.cutover_told import gate, risk
from core.control.wire import cutover as wire_cutover
from core.control.wire import rollback as wire_rollback
from core.cutover.rollback_plan import ALL, Way
from core.cutover.states import NUMBERS, State
from core.display import count, duration, safe, size
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.gate import Gate
    from core.cutover.rollback_plan import BackWish, RollbackPlan


def plan(of: RollbackPlan, runbook: str) -> wire_cutover.CutoverPlan:
    """Return a plan of a rollback: made at once, and not kept. runbook: how it is done by hand."""
    facts, wish = of.facts, of.facts.wish
    args = {"slice": wish.slice, "way": wish.way.value, "plan": of.hash}
    args |= {"origin": wish.origin, "to": wish.to} if wish.way is Way.DATA else {}
    return wire_cutover.CutoverPlan(
        id=0,
        act="rollback",
        kind=JobKind.ROLLBACK,
        state="made",
        slice=safe(wish.slice),
        args=args,
        way=wish.way,
        hash=of.hash,
        word=safe(of.word),
        off=of.off,
        about_s=of.seconds,
        pause_s=of.pause_s,
        steps=_steps(of),
        limits=_limits(of),
        warnings=of.notes,
        risk=risk(of.risk, of.at_ns),
        lost=of.lost_names,
        lost_total=of.lost,
        lines=tuple(
            [f"load balancer {name} {safe(where)}" for name, where in facts.balancers]
            + [f"gateway {name} {side}" for name, side in facts.gateways]
            + [f"backup {safe(name)} {digest[:12]}" for name, digest in facts.backups]
        ),
        command=command(of),
        runbook=runbook,
    )


def rollback(
    of: RollbackPlan, *, state: State, gates: Sequence[Gate], job: int | None
) -> wire_rollback.Rollback:
    """Return the way back as it is now. state: of the slice. gates: of the watch."""
    return wire_rollback.Rollback(
        slice=safe(of.facts.wish.slice),
        way=of.facts.wish.way,
        state=state,
        number=NUMBERS[state],
        hash=of.hash,
        word=safe(of.word),
        off=of.off,
        green=of.facts.green,
        about_s=of.seconds,
        pause_s=of.pause_s,
        risk=risk(of.risk, of.at_ns),
        uncarriable=of.uncarriable_names,
        uncarriable_total=of.risk.uncarriable,
        lost=of.lost_names,
        lost_total=of.lost,
        steps=_steps(of),
        limits=_limits(of),
        notes=of.notes,
        gates=tuple(gate(one, of.at_ns) for one in gates),
        job=job,
        command=command(of),
    )


def unmade(wish: BackWish, state: State) -> wire_rollback.Rollback:
    """Return what is told while the first plan is being made: nothing can be begun by it."""
    return wire_rollback.Rollback(
        slice=safe(wish.slice),
        way=wish.way,
        state=state,
        number=NUMBERS[state],
        off="the plan is being made: green is asked whether it is alive",
    )


def command(of: RollbackPlan) -> str:
    """Return the command that does it, without its confirmation."""
    wish = of.facts.wish
    words = ["vgwm", "rollback", "start"]
    words += [] if wish.slice == ALL else ["--slice", wish.slice]
    words += [] if wish.way is Way.QUICK else [f"--{wish.way}"]
    words += ["--backup-location", wish.origin, "--to", wish.to] if wish.way is Way.DATA else []
    return safe(shlex.join(words))


def _steps(of: RollbackPlan) -> tuple[wire_cutover.Step, ...]:
    return tuple(
        wire_cutover.Step(number=one.number, state=one.state, text=one.text) for one in of.steps
    )


def _limits(of: RollbackPlan) -> tuple[wire_cutover.Limit, ...]:
    most = of.facts.limits
    texts = (
        ("writes", count(most.writes)),
        ("deletes", count(most.deletes)),
        ("bytes", size(most.size_bytes)),
        ("pause", duration(most.duration_s)),
    )
    return tuple(wire_cutover.Limit(name=name, text=f"at most {text}") for name, text in texts)
