"""The cache asked: a real Redis Cluster of three masters, and single servers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.schema import Cache, IpfsTarget, PosixSource, Workspace
from core.config.secret import SecretKind, SecretRef
from core.probe import cache as probed
from core.probe import cache_canary
from core.probe.probe import Depth, ask_all
from core.target.cache import CacheNode
from core.verdict import Verdict
from tests.lab.redis import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from core.verdict import Answer
    from tests.lab.process import Keeper
    from tests.lab.redis import RedisCluster

ID = "9f2c1a7e"
HEALTH = {"node", "cluster"}
CHECK = {*HEALTH, "version", "eviction", "canary"}


@pytest.fixture
def healed(redis: RedisCluster) -> Iterator[RedisCluster]:
    """The shared cluster, for a test that hurts it."""
    yield redis
    redis.heal()


@pytest.fixture
def single(tmp_path: Path, keeper: Keeper) -> Iterator[Callable[..., RedisServer]]:
    """Start a server that is in no cluster mode, with settings."""
    started: list[RedisServer] = []

    def start(**settings: str) -> RedisServer:
        server = RedisServer(f"single-{len(started)}", tmp_path, **settings)  # type: ignore[arg-type] # texts
        server.start(keeper)
        started.append(server)
        return server

    yield start
    for server in started:
        keeper.forget(server.server)


def workspace(endpoints: Sequence[str], *, kind: str = "redis", password: str = "") -> Workspace:
    ref = SecretRef(SecretKind.ENV, password) if password else None
    found = Cache(type=kind, endpoints=tuple(endpoints), password_ref=ref)  # type: ignore[arg-type] # one of its two words
    return Workspace(
        id=ID,
        source=PosixSource(path="/nowhere"),  # type: ignore[arg-type] # never opened
        target=IpfsTarget(kubo=("http://k",), cluster=("http://c",), table="x", cache=found),
    )


def of_cluster(redis: RedisCluster) -> Workspace:
    return workspace(redis.endpoints, kind="redis_cluster")


async def asked(ws: Workspace, depth: Depth = Depth.CHECK) -> list[Answer]:
    return [answer async for answer in ask_all(probed.probes(ws, depth))]


def not_passed(answers: Sequence[Answer]) -> dict[str, Verdict]:
    """Verdicts by check, of a server's own row with its endpoint."""
    return {
        f"{answer.check} {answer.endpoint}".rstrip(): answer.verdict
        for answer in answers
        if answer.verdict is not Verdict.PASS
    }


def row(answers: Sequence[Answer], check: str) -> Answer:
    return next(answer for answer in answers if answer.check == check)


def keys(redis: RedisCluster) -> int:
    return sum(int(server.ask("dbsize").rpartition(" ")[2]) for server in redis.servers)


async def test_a_cluster_that_is_well_passes_and_keeps_no_canary(redis: RedisCluster) -> None:
    answers = await asked(of_cluster(redis))
    assert {answer.check for answer in answers} == CHECK
    assert not_passed(answers) == {}
    assert "16,384 of 16,384 slots" in row(answers, "cluster").evidence
    for endpoint in redis.endpoints:
        assert endpoint in row(answers, "canary").evidence
    assert await asyncio.to_thread(keys, redis) == 0


async def test_health_reads_only(redis: RedisCluster) -> None:
    answers = await asked(of_cluster(redis), Depth.HEALTH)
    assert {answer.check for answer in answers} == HEALTH
    assert not_passed(answers) == {}


