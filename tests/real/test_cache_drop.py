"""Keys dropped in real Redis servers: one of them, a cluster, and those that are not well."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from core.config.schema import Cache
from core.config.secret import SecretRef
from core.target.cache_drop import CacheDrop, Named, keys_of, slot_of
from core.target.cache_facts import SLOTS
from tests.lab.redis import RedisCluster, RedisServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.lab.process import Keeper

OBJECTS = [Named("photos", f"a {n}/\u00e9{{{n % 7}}}\n", f"bafy{n}") for n in range(700)]
OTHER = b"mapping:photos:other"
A_SERVER = 8
"""Keys that are set on each server: a process each."""

PASSWORD = "not-to-be-shown"  # noqa: S105 - of a server of this test


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, keeper: Keeper) -> Iterator[RedisCluster]:
    made = RedisCluster(tmp_path_factory.mktemp("drop"))
    made.start(keeper)
    yield made
    for server in made.servers:
        keeper.forget(server.server)


@pytest.fixture
async def drop(cluster: RedisCluster) -> AsyncIterator[CacheDrop]:
    made = CacheDrop(Cache(endpoints=tuple(cluster.endpoints)), patience_s=0.2, rest_s=60)
    yield made
    await made.close()


def fill(cluster: RedisCluster) -> list[bytes]:
    """Set some of the objects' keys on each server, and one of nobody; return all their keys."""
    keys = keys_of(OBJECTS)
    for server in cluster.servers:
        server.ask("flushall")
    ports = serving(cluster)
    placed: Counter[int] = Counter()
    for key in keys:
        port = ports[slot_of(key)]
        placed[port] += 1
        if placed[port] <= A_SERVER:
            cluster.ask(port, "set", key.decode(), "1")
    cluster.ask(ports[slot_of(OTHER)], "set", OTHER.decode(), "1")
    return keys


def serving(cluster: RedisCluster) -> list[int]:
    """The port of each slot's master."""
    ports = [0] * SLOTS
    for line in cluster.servers[0].ask("cluster", "nodes").splitlines():
        words = line.split()
        port = int(words[1].partition("@")[0].rpartition(":")[2])
        for word in words[8:]:
            first, _, last = word.partition("-")
            for slot in range(int(first), int(last or first) + 1):
                ports[slot] = port
    return ports


def held(cluster: RedisCluster) -> int:
    return sum(int(server.ask("dbsize")) for server in cluster.servers)


async def test_keys_go_on_whichever_server_they_are_and_no_other(
    cluster: RedisCluster, drop: CacheDrop
) -> None:
    keys = fill(cluster)
    there = held(cluster)
    assert there == 3 * A_SERVER + 1
    done = await drop.drop(keys)
    assert (done.keys, done.left, done.fault) == (there - 1, 0, "")
    assert held(cluster) == 1
    assert (await drop.drop(keys)).keys == 0


async def test_a_slot_that_moved_is_followed(cluster: RedisCluster, drop: CacheDrop) -> None:
    for server in cluster.servers:
        server.ask("flushall")
    key = keys_of(OBJECTS)[0]
    await drop.drop([b"mapping:photos:any"])  # learns the slots
    slot = slot_of(key)
    old = serving(cluster)[slot]
    taker = next(server for server in cluster.servers if server.port != old)
    name = taker.ask("cluster", "myid")
    for server in cluster.servers:
        assert server.ask("cluster", "setslot", str(slot), "node", name) == "OK"
    taker.ask("set", key.decode(), "1")
    done = await drop.drop([key])
    assert (done.keys, done.left) == (1, 0)


async def test_i7_a_silent_server_is_said_and_not_waited_for_twice(
    cluster: RedisCluster, drop: CacheDrop
) -> None:
    keys = fill(cluster)
    await drop.drop([b"mapping:photos:any"])
    cluster.servers[1].server.kill()
    try:
        done = await drop.drop(keys)
        assert done.left == len(keys)
        assert done.fault
        again = await drop.drop(keys)
        assert (again.left, again.fault) == (len(keys), "")  # said once, and not even tried
        assert drop.left == 2 * len(keys)
    finally:
        cluster.heal()


async def test_one_server_with_a_password_and_i9_a_wrong_one_is_not_shown(
    tmp_path: Path, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = RedisServer("one", tmp_path, requirepass=PASSWORD)
    server.start(keeper)
    monkeypatch.setenv("RIGHT", PASSWORD)
    monkeypatch.setenv("WRONG", "planted-secret")
    server.ask("-a", PASSWORD, "set", "metadata:bafy0", "1")
    cache = Cache(
        type="redis", endpoints=(server.endpoint,), password_ref=SecretRef.parse("env:WRONG")
    )
    refused = CacheDrop(cache, patience_s=0)
    done = await refused.drop([b"metadata:bafy0"])
    assert done.left == 1
    assert "planted-secret" not in done.fault
    await refused.close()
    right = CacheDrop(
        Cache(type="redis", endpoints=(server.endpoint,), password_ref=SecretRef.parse("env:RIGHT"))
    )
    assert (await right.drop([b"metadata:bafy0", b"metadata:bafy1"])).keys == 1
    await right.close()
    keeper.forget(server.server)
