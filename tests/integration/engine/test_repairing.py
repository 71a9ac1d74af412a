"""Checks and repairs over a directory target, with real files: each kind found, planned, mended."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.repairing.progress import RepairProgress
from core.engine.repairing.steps import AT_ONCE
from core.errors import BadInput, Refused, WrongState
from core.model import JobKind
from core.verify.difference import Ill
from core.verify.report_reading import differences
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.keeping import all_rows, change, ended
from tests.integration.engine.repairing import (
    checked,
    files,
    flip,
    planned,
    repaired,
    table_of,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=25, buckets=2)
    make_workspace(made, Knobs(workers=1, batch_size=10))
    return made


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    async with engine_on(ground) as running:
        row = await migrate(running)
        assert row.state == "done", row.result
        yield running


async def test_a_sound_target_has_no_differences_and_nothing_to_mend(
    engine: Engine, ground: Ground
) -> None:
    report, found = await checked(engine, ground)
    assert found == {}
    plan = await planned(engine)
    assert (plan.report.name, plan.plan.steps) == (report, [])
    with pytest.raises(BadInput, match="no step"):
        await engine.start_job(JobKind.REPAIR, {"plan": plan.plan.hash}, "tester", "r")


async def test_rows_come_back_to_the_byte_whatever_was_done_to_them(
    engine: Engine, ground: Ground
) -> None:
    before = all_rows(table_of(ground))
    change(
        table_of(ground),
        "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'",
        "UPDATE versitygw_objects SET cid='bafkwrong', size=size+1 WHERE s3_key LIKE 'd2/%'",
        "UPDATE versitygw_objects SET metadata=replace(metadata,'text/plain','a/b')"
        " WHERE s3_key LIKE 'd3/%'",
        "UPDATE versitygw_objects SET created_at=1 WHERE s3_key LIKE 'd4/%'",
        "INSERT INTO versitygw_objects SELECT bucket,s3_key||'~',cid,size,created_at,updated_at,"
        "metadata,pin_status FROM versitygw_objects WHERE s3_key='large.bin'",
    )
    report, found = await checked(engine, ground)
    assert found == {
        Ill.NO_ROW: 8,
        Ill.WRONG_CID: 8,
        Ill.WRONG_SIZE: 8,
        Ill.WRONG_METADATA: 14,
        Ill.ORPHAN_ROW: 2,
    }
    touched = all_rows(table_of(ground))
    came = await repaired(engine, await planned(engine, report))
    assert all_rows(table_of(ground)) == before
    assert (came.written, came.removed, came.left) == (30, 2, 0)
    folder = max(ground.workspace.glob("reports/repair-*"))
    kept = [json.loads(line) for line in (folder / "rows-before.ndjson").read_text().splitlines()]
    assert len(kept) == 24  # 22 that were replaced, 2 that were removed
    assert all(tuple(row) in touched for row in kept)
    assert await checked(engine, ground) == (f"check-{int(report[6:]) + 2}", {})


async def test_what_a_sync_changed_since_is_as_sound_and_mended_as_the_rest(
    engine: Engine, ground: Ground
) -> None:
    """New tags on the same bytes make a row and no bundle: their text is at the source alone."""
    tagged = ground.source / "bucket0" / "d1" / "k0001"
    os.setxattr(tagged, "user.X-Amz-Tagging", b'{"team":"ops"}')
    (ground.source / "bucket0" / "d2" / "k0002").unlink()
    ground.put("bucket1", "new", b"came later")
    job = await engine.start_job(JobKind.SYNC, {"mode": "once"}, "tester", "sync")
    assert (await ended(engine, job)).state == "done"
    before = all_rows(table_of(ground))
    report, found = await checked(engine, ground)
    assert found == {}
    change(
        table_of(ground),
        "DELETE FROM versitygw_objects WHERE s3_key IN ('d1/k0001','new')",
        "UPDATE versitygw_objects SET size=size+1 WHERE s3_key='d3/k0003'",
    )
    report, found = await checked(engine, ground)
    assert found == {Ill.NO_ROW: 3, Ill.WRONG_SIZE: 2}
    assert (await repaired(engine, await planned(engine, report))).left == 0
    assert all_rows(table_of(ground)) == before

    change(table_of(ground), "DELETE FROM versitygw_objects WHERE s3_key='d1/k0001'")
    os.setxattr(tagged, "user.X-Amz-Tagging", b'{"team":"other"}')
    report, found = await checked(engine, ground)
    came = await repaired(engine, await planned(engine, report))
    assert (came.written, came.left) == (1, 1)  # bucket1's of that key was never tagged


async def test_rows_without_a_json_of_everything_are_mended_by_their_content(
    tmp_path: Path,
) -> None:
    """`extended` has no mark in a row: it is ours where its CID is the ledger's."""
    ground = make_ground(tmp_path, objects=8, buckets=1)
    make_workspace(ground, Knobs(workers=1), profile="extended")
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        before = all_rows(table_of(ground), "object_mappings")
        change(
            table_of(ground),
            "DELETE FROM object_mappings WHERE s3_key='d1/k0001'",
            "UPDATE object_mappings SET size=size+1 WHERE s3_key='d2/k0002'",
            "UPDATE object_mappings SET access_count=7, accessed_at=9 WHERE s3_key='d3/k0003'",
            "UPDATE object_mappings SET cid='bafkgreen' WHERE s3_key='d4/k0004'",
        )
        green = [
            row for row in all_rows(table_of(ground), "object_mappings") if row[1] == "d4/k0004"
        ]
        report, found = await checked(engine, ground)
        assert found == {Ill.NO_ROW: 1, Ill.WRONG_SIZE: 1, Ill.WRONG_CID: 1}
        came = await repaired(engine, await planned(engine, report))
        assert (came.written, came.left) == (2, 1)
        after = {row[1]: row for row in all_rows(table_of(ground), "object_mappings")}
        assert after.pop("d4/k0004") == green[0]
        assert after.pop("d3/k0003")[23] == 7
        assert set(after.values()) <= set(before)


