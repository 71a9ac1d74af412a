"""Slices that `vgwm plan --slice` names are a cutover's, too; each is rehearsed by itself.

The world is a stand-in, and the gates are asked, not held: test_gates.py has them.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.knobs import Knobs
from core.config.workspace import FILE_NAME, load, write
from core.cutover.cutover_plan import Kind, Strategy
from core.cutover.mode import Mode
from core.engine.cutting.looking import look
from core.errors import WrongState
from core.ledger.greenlog import Green, GreenOp
from core.model import JobKind, JobState
from core.verdict import Verdict
from tests.integration.cutting.opened import opened
from tests.integration.cutting.scene import Scene, modes, until
from tests.integration.engine.ground import make_ground, make_workspace, run_job

if TYPE_CHECKING:
    from pathlib import Path

    from core.cutover.gate import Gate
    from core.engine.engine import Engine
    from core.ledger.rows import JobRow
    from tests.integration.engine.ground import Ground

NAMED = {"slices": "first=bucket0,bucket1"}


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The world of every engine of a test, as if it were configured."""
    made = Scene()
    monkeypatch.setattr("core.engine.cutting.outside.Outside", lambda *_: made)
    monkeypatch.setattr("core.cutover.limits.LEAST_PAUSE_S", 600.0)
    return made


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=3, buckets=3)
    make_workspace(made, Knobs(workers=1, freeze_budget=3600))
    return made


async def done(engine: Engine, kind: JobKind, args: dict[str, str]) -> JobRow:
    job = await engine.start_job(kind, args, "ann", os.urandom(4).hex())
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    return row


async def run(engine: Engine, act: Kind, slice_: str) -> JobRow:
    plan = await engine.cutovers.plans.compose(act, slice_)
    kind = JobKind.REHEARSE if act is Kind.REHEARSE else JobKind.CUTOVER
    return await done(engine, kind, {"plan": plan.hash, "slice": slice_})


async def rehearsal(engine: Engine, *buckets: str) -> Gate:
    ((*_, gate),) = [
        [one for one in gates if one.name == "rehearsal"]
        for gates in await engine.cutovers.gathering.known([buckets])
    ]
    return gate


async def names(engine: Engine) -> tuple[str, ...]:
    return (await engine.cutovers.plans.slices()).names


