"""Checks and repairs over stand-in nodes, the table on the stand-in for YDB.

Real nodes: `tests/real/test_mutations.py`, `tests/real/test_repair_nodes.py`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.engine.repairing.progress import RepairProgress
from core.model import BundleState, JobKind
from core.target import profile as profiles
from core.target.objects import START
from core.target.objects_ydb import YdbTable
from core.verify import check_pins
from core.verify.difference import Ill
from core.verify.report_reading import differences
from tests.fakes.ydb_process import YdbProcess
from tests.integration.engine.ground import engine_on, make_ground, migrate
from tests.integration.engine.ipfs_ground import nodes_under
from tests.integration.engine.keeping import ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from core.engine.engine import Engine
    from core.model import Bundle
    from core.target.shape import Row
    from tests.integration.engine.ground import Ground
    from tests.integration.engine.ipfs_ground import Nodes

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def ydb(tmp_path: Path) -> Iterator[YdbProcess]:
    with YdbProcess(tmp_path / "stand-in.db") as process:
        yield process


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return make_ground(tmp_path, objects=20, buckets=2)


@pytest.fixture
def nodes(ground: Ground, ydb: YdbProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    monkeypatch.setattr(check_pins.ClusterPins.__init__, "__kwdefaults__", {"again_s": 0.2})
    knobs = Knobs(workers=1, batch_size=10)
    with nodes_under(ground, knobs, monkeypatch, table=f"ydb:{ydb.spec}") as started:
        yield started


@pytest.fixture
async def engine(ground: Ground, nodes: Nodes) -> AsyncIterator[Engine]:
    del nodes
    async with engine_on(ground) as running:
        row = await migrate(running)
        assert row.state == "done", row.result
        yield running


async def checked(engine: Engine, ground: Ground) -> dict[str, set[str]]:
    """Check; where each kind was found."""
    job = await engine.start_job(JobKind.CHECK, {}, "tester", os.urandom(4).hex())
    row = await ended(engine, job)
    assert row.state == "done", row.result
    found: dict[str, set[str]] = {}
    for one in differences(ground.workspace / "reports" / f"check-{job}"):
        found.setdefault(one.ill, set()).add(one.where or one.key.decode())
    return found


async def repaired(engine: Engine) -> RepairProgress:
    plan = await engine.repairs.plans.make("", (), patience_s=60.0)
    args = {"plan": plan.plan.hash}
    job = await engine.start_job(JobKind.REPAIR, args, "tester", os.urandom(4).hex())
    row = await ended(engine, job)
    assert row.state == "done", row.result
    return RepairProgress.parse(row.progress)


async def bundles(engine: Engine) -> list[Bundle]:
    return await engine.ledger.in_states(BundleState.RECORDED)


async def rows(table: YdbTable) -> list[Row]:
    return await table.scan(START, 1_000)


@pytest.fixture
async def table(engine: Engine, ydb: YdbProcess) -> AsyncIterator[YdbTable]:
    """The table without the engine, which has made it."""
    del engine
    opened = await YdbTable.open(ydb.spec, profiles.load("guide"), patience_s=20)
    try:
        yield opened
    finally:
        await opened.close()


async def test_rows_of_a_ydb_table_come_back_to_the_byte(
    engine: Engine, ground: Ground, table: YdbTable
) -> None:
    before = await rows(table)
    assert await checked(engine, ground) == {}
    changed = [(*row[:3], 77, *row[4:]) for row in before[5:8]]
    stray = [(row[0], f"{row[1]}~", *row[2:]) for row in before[:2]]
    foreign = [("bucket0", "of-green", "bafk", 1, 1, 1, "{}", 2)]
    await table.upsert([*changed, *stray, *foreign])
    await table.delete("bucket1", [str(before[-1][1])])
    assert await checked(engine, ground) == {
        Ill.WRONG_SIZE: {str(row[1]) for row in changed},
        Ill.ORPHAN_ROW: {str(row[1]) for row in stray},
        Ill.NO_ROW: {str(before[-1][1])},
    }
    came = await repaired(engine)
    assert (came.written, came.removed, came.left) == (4, 2, 0)
    assert await rows(table) == sorted([*before, *foreign])


async def test_blocks_and_pins_come_back_from_the_other_node_and_from_the_source(
    engine: Engine, ground: Ground, nodes: Nodes
) -> None:
    one, both = (await bundles(engine))[:2]
    assert one.root is not None
    assert both.root is not None
    whole = [dict(kubo.blocks) for kubo in nodes.kubos]
    for root in (one.root, both.root):
        del nodes.cluster.pins[cids.text(root)]
        for kubo in nodes.kubos:
            kubo.pins.discard(cids.text(root))
    holders = [kubo for kubo in nodes.kubos if kubo.holds(cids.text(one.root))]
    del holders[0].blocks[cids.digest(one.root)]
    for kubo in nodes.kubos:
        kubo.blocks.pop(cids.digest(both.root), None)
    assert set(await checked(engine, ground)) == {Ill.NO_PIN}
    came = await repaired(engine)
    assert (came.bundles, came.left) == (2, 0)
    assert [dict(kubo.blocks) for kubo in nodes.kubos] == whole
    assert await checked(engine, ground) == {}


async def test_i7_what_no_peer_says_is_unread_and_nothing_is_done_about_it(
    engine: Engine, ground: Ground, nodes: Nodes
) -> None:
    nodes.cluster.peers[1].lies = ("cluster_error", "it hangs")
    assert await checked(engine, ground) == {Ill.UNREAD: {"kubo-2"}}
    plan = await engine.repairs.plans.make("", (), patience_s=60.0)
    assert plan.plan.steps == []
    assert set(plan.plan.left) == {Ill.UNREAD}