async def test_the_canary_is_removed_when_the_check_is_broken_off(
    redis: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CacheNode.ask
    written = asyncio.Event()

    async def ask(self: CacheNode, *words: str | int) -> str | int | None:
        if words[0] == "GET":
            written.set()
            await asyncio.Event().wait()
        return await real(self, *words)

    monkeypatch.setattr(CacheNode, "ask", ask)
    cache = of_cluster(redis).target.cache  # type: ignore[union-attr] # made above
    assert cache is not None
    asking = asyncio.ensure_future(cache_canary.canary(cache, ID))
    await written.wait()
    assert await asyncio.to_thread(keys, redis) > 0
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.to_thread(keys, redis) == 0


async def test_a_slot_without_a_master_fails_the_cluster_and_the_canaries(
    healed: RedisCluster,
) -> None:
    first = healed.servers[0]
    await asyncio.to_thread(first.ask, "cluster", "delslots", "0")
    try:
        answers = await asked(of_cluster(healed))
    finally:
        await asyncio.to_thread(first.ask, "cluster", "addslots", "0")
    found = not_passed(answers)
    assert found["cluster"] is Verdict.FAIL
    assert set(found) <= {"cluster", "canary"}
    assert "cluster_state fail" in row(answers, "cluster").evidence
    assert "--cluster fix" in row(answers, "cluster").remedy


async def test_i7_a_silent_master_is_unknown_in_its_own_row(healed: RedisCluster) -> None:
    healed.servers[1].server.stop()
    answers = await asked(of_cluster(healed), Depth.HEALTH)
    assert not_passed(answers)[f"node {healed.endpoints[1]}"] is Verdict.UNKNOWN
    others = {f"node {healed.endpoints[0]}", f"node {healed.endpoints[2]}"}
    assert not others & set(not_passed(answers))


async def test_a_dead_server_is_unknown_with_its_reason(single: Callable[..., RedisServer]) -> None:
    server = single()
    server.server.kill()
    answers = await asked(workspace([server.endpoint]))
    found = not_passed(answers)
    assert found.pop("cluster") is Verdict.WARN  # a single one: known without asking
    assert set(found.values()) == {Verdict.UNKNOWN}
    assert "refused" in row(answers, "node").evidence
    assert "Start the server" in row(answers, "node").remedy


async def test_a_single_server_is_a_warning_and_nothing_else(
    single: Callable[..., RedisServer],
) -> None:
    server = single(maxmemory="32mb", maxmemory_policy="allkeys-lru")
    answers = await asked(workspace([server.endpoint]))
    assert not_passed(answers) == {"cluster": Verdict.WARN}
    assert "target init" in row(answers, "cluster").remedy


async def test_a_single_server_where_a_cluster_is_named_fails(
    single: Callable[..., RedisServer],
) -> None:
    server = single(maxmemory="32mb", maxmemory_policy="allkeys-lru")
    answers = await asked(workspace([server.endpoint], kind="redis_cluster"))
    assert not_passed(answers)[f"node {server.endpoint}"] is Verdict.FAIL
    assert "cluster-enabled yes" in row(answers, "node").remedy
    assert row(answers, "cluster").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"maxmemory": "32mb", "maxmemory_policy": "noeviction"}, "refuses new keys"),
        ({"maxmemory": "0", "maxmemory_policy": "allkeys-lfu"}, "no maxmemory"),
    ],
)
async def test_a_cache_that_never_evicts_is_a_warning(
    single: Callable[..., RedisServer], settings: dict[str, str], says: str
) -> None:
    server = single(**settings)
    answers = await asked(workspace([server.endpoint]))
    assert not_passed(answers) == {"cluster": Verdict.WARN, "eviction": Verdict.WARN}
    assert says in row(answers, "eviction").evidence


async def test_a_cache_without_room_fails_the_canary(single: Callable[..., RedisServer]) -> None:
    server = single(maxmemory="1", maxmemory_policy="noeviction")
    answers = await asked(workspace([server.endpoint]))
    assert not_passed(answers)["canary"] is Verdict.FAIL
    assert "no memory" in row(answers, "canary").evidence


async def test_a_wrong_password_fails_the_servers_row_and_is_shown_nowhere(
    single: Callable[..., RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = single(requirepass="right-one-55", maxmemory="32mb", maxmemory_policy="allkeys-lru")
    monkeypatch.setenv("CACHE_PW", "wrong-one-77")
    for ws in (
        workspace([server.endpoint]),
        workspace([server.endpoint], password="CACHE_PW"),  # noqa: S106 - a variable's name
    ):
        answers = await asked(ws)
        assert not_passed(answers)[f"node {server.endpoint}"] is Verdict.FAIL
        assert "password_ref" in row(answers, "node").remedy
        rest = {row(answers, check).verdict for check in ("version", "eviction", "canary")}
        assert rest == {Verdict.UNKNOWN}
        assert "wrong-one-77" not in repr(answers)
    monkeypatch.setenv("CACHE_PW", "right-one-55")
    answers = await asked(workspace([server.endpoint], password="CACHE_PW"))  # noqa: S106 - as above
    assert not_passed(answers) == {"cluster": Verdict.WARN}


async def test_a_password_that_nobody_asked_for_fails(
    single: Callable[..., RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = single()
    monkeypatch.setenv("CACHE_PW", "needless-one")
    answers = await asked(workspace([server.endpoint], password="CACHE_PW"))  # noqa: S106 - a variable's name
    assert row(answers, "node").verdict is Verdict.FAIL
