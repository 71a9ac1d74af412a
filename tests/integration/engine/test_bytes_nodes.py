"""The bytes that nodes serve read again, on stand-in nodes: each node's loss is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.dag.reading import parse_node
from core.model import BundleState
from core.verify.bytes_told import BytesWish
from tests.integration.engine.ground import engine_on, make_ground, migrate
from tests.integration.engine.ipfs_ground import COPIES, nodes_under
from tests.integration.engine.reading_again import EVERY, FULL, look

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from core.engine.engine import Engine
    from tests.fakes.kubo_server import FakeKubo
    from tests.integration.engine.ground import Ground
    from tests.integration.engine.ipfs_ground import Nodes

OBJECTS = 40
ALL = OBJECTS + 1


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return make_ground(tmp_path, objects=OBJECTS, buckets=1)


@pytest.fixture
def nodes(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    with nodes_under(ground, Knobs(workers=2, batch_size=20), monkeypatch) as nodes:
        yield nodes


@pytest.fixture
async def engine(ground: Ground, nodes: Nodes) -> AsyncIterator[Engine]:
    del nodes
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        yield engine


def key_of(ground: Ground, body: bytes) -> tuple[str, str]:
    [name] = [name for name, have in ground.bodies.items() if have == body]
    return name


def holders(nodes: Nodes, body: bytes) -> tuple[bytes, list[FakeKubo]]:
    """Return a content's digest, and the nodes that hold it as one block."""
    digest = next(at for kubo in nodes.kubos for at, have in kubo.blocks.items() if have == body)
    return digest, [kubo for kubo in nodes.kubos if digest in kubo.blocks]


def bodies(ground: Ground) -> list[bytes]:
    return [body for body in ground.bodies.values() if len(body) == 4096]


def name_of(nodes: Nodes, kubo: FakeKubo) -> str:
    return f"kubo-{nodes.kubos.index(kubo) + 1}"


async def test_a_sound_target_is_read_once_or_on_every_node(engine: Engine, tmp_path: Path) -> None:
    one = await look(engine, FULL, tmp_path / "one")
    every = await look(engine, EVERY, tmp_path / "every")
    assert (one.found, every.found) == ([], [])
    assert one.figures.n == every.figures.n == ALL
    assert one.figures.bound95 == every.figures.bound95 == 0.0
    assert every.figures.read_bytes == COPIES * one.figures.read_bytes


async def test_a_lost_block_and_flipped_bytes_are_named_with_their_node(
    engine: Engine, ground: Ground, nodes: Nodes, tmp_path: Path
) -> None:
    lost, flipped = bodies(ground)[:2]
    at, [first, _] = holders(nodes, lost)
    del first.blocks[at]
    at, [_, second] = holders(nodes, flipped)
    second.blocks[at] = flipped[:-1] + bytes([flipped[-1] ^ 1])
    told = await look(engine, EVERY, tmp_path / "v")
    assert told.ills == {key_of(ground, lost): "lost_block", key_of(ground, flipped): "bad_bytes"}
    where = {str(one.ill): one.where for one in told.found}
    assert where == {"lost_block": name_of(nodes, first), "bad_bytes": name_of(nodes, second)}
    assert told.figures.bad == 2
    assert (told.figures.n, told.figures.unread) == (ALL, 0)


async def test_a_node_that_hashes_what_it_reads_says_so_itself(
    engine: Engine, ground: Ground, nodes: Nodes, tmp_path: Path
) -> None:
    flipped = bodies(ground)[3]
    at, [first, _] = holders(nodes, flipped)
    first.blocks[at] = flipped[:-1] + bytes([flipped[-1] ^ 1])
    first.hashes_on_read = True
    told = await look(engine, EVERY, tmp_path / "v")
    assert told.ills == {key_of(ground, flipped): "bad_bytes"}
    assert (told.figures.bad, told.figures.unread) == (1, 0)


