"""The gates of a cutover in an engine: each is red for a real cause, and refuses a start by name.

What asks the world is a stand-in here; its gates' real causes: tests/integration/cutover/, and
tests/real/test_cutover.py.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from core.config.knobs import Knobs
from core.cutover.cutover_plan import Kind
from core.cutover.gate import Gate
from core.cutover.mode import Mode, Side
from core.cutover.states import State
from core.engine.cutting.looking import look
from core.errors import BadInput, Refused, WrongState
from core.ledger.rows import AnswerRow, EventDraft
from core.model import JobKind
from core.preflight.rows import From, rows
from core.verdict import Answer, Component, Verdict
from tests.integration.cutting.scene import Scene, modes, until
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, run_job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from pathlib import Path

    from core.engine.cutting.plans import PlannedCutover
    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground

WORLDS: Final = ("fence", "lb-1", "canary", "shadow", "uploads", "backups")


class Gated(Scene):
    """A scene that measures gates: all green, but for those that a test makes red."""

    def __init__(self) -> None:
        super().__init__()
        self.red: dict[str, str] = {}
        self.asked_gates: list[list[str]] = []

    async def gates(
        self, buckets: Sequence[str], seed: int, due: Collection[str] = ()
    ) -> list[Gate]:
        del buckets, seed
        self.asked_gates.append(sorted(due))
        now_ns = time.time_ns()
        return [
            Gate(
                name=name,
                verdict=Verdict.FAIL if name in self.red else Verdict.PASS,
                evidence=self.red.get(name, "it answers"),
                at_ns=now_ns,
                limit_s=600,
            )
            for name in WORLDS
            if not due or name in due
        ]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=6, buckets=2)
    make_workspace(made, Knobs(workers=1, freeze_budget=3600, watch_window=1))
    return made


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    async with engine_on(ground) as opened:
        put_scene(opened)
        yield opened


def put_scene(engine: Engine) -> Gated:
    scene = Gated()
    engine.cutovers._world = scene  # noqa: SLF001 - the world of this test
    return scene


def scene_of(engine: Engine) -> Gated:
    scene = engine.cutovers.world()
    assert isinstance(scene, Gated)
    return scene


async def test_each_gate_refuses_by_name_until_its_cause_is_gone(
    engine: Engine, ground: Ground
) -> None:
    left = {"preflight", "keys", "verified", "bound", "diffs", "forecast", "rehearsal"}
    assert await _shut(engine) == left
    assert (await look(engine)).slices[0].state is State.PLANNED

    await _assess_badly(engine)
    assert await _shut(engine) == left - {"preflight"}
    assert (await look(engine)).slices[0].state is State.BASELINE

    await run_job(engine, JobKind.PLAN)
    assert "keys have no end state" in await _why(engine, "keys")
    await run_job(engine, JobKind.COPY)
    left -= {"preflight", "keys"}
    assert await _shut(engine) == left
    assert (await look(engine)).slices[0].state is State.CATCHUP

    await _job(engine, JobKind.VERIFY, {})
    assert await _shut(engine) == left - {"verified"}
    assert "bound was never measured" in await _why(engine, "bound")
    await _job(engine, JobKind.VERIFY, {"full": "1"})
    await _job(engine, JobKind.SYNC, {"mode": "ready"})
    left -= {"verified", "bound", "forecast"}
    assert await _shut(engine) == left

    assert "a person's to read" in await _why(engine, "diffs")
    await engine.cutovers.acknowledge("diffs", "read with bob", "ann")
    assert await _shut(engine) == {"rehearsal"}
    assert (await look(engine)).slices[0].state is State.VERIFIED

    rehearsal = await _planned(engine, Kind.REHEARSE)
    assert rehearsal.off == ()
    await _start(engine, JobKind.REHEARSE, rehearsal)
    assert modes(scene_of(engine)) == {Mode.BLUE}
    assert await _shut(engine) == set()
    seen = await look(engine)
    assert seen.slices[0].state is State.READY
    assert seen.off.start == ()
    assert {one.state for one in seen.expected} >= {State.FENCE, State.FINAL, State.PROVE}

    await _switched(engine, ground)


async def _assess_badly(engine: Engine) -> None:
    """Let a check fail, then warn, then be taken on."""
    await _assess(engine, {"workspace": Verdict.FAIL})
    assert "failed: workspace" in await _why(engine, "preflight")
    await _assess(engine, {"workspace": Verdict.WARN})
    assert "not acknowledged: workspace" in await _why(engine, "preflight")
    await engine.assessments.acknowledge("workspace", "it is a test", "ann")


async def _switched(engine: Engine, ground: Ground) -> None:
    """Start, and look that green stays; then commit."""
    ground.put("bucket0", "late", b"written after the last sync")
    await _start(engine, JobKind.CUTOVER, await _planned(engine))
    assert modes(scene_of(engine)) == {Mode.GREEN}
    assert (await engine.ledger.counters()).migrated == len(ground.bodies)
    assert (await look(engine)).slices[0].state is State.GREEN_LIVE
    with pytest.raises(Refused, match="green is live"):
        await engine.start_job(JobKind.SYNC, {}, "ann", "late")
    with pytest.raises(WrongState, match="GREEN_LIVE"):
        await engine.start_job(JobKind.CUTOVER, {"plan": "00000000"}, "ann", "again")
    await _committed(engine)


@pytest.mark.parametrize("name", WORLDS[:-1])
async def test_a_gate_of_the_world_that_is_red_refuses_with_its_reason(
    engine: Engine, name: str
) -> None:
    scene_of(engine).red[name] = f"{name} is broken"
    assert name in await _shut(engine)
    assert f"gate {name} is fail: {name} is broken" in await _why(engine, name)


async def test_a_policy_that_is_not_offered_refuses_instead_of_another_being_done(
    ground: Ground,
) -> None:
    path = ground.workspace / "vgwm.yaml"
    path.write_text(f"{path.read_text()}cutover: {{final: hinted, hints: fanotify}}\n")
    async with engine_on(ground) as engine:
        put_scene(engine)
        assert "cutover.final: hinted is not offered" in await _why(engine, "final")


async def test_what_nobody_asked_is_shown_as_unknown_and_refuses(engine: Engine) -> None:
    seen = await look(engine)
    asked = {gate.name: gate for gate in seen.gates}
    assert scene_of(engine).asked_gates == []
    assert asked["canary"].verdict is Verdict.UNKNOWN
    assert any("canary was never measured" in line for line in seen.off.start)


async def test_a_gate_that_is_too_old_is_asked_anew_and_never_trusted(engine: Engine) -> None:
    await _planned(engine)
    gathering = engine.cutovers.gathering
    known = [gate for gate in await gathering.gates(()) if gate.name in WORLDS]
    gathering._measured[()] = [  # noqa: SLF001 - time passes for one of them
        replace(gate, at_ns=1) if gate.name == "shadow" else gate for gate in known
    ]
    shown = {gate.name: gate for gate in (await look(engine)).gates}
    assert not shown["shadow"].is_open(time.time_ns())
    await gathering.gates((), measure=True)
    assert scene_of(engine).asked_gates == [[], ["shadow"]]
    shown = {gate.name: gate for gate in (await look(engine)).gates}
    assert shown["shadow"].is_open(time.time_ns())


async def test_a_hash_that_nobody_was_shown_or_that_has_moved_is_refused_with_the_difference(
    engine: Engine,
) -> None:
    shown = await _planned(engine)
    assert shown.plan is not None
    with pytest.raises(Refused, match=r"there is no plan deadbeef .*: vgwm cutover start\."):
        await engine.start_job(JobKind.CUTOVER, {"plan": "deadbeef"}, "ann", "a")
    with pytest.raises(Refused, match="there is no plan  of a cutover"):
        await engine.start_job(JobKind.CUTOVER, {}, "ann", "b")
    await engine.set_knobs({"freeze_budget": "600s"}, "bob")
    with pytest.raises(Refused, match=r"the world has moved since plan .*limits") as raised:
        await engine.start_job(JobKind.CUTOVER, {"plan": shown.plan.hash}, "ann", "c")
    assert raised.value.exit_code == 5
    assert all(lb.told == [] for lb in scene_of(engine).lbs)


async def test_a_hash_confirms_the_same_plan_after_a_restart_of_the_engine(
    ground: Ground,
) -> None:
    async with engine_on(ground) as engine:
        put_scene(engine)
        shown = await _planned(engine)
        assert shown.plan is not None
    async with engine_on(ground) as engine:
        put_scene(engine)
        with pytest.raises(Refused, match="gate preflight"):  # the plan is known: a gate refuses
            await engine.start_job(JobKind.CUTOVER, {"plan": shown.plan.hash}, "ann", "a")


async def test_a_slice_that_is_not_configured_is_no_slice(engine: Engine) -> None:
    with pytest.raises(BadInput, match="there is no slice photos"):
        await engine.cutovers.plans.make(Kind.CUTOVER, "photos", patience_s=1)
    with pytest.raises(BadInput, match="there is no slice photos"):
        await engine.start_job(JobKind.CUTOVER, {"slice": "photos"}, "ann", "a")


async def test_nothing_is_aborted_where_nothing_is_held(engine: Engine) -> None:
    with pytest.raises(WrongState, match="nothing of slice all is held back"):
        await engine.cutovers.abort("all", "ann")


async def _committed(engine: Engine) -> None:
    """Commit once the window is over; a report says what may be taken down, nothing is removed."""

    async def over() -> bool:
        return not (await look(engine)).off.commit

    await until(over)
    commit = await _planned(engine, Kind.COMMIT)
    job = await _start(engine, JobKind.CUTOVER, commit, act="commit")
    assert job > 0
    assert (await look(engine)).slices[0].state is State.COMMITTED
    reports = list((engine.path / "reports").glob("cutover-*.json"))
    assert len(reports) == 1
    assert '"removed":[]' in reports[0].read_text()
    assert scene_of(engine).writer is Side.GREEN


async def _planned(engine: Engine, kind: Kind = Kind.CUTOVER) -> PlannedCutover:
    made = await engine.cutovers.plans.make(kind, "all", patience_s=60)
    assert made.error is None, made.error
    assert made.plan is not None
    return made


async def _shut(engine: Engine) -> set[str]:
    """Return the gates that a start is refused for, by the plan and by the refusal alike."""
    made = await _planned(engine)
    assert made.plan is not None
    by_plan = {line.split()[1] for line in made.off}
    if not by_plan:
        return set()
    with pytest.raises(Refused) as raised:
        await engine.start_job(JobKind.CUTOVER, {"plan": made.plan.hash}, "ann", "try")
    assert all(f"gate {name} " in raised.value.what for name in by_plan)
    assert all(lb.told == [] for lb in scene_of(engine).lbs) or by_plan == {"rehearsal"}
    return by_plan


async def _why(engine: Engine, name: str) -> str:
    return next(line for line in (await _planned(engine)).off if line.split()[1] == name)


async def _start(engine: Engine, kind: JobKind, made: PlannedCutover, act: str = "") -> int:
    assert made.plan is not None
    args = {"plan": made.plan.hash} | ({"act": act} if act else {})
    job = await engine.start_job(kind, args, "ann", f"{kind}-{act}")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state == "done", row.result
    return job


async def _job(engine: Engine, kind: JobKind, args: dict[str, str]) -> None:
    job = await engine.start_job(kind, args, "ann", f"{kind}-{args}")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state == "done", row.result


async def _assess(engine: Engine, verdicts: dict[str, Verdict]) -> None:
    """Store an assessment in which every machine answered."""
    names = [row.id for row in rows(engine.workspace) if row.come is not From.NOTE]
    answers = [
        AnswerRow(
            job=1,
            place=at,
            answer=Answer(
                check=name,
                component=Component.HOST,
                verdict=verdicts.get(name, Verdict.PASS),
                evidence=f"{name} was seen",
                at_ns=time.time_ns(),
            ),
        )
        for at, name in enumerate(names)
    ]
    draft = EventDraft(kind="assess", text="asked")
    await engine.ledger.assessing.answer(answers, "{}", draft)
