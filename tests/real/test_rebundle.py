"""Bundles that a sync ends, on real nodes: pins go, survivors stay, and the cache forgets."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.config.schema import Cache, IpfsTarget, PosixSource, Workspace
from core.config.secret import SecretRef
from core.config.workspace import FILE_NAME, write
from core.dag import cid as cids
from core.engine.syncing.rebundle_plan import look
from core.model import JobState
from core.target.cache_drop import slot_of
from tests.integration.engine.ground import engine_on, make_ground, migrate
from tests.integration.engine.leaving import gone, rebundled, settled
from tests.lab import target
from tests.lab.target import Fetcher

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground
    from tests.lab.redis import RedisCluster
    from tests.lab.stack import Stack
    from tests.lab.target import Row

PASSWORD = "VGWM_TEST_CLUSTER"  # noqa: S105 - the variable's name
COPIES = 2


def workspace(ground: Ground, stack: Stack, redis: RedisCluster, patch: pytest.MonkeyPatch) -> Path:
    """Write a workspace over the ground; return where its object table is."""
    patch.setenv(PASSWORD, stack.password)
    table = ground.workspace.parent / "objects.db"
    ground.workspace.mkdir(exist_ok=True)
    write(
        ground.workspace / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=ground.source),
            target=IpfsTarget(
                kubo=tuple(stack.kubo_urls),
                cluster=tuple(stack.cluster_urls),
                cluster_user=stack.user,
                cluster_password_ref=SecretRef.parse(f"env:{PASSWORD}"),
                replication=COPIES,
                table=f"sqlite:{table}",
                cache=Cache(endpoints=tuple(redis.endpoints)),
            ),
            knobs=Knobs(workers=2, batch_size=20),
        ),
    )
    return table


def cached(redis: RedisCluster, key: str) -> str:
    """Set a key where the cluster keeps it; return the port of that server."""
    for server in redis.servers:
        if server.ask("set", key, "old") == "OK":
            return str(server.port)
    raise AssertionError(slot_of(key.encode()))


def held(redis: RedisCluster, key: str) -> bool:
    return any(server.ask("get", key) == "old" for server in redis.servers)


def roots(stack: Stack) -> dict[str, list[str]]:
    """Our bundles' roots with their allocations, as every peer says alike."""
    return stack.peers[0].allocations()


def wrong_bodies(ground: Ground, stack: Stack, table: Path) -> list[str]:
    """Read every object from each node that its bundle is allocated to; return what differs."""
    pins = roots(stack)
    wrong: list[str] = []
    rows = target.rows(table)
    assert {(row.bucket, row.key) for row in rows} == set(ground.bodies)
    for row in rows:
        wanted = hashlib.sha256(ground.bodies[row.bucket, row.key]).hexdigest()
        assert len(pins[row.root]) == COPIES
        for peer in pins[row.root]:
            with Fetcher(stack.peer(peer).kubo) as fetcher:
                wrong += [
                    f"{path} on {peer}"
                    for path in (row.cid, f"{row.root}/{_path(row)}")
                    if fetcher.sha256(path) != wanted
                ]
    return wrong


def _path(row: Row) -> str:
    pin = row.metadata["pin"]
    assert isinstance(pin, dict)
    return str(pin["path"])


async def root_of(engine: Engine, number: int) -> str:
    bundle = await engine.ledger.bundle(number)
    assert bundle is not None
    assert bundle.root is not None
    return cids.text(bundle.root)


async def test_i8_survivors_outlive_their_old_root_and_a_collection(
    stack: Stack, redis: RedisCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = make_ground(tmp_path)
    table = workspace(ground, stack, redis, monkeypatch)
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state is JobState.DONE
        old = {await root_of(engine, n) for n in range(1, 1 + (await counted(engine)))}
        victims = [n for n in ground.bodies if n[1].startswith("d") and int(n[1][-1]) < 7]
        first = target.rows(table)[0]
        assert (first.bucket, first.key) in victims
        of_the_dead = [
            f"mapping:{first.bucket}:{first.key}",
            f"metadata:{first.cid}",
            f"pin_status:{first.cid}",
        ]
        kept = next(row for row in target.rows(table) if (row.bucket, row.key) not in victims)
        of_the_kept = f"mapping:{kept.bucket}:{kept.key}"
        for key in (*of_the_dead, of_the_kept, "mapping:other:x"):
            cached(redis, key)
        await settled(engine, await gone(engine, ground, victims))
        assert [held(redis, key) for key in of_the_dead] == [False] * 3
        assert held(redis, of_the_kept)
        assert await asyncio.to_thread(wrong_bodies, ground, stack, table) == []
        plan = await look(engine.ledger, engine.workspace.id)
        assert plan.bundles >= 4
        row = await rebundled(engine, plan.hash)
        assert row.state is JobState.DONE, row.result
        assert not held(redis, of_the_kept)
        assert held(redis, "mapping:other:x")
        named = {row.root for row in target.rows(table)}
        assert named & old == {one for one in old if one in roots(stack)}  # large objects' own
        for root in old - named:
            assert all(root not in peer.allocations() for peer in stack.peers)
            assert not any(kubo.pinned(root) for kubo in stack.kubos)
        for kubo in stack.kubos:  # nothing but pins holds blocks from here on
            assert kubo.api.post("/api/v0/repo/gc", timeout_s=60).status == 200
        assert await asyncio.to_thread(wrong_bodies, ground, stack, table) == []


async def test_a_bundle_without_objects_is_unpinned_a_round_later(
    stack: Stack, redis: RedisCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = make_ground(tmp_path, objects=30, buckets=1)
    table = workspace(ground, stack, redis, monkeypatch)
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state is JobState.DONE
        spent = await root_of(engine, 1)
        victims = [(row.bucket, row.key) for row in target.rows(table) if row.root == spent]
        await settled(engine, await gone(engine, ground, victims))
        assert spent in roots(stack)
        done = await settled(engine, await gone(engine, ground, []))
        assert done.swept.let_go == 1
        assert all(spent not in peer.allocations() for peer in stack.peers)
        assert not any(kubo.pinned(spent) for kubo in stack.kubos)
        assert await asyncio.to_thread(wrong_bodies, ground, stack, table) == []


async def counted(engine: Engine) -> int:
    return (await engine.ledger.counters()).bundles_recorded