async def test_all_of_many_losses_are_named_and_no_more(
    engine: Engine, ground: Ground, nodes: Nodes, tmp_path: Path
) -> None:
    lost = bodies(ground)
    for body in lost:
        at, [first, _] = holders(nodes, body)
        del first.blocks[at]
    told = await look(engine, EVERY, tmp_path / "v")
    assert set(told.ills) == {key_of(ground, body) for body in lost}
    assert len(told.found) == len(lost)


async def test_a_large_objects_node_or_chunk_is_its_own_loss(
    engine: Engine, ground: Ground, nodes: Nodes, tmp_path: Path
) -> None:
    large = ground.bodies["bucket0", "large.bin"]
    at, [first, _] = holders(nodes, large[1 << 20 : 2 << 20])
    del first.blocks[at]
    told = await look(engine, EVERY, tmp_path / "chunk")
    assert told.ills == {("bucket0", "large.bin"): "lost_block"}
    assert told.found[0].wanted == cids.text(cids.RAW + at)
    bundle = next(
        one
        for one in await engine.ledger.in_states(BundleState.RECORDED)
        if one.id == told.found[0].bundle
    )
    assert bundle.root is not None
    [node] = [
        link.cid
        for link in parse_node(first.blocks[cids.digest(bundle.root)]).links
        if link.cid.startswith(cids.DAG_PB)
    ]
    del first.blocks[cids.digest(node)]
    told = await look(engine, EVERY, tmp_path / "node")
    assert told.ills == {("bucket0", "large.bin"): "lost_block"}
    assert told.found[0].wanted == cids.text(node)


async def test_a_lost_root_or_manifest_is_the_bundles(
    engine: Engine, nodes: Nodes, tmp_path: Path
) -> None:
    first, second = (await engine.ledger.in_states(BundleState.RECORDED))[:2]
    assert first.root is not None
    assert second.root is not None
    holder = next(kubo for kubo in nodes.kubos if cids.digest(first.root) in kubo.blocks)
    manifest = parse_node(holder.blocks[cids.digest(first.root)]).links[-1].cid
    del holder.blocks[cids.digest(manifest)]
    other = next(kubo for kubo in nodes.kubos if cids.digest(second.root) in kubo.blocks)
    del other.blocks[cids.digest(second.root)]
    told = await look(engine, EVERY, tmp_path / "v")
    assert [(one.bundle, one.key, str(one.ill), one.where) for one in told.found] == sorted(
        [
            (first.id, first.first[0], "no_manifest", name_of(nodes, holder)),
            (second.id, second.first[0], "lost_block", name_of(nodes, other)),
        ],
        key=lambda one: one[1],
    )


async def test_i7_a_node_that_is_down_is_unread_and_another_replica_will_do(
    engine: Engine, nodes: Nodes, tmp_path: Path
) -> None:
    asked_first = (await engine.ledger.in_states(BundleState.RECORDED))[0]
    peer = asked_first.allocations[asked_first.id % COPIES]
    down = nodes.kubos[[one.id for one in nodes.cluster.peers].index(peer)]
    down.server.close()
    one = await look(engine, FULL, tmp_path / "one")
    assert (one.found, one.figures.n, one.figures.unread) == ([], ALL, 0)
    every = await look(engine, EVERY, tmp_path / "every")
    assert {str(found.ill) for found in every.found} == {"unread"}
    assert {found.listed for found in every.found} == {"error"}
    assert every.figures.n + every.figures.unread == ALL
    assert every.figures.unread == len(every.found) > 0
    assert every.figures.bad == 0


async def test_a_sample_asks_for_its_objects_alone(
    engine: Engine, ground: Ground, nodes: Nodes, tmp_path: Path
) -> None:
    wish = BytesWish(seed=3, sample=6)
    sound = await look(engine, wish, tmp_path / "a")
    assert 0 < sound.figures.n < ALL
    assert sound.found == []
    for body in bodies(ground):
        at, kubos = holders(nodes, body)
        for kubo in kubos:
            del kubo.blocks[at]
    hurt = await look(engine, wish, tmp_path / "b")
    assert hurt.figures.n == sound.figures.n
    assert {str(one.ill) for one in hurt.found} <= {"lost_block"}
    assert hurt.figures.read_bytes < sound.figures.read_bytes
