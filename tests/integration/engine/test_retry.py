"""Failed objects tried again: what was confirmed, no more, in bundles of their own."""

from __future__ import annotations

import base64
import json
import os
import zlib
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.control.client import Client
from core.control.live import EngineDesk
from core.control.server import build_app
from core.control.wire.failures import PlanRequest
from core.engine.acts.wish import CORRUPT, Deed, Wish
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

    from core.engine.acts.plans import ActPlan
    from core.engine.engine import Engine
    from core.ledger.rows import JobRow
    from tests.integration.engine.ground import Ground

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


async def test_a_list_is_taken_whole_or_not_at_all(copied: Engine) -> None:
    for deed, name, kind, why in [
        (Deed.SKIP, "bucket0/nonesuch", BadInput, "no object of this migration"),
        (Deed.SKIP, "nonesuch/d1/k0001", BadInput, "no object of this migration"),
        (Deed.RETRY, "bucket0", BadInput, "names no object"),
        (Deed.SKIP, "bucket0/d2/k0002", Refused, "recorded already"),
        (Deed.RETRY, "bucket0/d2/k0002", Refused, "recorded already"),
        (Deed.UNSKIP, NAMES[0], Refused, "not skipped"),
    ]:
        with pytest.raises(kind, match=why):
            await copied.acts.plans.make(Wish(deed=deed), [NAMES[0], name], patience_s=30)


async def test_a_repeated_request_begins_one_retry(copied: Engine, wish: Wish) -> None:
    async with Client(build_app(EngineDesk(copied))) as client:
        plan = await client.make_plan(PlanRequest(act="retry", actor="op1"))
        args = {"plan": plan.hash}
        first = await client.start_job("retry", args, actor="op1", request_id="r1")
        await copied.wait(first)  # by now its plan is not as it was shown
        assert await client.start_job("retry", args, actor="op1", request_id="r1") == first
        with pytest.raises(Refused, match="moved"):
            await client.start_job("retry", args, actor="op1", request_id="r2")
        assert len([job for job in (await client.snapshot()).jobs if job.kind == "retry"]) == 1
    assert (await planned(copied, wish)).total.objects == 1


async def test_a_retry_has_copies_and_skips_to_itself(copied: Engine, wish: Wish) -> None:
    plan = await planned(copied, wish)
    job = await copied.start_job(JobKind.RETRY, {"plan": plan.hash}, "op1", "")
    for kind in (JobKind.COPY, JobKind.SKIP, JobKind.UNSKIP, JobKind.RETRY):
        with pytest.raises(WrongState, match=f"job {job} .retry. is"):
            await copied.start_job(kind, {"plan": plan.hash}, "op1", "")
    await copied.wait(job)


async def test_corrupt_is_what_contradicts_its_stored_checksum_when_it_is_read_again(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=9, buckets=1)
    make_workspace(ground, SMALL)
    keys = ["d0/k0000", "d1/k0001", "d2/k0002", "large.bin"]
    names = [("bucket0", key) for key in keys]
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        for name in names:
            store_checksum(ground, name)
        break_objects(ground, names)
        await run_job(engine, JobKind.COPY)
        mend_objects(ground, [names[0], names[1], names[3]])  # the third stays unreadable
        for key in (keys[1], keys[3]):
            rot(ground.source / "bucket0" / key)
        plan = await planned(engine, Wish(deed=Deed.SKIP, code=CORRUPT, reason="rotten"))
        assert plan.wish.places is not None
        assert [place[1].decode() for place in plan.wish.places] == [keys[1], keys[3]]
        assert sum(tally.objects for tally in plan.spared.values()) == 2
        await act(engine, plan)
        counted = await engine.ledger.counters()
        assert (counted.failed, counted.skipped) == (2, 2)
        await engine.ledger.recount()


def store_checksum(ground: Ground, name: tuple[str, str]) -> None:
    """Keep an object's checksum with it, as the gateway does."""
    value = base64.b64encode(zlib.crc32(ground.bodies[name]).to_bytes(4, "big")).decode()
    stored = {"Algorithm": "CRC32", "Type": "FULL_OBJECT", "CRC32": value}
    os.setxattr(ground.source.joinpath(*name), "user.checksums", json.dumps(stored).encode())


def rot(path: Path) -> None:
    """Change one byte behind the gateway's back."""
    body = bytearray(path.read_bytes() or b"?")
    body[-1] ^= 1
    path.write_bytes(body)


async def test_what_waits_to_be_copied_is_not_skipped(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=3, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        with pytest.raises(WrongState, match="waits to be copied"):
            await engine.acts.plans.make(
                Wish(deed=Deed.SKIP, reason="x"), ["bucket0/d0/k0000"], patience_s=30
            )