async def test_a_bucket_without_a_row_of_its_own_gets_it_back_and_others_stay(
    engine: Engine, ground: Ground
) -> None:
    buckets = all_rows(table_of(ground), "versitygw_buckets")
    change(
        table_of(ground),
        "DELETE FROM versitygw_buckets WHERE name='bucket0'",
        "UPDATE versitygw_buckets SET metadata='{\"owner\":\"GREEN\"}' WHERE name='bucket1'",
    )
    changed = all_rows(table_of(ground), "versitygw_buckets")
    report, found = await checked(engine, ground)
    assert found == {Ill.NO_ROW: 1}
    came = await repaired(engine, await planned(engine, report))
    assert (came.written, came.left) == (1, 0)
    assert all_rows(table_of(ground), "versitygw_buckets") == [buckets[0], *changed]


async def test_i10_what_green_may_own_is_neither_overwritten_nor_removed(
    engine: Engine, ground: Ground
) -> None:
    change(
        table_of(ground),
        "UPDATE versitygw_objects SET cid='bafkgreen', metadata='{\"v\":1}'"
        " WHERE s3_key LIKE 'd1/%'",
        "INSERT INTO versitygw_objects VALUES('bucket0','of-green','bafk',1,1,1,'{}',2)",
    )
    before = all_rows(table_of(ground))
    report, found = await checked(engine, ground)
    assert found == {Ill.WRONG_CID: 8, Ill.WRONG_METADATA: 8}
    came = await repaired(engine, await planned(engine, report))
    assert all_rows(table_of(ground)) == before
    assert (came.written, came.left) == (0, 8)
    assert came.reasons == {"the present row is not ours": 8}


async def test_files_and_manifests_come_back_from_file_and_source(
    engine: Engine, ground: Ground
) -> None:
    cars, manifests = files(ground, "bundles"), files(ground, "manifests")
    before = {path: path.read_bytes() for path in (*cars, *manifests)}
    cars[0].unlink()
    manifests[0].unlink()
    manifests[2].unlink()
    report, found = await checked(engine, ground)
    assert found == {Ill.NO_PIN: 1, Ill.NO_MANIFEST: 2}
    came = await repaired(engine, await planned(engine, report))
    assert (came.bundles, came.left) == (2, 0)
    assert {path: path.read_bytes() for path in before} == before


async def test_every_bundle_of_a_step_is_mended_however_many(tmp_path: Path) -> None:
    """Some are mended at a time, and none may fall between two of those."""
    ground = make_ground(tmp_path, objects=25, buckets=2)
    make_workspace(ground, Knobs(workers=1, batch_size=2))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        manifests, cars = files(ground, "manifests"), files(ground, "bundles")
        assert len(manifests) > 3 * AT_ONCE
        for path in (*manifests, *cars[:3]):
            path.unlink()
        report, found = await checked(engine, ground)
        assert found == {Ill.NO_MANIFEST: len(manifests), Ill.NO_PIN: 3}
        came = await repaired(engine, await planned(engine, report))
        assert (came.bundles, came.left) == (len(manifests), 0)
        assert (files(ground, "manifests"), files(ground, "bundles")) == (manifests, cars)


