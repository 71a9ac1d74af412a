"""Failed objects tried again: what was confirmed, no more, in bundles of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.wish import Deed, Wish
from core.errors import BadInput, Refused, WrongState
from core.ledger.rows import Disposition
from core.model import JobKind
from tests.integration.engine.broken import break_objects, mend_objects
from tests.integration.engine.ground import (
    engine_on,
    make_ground,
    make_workspace,
    run_job,
)
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.act_plans import ActPlan
    from core.engine.engine import Engine
    from core.ledger.rows import JobRow

SMALL = Knobs(workers=2, batch_size=20)
BROKEN = [("bucket0", "d1/k0001"), ("bucket0", "d3/k0010"), ("bucket1", "d0/k0007")]
NAMES = [f"{bucket}/{key}" for bucket, key in BROKEN]


async def planned(engine: Engine, wish: Wish, *names: str) -> ActPlan:
    plan = await engine.acts.plans.make(wish, names, patience_s=30)
    assert plan.hash, plan.error
    return plan


async def act(engine: Engine, plan: ActPlan, *, request: str = "") -> JobRow:
    kind = JobKind(plan.wish.deed)
    job = await engine.start_job(kind, {"plan": plan.hash}, "op1", request)
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state == "done", row
    return row


@pytest.fixture
def wish() -> Wish:
    return Wish(deed=Deed.RETRY, max_attempts=5)


async def test_a_retry_recovers_what_was_mended_and_lists_the_rest_again(
    tmp_path: Path, wish: Wish
) -> None:
    ground = make_ground(tmp_path)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        assert (await run_job(engine, JobKind.PLAN)).state == "done"
        break_objects(ground, BROKEN)
        assert (await run_job(engine, JobKind.COPY)).state == "done"
        assert (await engine.ledger.counters()).failed == 3
        mend_objects(ground, BROKEN[:2])
        plan = await planned(engine, wish)
        assert (plan.total.objects, len(plan.shares)) == (3, 1)
        await act(engine, plan)
        counted = await engine.ledger.counters()
        assert (counted.failed, counted.remaining, counted.requeued) == (1, 0, 0)
        (left,) = await engine.ledger.failures()
        assert (left.key, left.tries, left.disposition) == (b"d0/k0007", 2, Disposition.FAILED)
        said = [e for e in await engine.ledger.last_events(20) if e.kind == "retry"]
        assert said[-1].actor == "op1"
        assert "tried 3 failed objects again: 2 recovered, 1 still failed, 0 gone" in said[-1].text
        await engine.ledger.recount()
        mend_objects(ground, BROKEN[2:])
        await act(engine, await planned(engine, wish))
        assert await engine.ledger.failures() == []
        await engine.ledger.recount()
    assert bodies(ground.target) == ground.bodies


async def test_a_plain_copy_leaves_failed_objects_alone(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=10, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        break_objects(ground, BROKEN[:1])
        await run_job(engine, JobKind.COPY)
        mend_objects(ground, BROKEN[:1])
        await run_job(engine, JobKind.COPY)
        assert (await engine.ledger.counters()).failed == 1


async def test_i8_a_plan_is_refused_with_the_difference_once_the_world_has_moved(
    tmp_path: Path, wish: Wish
) -> None:
    ground = make_ground(tmp_path)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        break_objects(ground, BROKEN)
        await run_job(engine, JobKind.COPY)
        plan = await planned(engine, wish)
        await act(
            engine, await planned(engine, wish, NAMES[0])
        )  # fails again: tries and time moved
        with pytest.raises(Refused, match="moved"):
            await act(engine, plan)
        skip = Wish(deed=Deed.SKIP, reason="lost for good")
        plan = await planned(engine, wish)
        await act(engine, await planned(engine, skip, NAMES[0]))
        with pytest.raises(Refused, match="unreadable in copy 3 -> 2"):
            await act(engine, plan)
        with pytest.raises(Refused, match="no plan 00000000"):
            await engine.start_job(JobKind.RETRY, {"plan": "00000000"}, "op1", "")
        with pytest.raises(Refused, match="no plan"):
            await engine.start_job(JobKind.SKIP, {"plan": plan.hash}, "op1", "")


async def test_a_skip_is_counted_for_ever_and_can_be_taken_back(tmp_path: Path, wish: Wish) -> None:
    ground = make_ground(tmp_path)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        break_objects(ground, BROKEN)
        await run_job(engine, JobKind.COPY)
        await act(engine, await planned(engine, Wish(deed=Deed.SKIP, reason="old"), *NAMES[:2]))
        counted = await engine.ledger.counters()
        assert (counted.failed, counted.skipped, counted.remaining) == (1, 2, 0)
        await engine.ledger.recount()
        waived = await engine.ledger.failures(limit=2)
        assert {(row.who, row.why, row.disposition) for row in waived} == {
            ("op1", "old", Disposition.WAIVED)
        }
        assert (await planned(engine, wish)).total.objects == 1  # a retry takes no skipped one
        await act(engine, await planned(engine, Wish(deed=Deed.UNSKIP), NAMES[0]))
        counted = await engine.ledger.counters()
        assert (counted.failed, counted.skipped) == (2, 1)
        assert (counted.skips_made, counted.skips_undone) == (2, 1)
        await engine.ledger.recount()


@pytest.mark.parametrize(
    ("deed", "name", "kind", "why"),
    [
        (Deed.SKIP, "bucket0/nonesuch", BadInput, "no object of this migration"),
        (Deed.SKIP, "nonesuch/d1/k0001", BadInput, "no object of this migration"),
        (Deed.RETRY, "bucket0", BadInput, "names no object"),
        (Deed.SKIP, "bucket0/d2/k0002", Refused, "recorded already"),
        (Deed.RETRY, "bucket0/d2/k0002", Refused, "recorded already"),
        (Deed.UNSKIP, NAMES[0], Refused, "not skipped"),
    ],
)
async def test_a_list_is_taken_whole_or_not_at_all(
    copied: Engine, deed: Deed, name: str, kind: type[Exception], why: str
) -> None:
    with pytest.raises(kind, match=why):
        await copied.acts.plans.make(Wish(deed=deed), [NAMES[0], name], patience_s=30)


async def test_what_waits_to_be_copied_is_not_skipped(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=3, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        with pytest.raises(WrongState, match="waits to be copied"):
            await engine.acts.plans.make(
                Wish(deed=Deed.SKIP, reason="x"), ["bucket0/d0/k0000"], patience_s=30
            )
