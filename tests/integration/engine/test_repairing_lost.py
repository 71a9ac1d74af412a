"""Bundles that nothing gives back under their root: what the source has is carried again.

Over a directory target, with real files.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.dag.car_reading import sections
from core.engine.reins import JobCancelled
from core.engine.repairing import repair_run
from core.engine.repairing.carrying_again import LOST, NOT_OURS
from core.model import JobKind, ObjectState
from core.verify.difference import Ill
from core.verify.report_reading import differences
from tests.integration.engine.ground import (
    Ground,
    engine_on,
    make_ground,
    make_workspace,
    migrate,
)
from tests.integration.engine.keeping import all_rows, change, ended
from tests.integration.engine.repairing import (
    checked,
    files,
    planned,
    repaired,
    table_of,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.engine import Engine

KEYS = [f"k{number}" for number in range(6)]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = Ground(tmp_path / "gw", tmp_path / "out", tmp_path / "ws", {})
    for key in KEYS:
        made.put("bucket0", key, f"content of {key}".encode())
    make_workspace(made, Knobs(workers=1, batch_size=10))
    return made


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    async with engine_on(ground) as running:
        row = await migrate(running)
        assert row.state == "done", row.result
        yield running


async def synced(engine: Engine) -> None:
    args = {"mode": "once"}
    job = await engine.start_job(JobKind.SYNC, args, "tester", os.urandom(4).hex())
    assert (await ended(engine, job)).state == "done"


def rows(ground: Ground) -> dict[str, tuple[object, ...]]:
    return {str(row[1]): row for row in all_rows(table_of(ground))}


def roots(ground: Ground) -> set[str]:
    return {str(json.loads(str(row[6]))["pin"]["root"]) for row in rows(ground).values()}


def only(ground: Ground, key: str = "k1") -> Path:
    """Return the file of a key's bundle."""
    document = json.loads(str(rows(ground)[key][6]))
    return next(path for path in files(ground, "bundles") if path.stem in json.dumps(document))


def damage(ground: Ground, key: str) -> Path:
    """Turn a bit of an object's block in its bundle's file."""
    path, cid = only(ground, key), str(rows(ground)[key][2])
    with path.open("r+b") as file:
        at = next(one.offset for one in sections(file) if cids.text(one.cid) == cid)
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))
    return path


async def kinds(engine: Engine, ground: Ground) -> tuple[str, set[str]]:
    report = await verified(engine)
    return report, {str(one.ill) for one in differences(ground.workspace / "reports" / report)}


def left(ground: Ground) -> dict[str, str]:
    folder = max(ground.workspace.glob("reports/repair-*"), key=lambda path: int(path.name[7:]))
    lines = map(json.loads, (folder / "left.ndjson").read_text().splitlines())
    return {line["what"]: line["why"] for line in lines}


async def test_a_damaged_object_beside_a_dead_one_is_carried_again_and_the_old_file_goes(
    engine: Engine, ground: Ground
) -> None:
    (ground.source / "bucket0" / "k0").unlink()
    await synced(engine)
    before = rows(ground)
    old = damage(ground, "k3")
    report, found = await kinds(engine, ground)
    assert found == {Ill.BAD_BYTES}
    came = await repaired(engine, await planned(engine, report))
    assert (came.left, came.lost, came.carried) == (0, 0, 5)
    assert not old.exists()
    assert len(files(ground, "bundles")) == len(files(ground, "manifests")) == 1
    after = rows(ground)
    assert {key: row[2:4] for key, row in after.items()} == {
        key: row[2:4] for key, row in before.items()
    }
    assert only(ground).stem != old.stem
    assert (await checked(engine, ground))[1] == {}
    assert (await kinds(engine, ground))[1] == set()
    await synced(engine)
    assert rows(ground) == after
    counted = await engine.ledger.counters()
    await engine.ledger.recount()
    assert await engine.ledger.counters() == counted
    assert counted.migrated == 5


async def test_what_the_source_has_changed_meanwhile_comes_over_as_it_is_now(
    engine: Engine, ground: Ground
) -> None:
    old = damage(ground, "k3")
    ground.put("bucket0", "k4", b"others by now")
    report, _ = await kinds(engine, ground)
    came = await repaired(engine, await planned(engine, report))
    assert (came.left, came.carried) == (0, 6)
    assert not old.exists()
    assert rows(ground)["k4"][3] == len(b"others by now")
    assert (await kinds(engine, ground))[1] == set()


async def test_what_nobody_has_any_more_is_lost_by_name_and_the_rest_is_carried(
    engine: Engine, ground: Ground
) -> None:
    old = damage(ground, "k3")
    before = rows(ground)["k3"]
    report, _ = await kinds(engine, ground)
    (ground.source / "bucket0" / "k3").unlink()
    came = await repaired(engine, await planned(engine, report))
    assert (came.left, came.lost, came.carried) == (1, 1, 5)
    assert left(ground) == {"bucket0/k3": LOST}
    assert rows(ground)["k3"] == before
    assert old.exists()
    assert len(files(ground, "bundles")) == 2  # no other root is left behind
    assert (await checked(engine, ground))[1] == {}
    await synced(engine)
    await synced(engine)
    await synced(engine)
    assert "k3" not in rows(ground)
    assert not old.exists()  # its manifest is whole: nothing names it any more