async def test_flipped_bits_are_found_by_a_full_verification_and_built_again(
    engine: Engine, ground: Ground
) -> None:
    before = {path: path.read_bytes() for path in files(ground, "bundles")}
    for path in (*before,)[:2]:
        flip(path)
    assert await checked(engine, ground) == ("check-3", {})  # no byte is read by a check
    report = await verified(engine)
    bad = [one.ill for one in differences(ground.workspace / "reports" / report)]
    assert set(bad) == {Ill.BAD_BYTES}
    came = await repaired(engine, await planned(engine, report))
    assert (came.bundles, came.left) == (2, 0)
    assert {path: path.read_bytes() for path in before} == before


async def test_a_lost_file_of_a_source_that_has_moved_on_gives_way_to_a_new_one(
    engine: Engine, ground: Ground
) -> None:
    lost = files(ground, "bundles")[0]
    row = next(row for row in all_rows(table_of(ground)) if lost.stem in str(row[6]))
    lost.unlink()
    others = files(ground, "bundles")
    ground.put(str(row[0]), str(row[1]), b"moved on")
    report, found = await checked(engine, ground)
    assert found == {Ill.NO_PIN: 1}
    came = await repaired(engine, await planned(engine, report))
    assert (came.bundles, came.left) == (0, 0)
    assert not lost.exists()
    new = set(files(ground, "bundles")) - set(others)
    assert len(new) == 1
    assert set(others) < set(files(ground, "bundles"))
    rooted = [row for row in all_rows(table_of(ground)) if next(iter(new)).stem in str(row[6])]
    assert len(rooted) == came.carried
    assert (await checked(engine, ground))[1] == {}


async def test_a_file_that_does_not_say_whose_it_is_is_listed_and_never_removed(
    engine: Engine, ground: Ground
) -> None:
    root = "bafybeidm7cr5jhmtfjwl7qvy2qpzskx7xamkmqisfiqdhnefrbzum7wo2a"
    stray = ground.target / "bundles" / f"{root}.car"
    stray.write_bytes(b"not ours")
    report, found = await checked(engine, ground)
    assert found == {Ill.ORPHAN_PIN: 1}
    assert (await planned(engine, report)).plan.steps == []
    came = await repaired(engine, await planned(engine, report, root))
    assert came.left == 1
    assert stray.read_bytes() == b"not ours"


async def test_i8_a_repair_is_done_as_it_was_shown_or_refused(
    engine: Engine, ground: Ground
) -> None:
    with pytest.raises(WrongState, match="nothing was checked"):
        await planned(engine)
    change(table_of(ground), "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'")
    before = all_rows(table_of(ground))
    report, _ = await checked(engine, ground)
    plan = await planned(engine, report)
    for hash_ in ("", "00000000", plan.plan.hash[:4]):
        with pytest.raises(Refused):
            await engine.start_job(JobKind.REPAIR, {"plan": hash_}, "tester", f"r{hash_}")
    lists = ground.workspace / "reports" / report / "missing.ndjson"
    text = lists.read_bytes()
    lists.write_bytes(text.replace(b"d1/", b"d2/", 1))
    with pytest.raises(Refused, match="says something else"):
        await engine.start_job(JobKind.REPAIR, {"plan": plan.plan.hash}, "tester", "moved")
    assert all_rows(table_of(ground)) == before
    lists.write_bytes(text)
    assert (await repaired(engine, plan)).written == 8


async def test_a_report_of_this_workspace_is_named_by_its_place_and_no_other_is_taken(
    engine: Engine, ground: Ground
) -> None:
    name, _ = await checked(engine, ground)
    for place in (name, f"reports/{name}", str(ground.workspace / "reports" / name), f"{name}/"):
        assert (await planned(engine, place)).report.name == name
    others = ["check-99", "check-x", "../check-3", "/etc", "reports", "check-3/..", "verify-3"]
    for report in others:
        with pytest.raises(BadInput, match="no report of this workspace"):
            await planned(engine, report)


async def test_a_repair_that_is_cancelled_leaves_whole_bundles_and_the_next_does_the_rest(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=40, buckets=2)
    make_workspace(ground, Knobs(workers=1, batch_size=2))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        before = {path: path.read_bytes() for path in files(ground, "manifests")}
        for path in before:
            path.unlink()
        report, _ = await checked(engine, ground)
        plan = await planned(engine, report)
        args = {"plan": plan.plan.hash}
        job = await engine.start_job(JobKind.REPAIR, args, "tester", "first")
        await engine.cancel(job, "tester")
        row = await ended(engine, job)
        assert row.state in {"cancelled", "done"}
        came = RepairProgress.parse(row.progress)
        assert len(files(ground, "manifests")) >= came.bundles
        rest = await repaired(engine, plan)
        assert rest.left == 0
        assert {path: path.read_bytes() for path in files(ground, "manifests")} == before
