"""The assessment as a job of the engine: stored before seen, a gate, taken on by name."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.errors import BadInput, Refused, WrongState
from core.ledger.rows import AnswerRow, Saying
from core.model import JobKind
from core.preflight.rows import rows
from core.verdict import Answer, Component, Verdict
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, run_job

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=8, buckets=1)
    make_workspace(made, Knobs(workers=1))
    return made


async def states(engine: Engine) -> dict[str, Verdict]:
    return {one.answer.check: one.answer.verdict for one in await engine.ledger.answers()}


async def assessed(engine: Engine, **args: str) -> dict[str, Verdict]:
    """Run an assessment to its end; return the state of every row."""
    job = await engine.start_job(JobKind.ASSESS, args, "op1", "")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state == "done", row.result
    return await states(engine)


def spoil_table(ground: Ground) -> None:
    """Put another program's table where ours will stand."""
    ground.target.mkdir(exist_ok=True)
    with closing(sqlite3.connect(ground.target / "objects.db")) as conn:
        conn.execute("CREATE TABLE versitygw_objects(name TEXT)")


async def test_every_row_has_an_answer_with_evidence_and_a_way_on(ground: Ground) -> None:
    async with engine_on(ground) as engine:
        assert set(await assessed(engine)) == {row.id for row in rows(engine.workspace)}
        for one in await engine.ledger.answers():
            assert one.answer.evidence, one
            assert one.answer.remedy or one.answer.verdict is Verdict.PASS, one


async def test_i5_the_answers_are_there_for_the_next_engine(ground: Ground) -> None:
    async with engine_on(ground) as engine:
        before = await assessed(engine)
    async with engine_on(ground) as engine:
        assert await states(engine) == before


async def test_a_fail_refuses_plan_copy_and_retry_and_names_the_check_and_its_remedy(
    ground: Ground,
) -> None:
    spoil_table(ground)
    async with engine_on(ground) as engine:
        assert (await assessed(engine))["ydb"] is Verdict.FAIL
        for kind in (JobKind.PLAN, JobKind.COPY, JobKind.RETRY):
            with pytest.raises(Refused, match="check ydb failed") as refused:
                await engine.start_job(kind, {}, "op1", "")
            assert "vgwm assess --only ydb" in refused.value.remedy
            assert len(refused.value.remedy) > len("Then ask again: vgwm assess --only ydb.")
        (ground.target / "objects.db").unlink()
        assert (await assessed(engine, only="ydb"))["ydb"] is not Verdict.FAIL
        assert (await run_job(engine, JobKind.PLAN)).state == "done"


async def test_a_fail_of_a_row_that_is_no_more_refuses_nothing(ground: Ground) -> None:
    """Its gateway was taken out of vgwm.yaml: `assess --only gateway` has nothing to ask."""
    failed = Answer(
        check="gateway",
        component=Component.GATEWAY,
        verdict=Verdict.FAIL,
        evidence="its certificate has ended",
        at_ns=1,
    )
    async with engine_on(ground) as engine:
        job = await engine.ledger.add_job(JobKind.ASSESS, {}, "op1", "r")
        await engine.ledger.assessing.answer([AnswerRow(job=job, place=0, answer=failed)], "{}")
        with pytest.raises(BadInput, match="no check gateway"):
            await engine.start_job(JobKind.ASSESS, {"only": "gateway"}, "op1", "")
        await engine.assessments.require_passable(JobKind.PLAN)
        assert "gateway" not in await assessed(engine)


async def test_what_was_never_assessed_refuses_nothing(ground: Ground) -> None:
    spoil_table(ground)
    async with engine_on(ground) as engine:
        assert (await run_job(engine, JobKind.PLAN)).state == "done"


async def test_a_warning_is_taken_on_with_a_reason_and_kept_over_runs_and_engines(
    ground: Ground,
) -> None:
    async with engine_on(ground) as engine:
        assert (await assessed(engine, only="backups"))["backups"] is Verdict.WARN
        with pytest.raises(BadInput):
            await engine.assessments.acknowledge("backups", "  ", "op1")
        await engine.assessments.acknowledge("backups", "tape elsewhere", "op1")
        await assessed(engine, only="backups")
    async with engine_on(ground) as engine:
        (said,) = await engine.ledger.said()
        assert (said.kind, said.name, said.who, said.text) == (
            *(Saying.ACK, "backups", "op1", "tape elsewhere"),
        )
        assert said.at_ns > 0


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS, None])
async def test_nothing_but_a_warning_can_be_taken_on(
    ground: Ground, verdict: Verdict | None
) -> None:
    async with engine_on(ground) as engine:
        if verdict is not None:
            job = await engine.ledger.add_job(JobKind.ASSESS, {}, "op1", "r")
            answer = Answer(
                check="ydb",
                component=Component.METADATA,
                verdict=verdict,
                evidence="seen",
                at_ns=1,
            )
            await engine.ledger.assessing.answer([AnswerRow(job=job, place=0, answer=answer)], "{}")
        with pytest.raises(Refused, match="only a warning can be taken on"):
            await engine.assessments.acknowledge("ydb", "because", "op1")
        assert await engine.ledger.said() == []


async def test_a_note_answers_a_manual_item_and_nothing_that_a_machine_can_tell(
    ground: Ground,
) -> None:
    async with engine_on(ground) as engine:
        assert (await assessed(engine, only="windows"))["windows"] is Verdict.UNKNOWN
        with pytest.raises(Refused, match="asked of a machine"):
            await engine.assessments.note("host", "fine", "op1")
        await engine.assessments.note("windows", "Sunday 02:00 to 06:00", "op1")
        assert (await assessed(engine, only="windows"))["windows"] is Verdict.PASS


async def test_a_check_that_there_is_not_is_named_before_anything_begins(ground: Ground) -> None:
    async with engine_on(ground) as engine:
        for args in ({"only": "capacty"}, {"measure": "soon"}):
            with pytest.raises(BadInput):
                await engine.start_job(JobKind.ASSESS, args, "op1", "")
        with pytest.raises(BadInput, match="no check nowhere"):
            await engine.assessments.acknowledge("nowhere", "x", "op1")
        assert await engine.ledger.jobs() == []


async def test_one_run_at_a_time_and_beside_every_other_job(ground: Ground) -> None:
    async with engine_on(ground) as engine:
        first = await engine.start_job(JobKind.ASSESS, {}, "op1", "")
        with pytest.raises(WrongState):
            await engine.start_job(JobKind.ASSESS, {}, "op1", "")
        plan = await engine.start_job(JobKind.PLAN, {}, "op1", "")
        for job in (first, plan):
            await engine.wait(job)
            row = await engine.ledger.job(job)
            assert row is not None
            assert row.state == "done"


async def test_a_cancelled_run_keeps_the_answers_that_it_has_and_the_old_ones(
    ground: Ground,
) -> None:
    async with engine_on(ground) as engine:
        before = await assessed(engine)
        job = await engine.start_job(JobKind.ASSESS, {}, "op1", "")
        await engine.cancel(job, "op1")
        await engine.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state == "cancelled"
        assert await states(engine) == before


async def test_a_run_that_was_broken_off_is_taken_up_by_the_next_engine(ground: Ground) -> None:
    async with engine_on(ground) as engine:
        job = await engine.start_job(JobKind.ASSESS, {}, "op1", "")
        await asyncio.sleep(0)
    async with engine_on(ground) as engine:
        await engine.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state == "done"
        assert set(await states(engine)) == {one.id for one in rows(engine.workspace)}