async def test_a_file_whose_manifest_is_gone_too_goes_once_no_row_names_it(
    engine: Engine, ground: Ground
) -> None:
    (ground.source / "bucket0" / "k0").unlink()
    await synced(engine)
    old = only(ground)
    old.write_bytes(old.read_bytes()[:200])
    report, found = await kinds(engine, ground)
    assert found
    came = await repaired(engine, await planned(engine, report))
    assert (came.left, came.carried) == (0, 5)
    assert not old.exists()
    assert (await kinds(engine, ground))[1] == set()


async def test_i10_a_row_of_green_s_is_not_overwritten_by_what_is_carried_again(
    engine: Engine, ground: Ground
) -> None:
    old = damage(ground, "k3")
    (ground.source / "bucket0" / "k0").unlink()
    change(
        table_of(ground),
        "UPDATE versitygw_objects SET cid='bafkgreen', metadata='{\"v\":1}' WHERE s3_key='k2'",
    )
    greens = rows(ground)["k2"]
    report, _ = await kinds(engine, ground)
    came = await repaired(engine, await planned(engine, report))
    assert came.carried == 4
    assert rows(ground)["k2"] == greens
    assert left(ground)["bucket0/k2"] == NOT_OURS
    assert old.exists()


async def test_an_empty_mount_point_has_lost_nothing_and_nothing_is_moved(
    engine: Engine, ground: Ground
) -> None:
    damage(ground, "k3")
    report, _ = await kinds(engine, ground)
    before = rows(ground)
    ground.source.rename(ground.source.with_name("away"))
    (ground.source / "bucket0").mkdir(parents=True)
    came = await repaired(engine, await planned(engine, report))
    assert (came.lost, came.carried, came.sent) == (0, 0, 0)
    assert "the source is another one" in next(iter(came.reasons))
    assert rows(ground) == before


async def test_what_an_ended_repair_has_not_carried_the_next_sync_carries(
    engine: Engine, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its objects are dirty then, as a round's finds are; their rows name the old root so long."""

    async def ends(*_: object) -> None:
        raise JobCancelled

    (ground.source / "bucket0" / "k0").unlink()
    await synced(engine)
    old = damage(ground, "k3")
    report, _ = await kinds(engine, ground)
    plan = await planned(engine, report)
    before = rows(ground)
    with monkeypatch.context() as patched:
        patched.setattr(repair_run, "carry", ends)
        job = await engine.start_job(JobKind.REPAIR, {"plan": plan.plan.hash}, "tester", "first")
        assert (await ended(engine, job)).state == "cancelled"
    kept = await engine.ledger.looked.rows(1, [b"k1"])
    assert kept[b"k1"].state is ObjectState.DIRTY
    assert (rows(ground), old.exists()) == (before, True)
    for _ in range(3):
        await synced(engine)
    assert not old.exists()
    assert (await kinds(engine, ground))[1] == set()
    assert len(rows(ground)) == 5


async def test_a_repair_that_is_repeated_sends_nothing_twice(
    engine: Engine, ground: Ground
) -> None:
    (ground.source / "bucket0" / "k0").unlink()
    await synced(engine)
    damage(ground, "k3")
    report, _ = await kinds(engine, ground)
    plan = await planned(engine, report)
    assert (await repaired(engine, plan)).carried == 5
    after = rows(ground)
    again = await repaired(engine, plan)
    assert (again.sent, again.carried, again.left) == (0, 0, 0)
    assert rows(ground) == after


async def test_a_file_of_ours_that_no_bundle_names_goes_by_its_name(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    stray = only(ground)
    content = stray.read_bytes()
    (ground.source / "bucket0" / "k0").unlink()
    ground.put("bucket0", "k1", b"1")
    for key in KEYS[2:]:
        ground.put("bucket0", key, b"2")
    for _ in range(3):
        await synced(engine)
    assert not stray.exists()
    stray.write_bytes(content)
    other = make_ground(tmp_path / "other", objects=3, buckets=1)
    make_workspace(other, Knobs(workers=1), "ffff0000")
    async with engine_on(other) as others:
        await migrate(others)
    foreign = files(other, "bundles")[0]
    copied = ground.target / "bundles" / foreign.name
    copied.write_bytes(foreign.read_bytes())
    report, found = await checked(engine, ground)
    assert found == {Ill.ORPHAN_PIN: 2}
    came = await repaired(engine, await planned(engine, report, stray.stem, foreign.stem))
    assert (came.unpinned, came.left) == (1, 1)
    assert not stray.exists()
    assert copied.exists()
