"""Looks at a workspace's cutover: from the ledger, and from what the world was last heard to say.

    look = await Looking(engine.workspace, engine.ledger, ...).look("all")

May import the ledger and the cutover's pure parts.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.cutover.cutover_plan import ALL, Kind, Strategy
from core.cutover.gate import unwatched
from core.cutover.machine import BACK, FENCED, Standing, standing
from core.cutover.readiness import against, reached
from core.cutover.risk import risk
from core.cutover.states import State
from core.display import safe
from core.engine.cutting.look import CutoverLook, Expected, OffLook, RunLook, SliceLook
from core.engine.cutting.timing import fence_s, took_of
from core.engine.jobs import beside
from core.engine.slices import ids_of
from core.errors import VgwmError
from core.model import NS_PER_S, JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.cutover.balancer import Told
    from core.cutover.gate import Gate
    from core.engine.engine import Engine
    from core.engine.slices import Slices
    from core.ledger.cutovers import CutoverLooks, CutoverRow

RUNS: Final = 20


async def look(engine: Engine, slice_: str = ALL, *, balancers: Sequence[Told] = ()) -> CutoverLook:
    """Return where everything stands; nobody outside is asked. balancers: what they said last.

    Raises BadInput for a slice that is none.
    """
    now_ns, ledger = time.time_ns(), engine.ledger
    plan = await engine.cutovers.plans.compose(Kind.CUTOVER, slice_)
    slices = await engine.cutovers.plans.slices()
    asked = [plan.buckets, *map(slices.shown, slices.names)]
    gates, *known = await engine.cutovers.gathering.known(asked)
    newest = {row.slice: row for row in await ledger.cutovers.newest()}
    flips = {row.slice: row for row in await ledger.cutovers.flips()}
    runs = await ledger.cutovers.runs(RUNS)
    return CutoverLook(
        at_ns=now_ns,
        slices=await _slices(engine, dict(zip(slices.names, known, strict=True)), slices, newest),
        gates=tuple(engine.watch.gates(slice_))
        or (unwatched(State(newest[slice_].state)) if slice_ in flips else tuple(gates)),
        plan=plan,
        off=await _off(engine, slice_, gates, now_ns, plan.strategy),
        expected=await expected(ledger.cutovers, runs, slice_),
        runs=tuple([await run_of(ledger.cutovers, first, last) for first, last in runs]),
        balancers=tuple(balancers) or None,
        risk=await risk(ledger, buckets=await ids_of(ledger, plan.buckets)) if flips else None,
        live_until_ns=_until(flips.get(slice_), engine.knobs.watch_window),
    )


async def _slices(
    engine: Engine,
    gates: Mapping[str, Sequence[Gate]],
    slices: Slices,
    newest: Mapping[str, CutoverRow],
) -> tuple[SliceLook, ...]:
    """Return where each slice stands: by its rows, or by its own gates before a fence."""
    at_work, now_ns = await engine.cutovers.at_work(), time.time_ns()
    found = []
    for name in slices.names:
        mine = at_work if at_work is not None and at_work.slice == name else None
        bare = SliceLook(
            name=name,
            buckets=slices.shown(name),
            state=reached(gates[name], now_ns),
            job=0 if mine is None else mine.job,
        )
        last = newest.get(name)
        rows = [] if last is None else await engine.ledger.cutovers.of_run(last.run)
        found.append(_slice(bare, standing(rows), rows))
    return tuple(found)


def _slice(bare: SliceLook, at: Standing | None, rows: Sequence[CutoverRow]) -> SliceLook:
    """Return where a slice stands. bare: as its gates have it. rows: of its newest run."""
    if at is None:
        return bare
    stands = at.state in FENCED | BACK | {State.GREEN_LIVE, State.COMMITTED}
    return replace(
        bare,
        state=at.state if stands or bare.job else bare.state,
        run=at.run,
        step="" if at.begun is None else at.begun,
        undoing=at.undoing,
        entered_ns=at.entered_ns,
        flipped_ns=at.flipped_ns,
        deadline_ns=at.until_ns if at.state in FENCED and not at.flipped_ns else 0,
        why="" if bare.job else why_of(rows[-1]),
    )


async def _off(
    engine: Engine, slice_: str, gates: Sequence[Gate], now_ns: int, strategy: Strategy
) -> OffLook:
    other = _other(engine)
    start, rehearse = list(other), list(other)
    for act, reasons in ((Kind.CUTOVER, start), (Kind.REHEARSE, rehearse)):
        reasons.extend(await _not_there(engine, act, slice_))
        reasons.extend(against(gates, act, now_ns, strategy))
    return OffLook(
        start=tuple(start),
        rehearse=tuple(rehearse),
        abort=tuple(
            []
            if await _is_at_work(engine, slice_)
            else await _not_there(engine, Kind.ABORT, slice_)
        ),
        commit=tuple(other + await _not_there(engine, Kind.COMMIT, slice_)),
    )


async def _not_there(engine: Engine, act: Kind, slice_: str) -> list[str]:
    try:
        why = await engine.flips.against(JobKind.CUTOVER, {"slice": slice_, "act": act})
        if why:
            return [why]
        await engine.cutovers.require_state(act, slice_)
    except VgwmError as error:
        return [error.what]
    return []


async def _is_at_work(engine: Engine, slice_: str) -> bool:
    at_work = await engine.cutovers.at_work()
    return at_work is not None and at_work.slice == slice_


def _other(engine: Engine) -> list[str]:
    """Return the jobs that a cutover may not be beside."""
    return [
        f"job {one.id} ({one.kind}) is {one.state}"
        for one in engine.jobs.reins()
        if not beside(JobKind.CUTOVER, one.kind)
    ]


async def expected(
    looks: CutoverLooks, runs: Sequence[tuple[CutoverRow, CutoverRow]], slice_: str
) -> tuple[Expected, ...]:
    """Return how long states took the last time each came to its end: in this slice, else in any.

    runs: first and last row of each, the newest run first.
    """
    found: dict[State, Expected] = {}
    for first, last in sorted(runs, key=lambda run: run[0].slice != slice_):
        rows = await looks.of_run(first.run)
        for state, took_s in took_of(rows).items():
            if state not in found:
                found[state] = Expected(state=state, took_s=took_s, at_ns=last.at_ns)
    return tuple(sorted(found.values(), key=lambda one: list(State).index(one.state)))


async def run_of(looks: CutoverLooks, first: CutoverRow, last: CutoverRow) -> RunLook:
    """Return a run that was, by its rows."""
    said = _said(last.data)
    return RunLook(
        run=first.run,
        kind=_said(first.data).get("kind", "rollback"),
        slice=first.slice,
        actor=first.actor,
        began_ns=first.at_ns,
        ended_ns=last.at_ns,
        state=State(last.state),
        result=said.get("why", ""),
        fence_s=fence_s(await looks.of_run(first.run)),
    )


def why_of(row: CutoverRow) -> str:
    """Return why a row is what it is, "" if it does not say; safe to show."""
    return safe(_said(row.data).get("why", ""))


def _said(data: str) -> dict[str, str]:
    """Return the texts of a row's data; a row of the way back has a plain text."""
    if not data.startswith("{"):
        return {"why": data}
    return {name: str(value) for name, value in json.loads(data).items()}


def _until(flip: CutoverRow | None, window_s: float) -> int | None:
    return None if flip is None else flip.at_ns + round(window_s * NS_PER_S)
