"""The three ways to cut over, spelled out for a plan: which jobs in which order, and what it costs.

Pure. One state machine carries all three; they differ in what is fenced, and for how long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from core.control.wire import plan as wire_plan
from core.display import count, size

STRATEGIES: Final = ("blue-green", "rolling", "big-bang")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a strategy. jobs: the commands that carry it, in order."""

    text: str
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A strategy's whole way for one plan. costs: shown before anything is begun."""

    name: str
    steps: tuple[Step, ...]
    costs: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return it as plain lines."""
        return [
            f"strategy   {self.name}",
            *(f"  {n:>2} {s.text:<58} {', '.join(s.jobs)}" for n, s in enumerate(self.steps, 1)),
            *(f"  cost     {text}" for text in self.costs),
        ]


def told(plan: wire_plan.Plan) -> wire_plan.Plan:
    """Return a plan with its own strategy spelled out in it."""
    way = course(plan)
    steps = [wire_plan.PlanStep(text=step.text, jobs=list(step.jobs)) for step in way.steps]
    return msgspec.structs.replace(plan, steps=steps, costs=list(way.costs))


def course(plan: wire_plan.Plan, name: str = "") -> Course:
    """Spell a strategy out. name: one of STRATEGIES; empty takes the plan's own."""
    chosen = name or plan.strategy
    if chosen == "rolling":
        return _rolling(plan)
    if chosen == "big-bang":
        return _big_bang(plan)
    return _blue_green(plan)


_ROUNDS: Final = Step(text="sync rounds until the lag is small", jobs=("sync",))
_PROVE: Final = Step(text="compare every key, re-read a sample", jobs=("verify",))
_REHEARSE: Final = Step(text="fence, last round, unfence again", jobs=("cutover rehearse",))
_COMMIT: Final = Step(text="give the way back up, after the soak", jobs=("cutover commit",))
_START: Final = ("cutover start",)
_BOTH_SIDES: Final = (
    "while slices are on both sides each bucket has one writer;"
    " CopyObject from a side to the other is refused (501)"
)
_NO_PAUSE: Final = "reads never pause; writes pause while a slice is fenced: its last round"


def _blue_green(plan: wire_plan.Plan) -> Course:
    steps = (
        Step(text=f"copy {_amount(plan)} while blue serves", jobs=("copy",)),
        _ROUNDS,
        _PROVE,
        Step(text="canary on green: put, get, delete", jobs=("cutover plan",)),
        _REHEARSE,
        Step(text="fence writes, last round, verify it, switch all", jobs=("cutover start",)),
        Step(text="soak; green's writes are carried back to blue", jobs=("cutover status",)),
        _COMMIT,
    )
    costs = (_disk(plan), _NO_PAUSE, "back at any time until commit; it costs a reverse copy")
    return Course(name="blue-green", steps=steps, costs=costs)


def _rolling(plan: wire_plan.Plan) -> Course:
    slices = [f"slice {name}: {_buckets(buckets)}" for name, buckets in plan.slices]
    slices = slices or ["slice all: every bucket (name slices: plan --slice, or vgwm.yaml)"]
    steps = [
        Step(text=f"copy {_amount(plan)} inside `windows`, paused outside", jobs=("copy",)),
        _ROUNDS,
        _PROVE,
        Step(text=f"each slice: {_REHEARSE.text}", jobs=_REHEARSE.jobs),
        *(Step(text=f"{each}: fence, last round, switch", jobs=_START) for each in slices),
        _COMMIT,
    ]
    costs = (
        _disk(plan),
        _NO_PAUSE,
        _BOTH_SIDES,
        "the load balancer routes by bucket: it needs a bucket map",
    )
    return Course(name="rolling", steps=tuple(steps), costs=costs)


def _big_bang(plan: wire_plan.Plan) -> Course:
    steps = (
        Step(text="fence all writes", jobs=_START),
        Step(text=f"copy {_amount(plan)}, by the same run", jobs=_START),
        Step(text="compare every key, switch all", jobs=_START),
        _COMMIT,
    )
    costs = (
        _disk(plan),
        "writes are down for the whole copy and its verification: see the estimate",
        "no sync, no rehearsal, and no answer how fast green is before its clients ask",
    )
    return Course(name="big-bang", steps=steps, costs=costs)


def _amount(plan: wire_plan.Plan) -> str:
    return f"{count(plan.objects - plan.skipped)} objects, {size(plan.size_bytes)}"


def _buckets(buckets: list[str]) -> str:
    shown = ", ".join(buckets[:3])
    return shown if len(buckets) <= len(buckets[:3]) else f"{shown} and {len(buckets) - 3} more"


def _disk(plan: wire_plan.Plan) -> str:
    copies = plan.replication or 1
    return (
        f"double disks: {size(plan.size_bytes)} stay on blue,"
        f" {size(plan.size_bytes * copies)} come to green ({copies} copies)"
    )
