"""A plan tells the times of its own steps, as they took the last time."""

from __future__ import annotations

import pytest

from core.control.crossing.cutover_told import plan
from core.cutover.cutover_plan import CutoverPlan, Kind, Strategy
from core.cutover.limits import Limits
from core.cutover.states import State
from core.engine.cutting.look import Expected, OffLook
from core.engine.cutting.plans import PlannedCutover

TOOK = {
    State.READY: 4.0,
    State.FENCE: 1.0,
    State.FINAL: 2.0,
    State.PROVE: 3.0,
    State.SWITCH_READS: 0.5,
    State.SWITCH_WRITES: 0.25,
}


def planned(kind: Kind, *buckets: str) -> PlannedCutover:
    made = CutoverPlan(
        workspace="9f2c1a7e",
        kind=kind,
        slice="all",
        buckets=buckets,
        strategy=Strategy.BLUE_GREEN,
        steps=(),
        means=(),
        policies=(),
        limits=Limits(30.0),
    )
    return PlannedCutover(id=1, kind=kind, slice="all", plan=made)


@pytest.mark.parametrize(
    ("kind", "about_s", "pause_s"),
    [
        (Kind.CUTOVER, 10.75, 6.75),
        (Kind.REHEARSE, 10.0, 6.0),
        (Kind.ABORT, None, None),
        (Kind.COMMIT, None, None),
    ],
)
def test_a_plan_takes_as_long_as_its_own_steps_took(
    kind: Kind, about_s: float | None, pause_s: float | None
) -> None:
    expected = [Expected(state=state, took_s=took_s, at_ns=1) for state, took_s in TOOK.items()]
    told = plan(planned(kind), expected, 2)
    assert (told.about_s, told.pause_s) == (about_s, pause_s)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_plan_says_why_its_act_is_off_beside_the_gates_that_were_asked_for_it(kind: Kind) -> None:
    known = OffLook(
        start=("slice all is GREEN_LIVE", "gate canary was never measured"),
        rehearse=("slice all is GREEN_LIVE",),
        abort=("nothing of slice all is held back",),
        commit=("the watch window is open for another 9 s",),
    )
    told = plan(planned(kind), (), 2, known)
    assert told.off.splitlines() == [
        {
            Kind.CUTOVER: known.start[0],
            Kind.REHEARSE: known.rehearse[0],
            Kind.ABORT: known.abort[0],
            Kind.COMMIT: known.commit[0],
        }[kind]
    ]


def test_i8_the_plan_of_a_slice_names_its_buckets_and_each_reason_once() -> None:
    why = "vgwm.yaml names slices"
    known = OffLook(start=(why, "gate canary was never measured"))
    asked = planned(Kind.CUTOVER, "photos", "th\x1bumbs")
    asked.off = (why,)
    told = plan(asked, (), 2, known)
    assert (told.lines[0], told.off) == ("buckets photos, th\\u{1b}umbs", why)