async def test_what_the_plan_names_goes_by_itself_until_another_plan_or_vgwm_yaml_says_else(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        assert (await done(engine, JobKind.PLAN, NAMED)).state is JobState.DONE
        await run_job(engine, JobKind.COPY)
        assert await names(engine) == ("first", "rest")
        plan = await engine.cutovers.plans.compose(Kind.CUTOVER, "first")
        assert (plan.buckets, plan.strategy) == (("bucket0", "bucket1"), Strategy.ROLLING)
        with pytest.raises(WrongState, match="the plan names slices: each goes by itself, first"):
            await run(engine, Kind.CUTOVER, "all")
        shown = json.loads(await engine.ledger.plan() or b"")
        assert shown["strategy"] == "rolling"

        await done(engine, JobKind.PLAN, {"strategy": "blue-green"})
        assert await names(engine) == ("all",)
        await done(engine, JobKind.PLAN, {"slices": "one=bucket2"})
        again = json.loads(await engine.ledger.plan() or b"")
        assert again == json.loads((engine.path / "plan.json").read_bytes())
        assert {name for name in shown if shown[name] != again[name]} == {"slices", "hash"}
        assert await names(engine) == ("one", "rest")
        await run_job(engine, JobKind.PLAN)  # names nothing: the plan stands
        await done(engine, JobKind.PLAN, {"strategy": "rolling"})  # as it does already
        assert (
            await engine.ledger.plan()
            == json.dumps(again, sort_keys=True, separators=(",", ":")).encode()
        )
        assert await names(engine) == ("one", "rest")
        assert (await run(engine, Kind.CUTOVER, "one")).state is JobState.DONE
        assert modes(scene) == {Mode.GREEN}

    path = ground.workspace / FILE_NAME
    told = load(path)
    path.unlink()
    write(
        path,
        msgspec.structs.replace(
            told, cutover=msgspec.structs.replace(told.cutover, slices={"mine": ("bucket1",)})
        ),
    )
    async with opened(ground) as engine:
        assert await names(engine) == ("mine", "rest", "one")
        assert (await engine.cutovers.plans.slices()).buckets("rest") == ("bucket0",)
        row = await done(engine, JobKind.PLAN, NAMED)
        assert (row.state, row.result) == (JobState.FAILED, row.result)
        assert "vgwm.yaml names other slices" in row.result
        await done(engine, JobKind.PLAN, {"strategy": "rolling"})
        taken = json.loads(await engine.ledger.plan() or b"")
        assert [name for name, _ in taken["slices"]] == ["mine", "rest"]
        assert await names(engine) == ("mine", "rest", "one")


async def test_a_bucket_that_the_source_does_not_have_is_in_no_plan(
    ground: Ground, scene: Scene
) -> None:
    del scene
    async with opened(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        before = await engine.ledger.plan()
        row = await done(engine, JobKind.PLAN, {"slices": "one=bucket9"})
        assert "the source has no bucket bucket9" in row.result
        assert await engine.ledger.plan() == before


async def test_a_rehearsal_counts_for_its_own_slice_and_no_other(
    ground: Ground, scene: Scene
) -> None:
    del scene
    async with opened(ground) as engine:
        await done(engine, JobKind.PLAN, NAMED)
        await run_job(engine, JobKind.COPY)
        assert (await rehearsal(engine, "bucket2")).evidence == "none has come to its end"
        row = await run(engine, Kind.REHEARSE, "first")
        assert row.state is JobState.DONE, row.result
        for mine in (("bucket0", "bucket1"), ("bucket1",)):
            assert (await rehearsal(engine, *mine)).verdict is Verdict.PASS
        for other in ((), ("bucket2",), ("bucket0", "bucket2")):
            shut = await rehearsal(engine, *other)
            assert shut.verdict is Verdict.FAIL
            assert shut.evidence == "none has come to its end with these buckets; of first one has"
        for slice_, is_shut in (("first", False), ("rest", True)):
            off = (await look(engine, slice_)).off.start
            assert any(line.startswith("gate rehearsal ") for line in off) is is_shut

        await done(engine, JobKind.PLAN, {"strategy": "blue-green"})
        await run(engine, Kind.REHEARSE, "all")
        assert (await rehearsal(engine)).verdict is Verdict.PASS
        assert (await rehearsal(engine, "bucket2")).verdict is Verdict.FAIL


async def test_a_commit_reports_what_its_own_slice_leaves_on_green(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        await done(engine, JobKind.PLAN, NAMED)
        await run_job(engine, JobKind.COPY)
        for slice_ in ("first", "rest"):
            row = await run(engine, Kind.CUTOVER, slice_)
            assert row.state is JobState.DONE, row.result
            for lb in scene.lbs:  # the other slice's lines are at blue
                lb.mode = Mode.BLUE
            scene.held = False
        ids = {row.name: row.id for row in await engine.ledger.buckets()}
        await engine.ledger.green.begin(list(ids.values()))
        told = [
            Green(ids[name], b"%d" % n, GreenOp.PUT, 5, b"cid", 10, b"d")
            for name, keys in ((b"bucket0", 2), (b"bucket2", 7))
            for n in range(keys)
        ]
        await engine.ledger.green.heard("triggers", told, 1, to_end=True)
        await engine.set_knobs({"watch_window": "1s"}, "ann")

        async def is_over() -> bool:
            return not (await look(engine, "first")).off.commit

        await until(is_over)
        plan = await engine.cutovers.plans.compose(Kind.COMMIT, "first")
        args = {"act": "commit", "slice": "first", "plan": plan.hash}
        row = await done(engine, JobKind.CUTOVER, args)
        assert row.state is JobState.DONE, row.result
        [report] = (engine.path / "reports").glob("cutover-*.json")
        assert json.loads(report.read_bytes())["green_writes_left"] == 2
