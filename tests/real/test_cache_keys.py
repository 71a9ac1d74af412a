"""Cached rows read from real Redis servers: one of them, and a cluster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from core.config.schema import Cache
from core.errors import Denied, NoAnswer
from core.target.cache_drop import slot_of
from core.target.cache_keys import MAPPING, CacheKeys, mapped, mapping_key
from tests.lab.redis import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.redis import RedisCluster

NAMES = ["k", "a/b c", "\u00fcber{x}", "x:y", "{", "%41", "*", "[a]?"]


@pytest.fixture
def single(tmp_path: Path, keeper: Keeper) -> Iterator[RedisServer]:
    server = RedisServer("redis-single", tmp_path)
    server.start(keeper)
    yield server
    keeper.forget(server.server)


def fill(server: RedisServer) -> dict[bytes, bytes]:
    """Set a key for each name, and one of nobody; return what is set."""
    held = {}
    for name in NAMES:
        key, value = f"mapping:photos:{name}", json.dumps({"s3_key": name})
        assert server.ask("-c", "set", key, value) == "OK"
        held[key.encode()] = value.encode()
    server.ask("-c", "set", "session:42", "another program's")
    return held


async def scanned(keys: CacheKeys) -> set[bytes]:
    return {name async for page in keys.scan(MAPPING) for name in page}


async def test_every_key_of_a_cluster_is_read_and_found_wherever_it_lies(
    redis: RedisCluster,
) -> None:
    for server in redis.servers:
        server.ask("flushall")
    held = fill(redis.servers[0])
    assert len({slot_of(key) for key in held}) > len(redis.servers)
    async with await CacheKeys.open(Cache(endpoints=tuple(redis.endpoints))) as keys:
        wanted = [*held, b"mapping:photos:absent"]
        assert await keys.get(wanted) == [*held.values(), None]
        assert await scanned(keys) == set(held)


async def test_one_server_with_keys_of_other_types(single: RedisServer) -> None:
    held = fill(single)
    single.ask("rpush", "mapping:photos:list", "1")
    cache = Cache(type="redis", endpoints=(single.endpoint,))
    async with await CacheKeys.open(cache) as keys:
        wanted = [b"mapping:photos:list", *held]
        assert await keys.get(wanted) == [b"", *held.values()]
        assert await scanned(keys) == {*held, b"mapping:photos:list"}


async def test_a_wrong_password_and_a_dead_server_are_said(single: RedisServer) -> None:
    cache = Cache(type="redis", endpoints=(single.endpoint,))
    single.ask("config", "set", "requirepass", "not-to-be-shown")
    async with await CacheKeys.open(cache) as keys:
        with pytest.raises(Denied):
            await keys.get([b"mapping:photos:k"])
        single.server.kill()
        with pytest.raises(NoAnswer):
            await keys.get([b"mapping:photos:k"])


@pytest.mark.parametrize("name", NAMES)
def test_a_rows_key_names_its_row(name: str) -> None:
    key = mapping_key("photos", name)
    assert key is not None
    assert mapped(key) == ("photos", name)


def test_what_no_row_could_be_cached_under_names_none() -> None:
    assert mapping_key("a:b", "k") is None
    for key in (b"mapping:", b"mapping:x", b"mapping::k", b"mapping:b:", b"mapping:b:\xff"):
        assert mapped(key) is None
