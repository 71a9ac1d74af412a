"""`vgwm target init` makes a Redis Cluster of real servers, and refuses those in use (I8)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.schema import Cache, IpfsTarget, PosixSource, Workspace
from core.config.workspace import write
from core.control import target_setup
from core.errors import NodeUnreachable, Refused, WrongState
from core.target.cache import CacheNode
from core.target.cache_facts import SLOTS
from tests.integration.cli.shell import vgwm
from tests.lab.redis import RedisCluster, RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.lab.process import Keeper


class Died(Exception):
    """The process that builds ended here."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, keeper: Keeper) -> Iterator[RedisCluster]:
    made = RedisCluster(tmp_path_factory.mktemp("redis"))
    made.start_apart(keeper)
    yield made
    for server in made.servers:
        keeper.forget(server.server)


@pytest.fixture
def apart(servers: RedisCluster) -> RedisCluster:
    """Three servers in cluster mode, each alone and empty."""
    for server in servers.servers:
        if not server.server.alive:
            server.restart()
        server.ask("flushall")
        server.ask("cluster", "reset", "hard")
    return servers


def workspace(folder: Path, endpoints: Sequence[str]) -> Path:
    folder.mkdir(exist_ok=True)
    cache = Cache(endpoints=tuple(endpoints))
    target = IpfsTarget(
        kubo=("http://127.0.0.1:1",),
        cluster=("http://127.0.0.1:2",),
        table=f"sqlite:{folder / 'objects.db'}",
        cache=cache,
    )
    source = PosixSource(path=folder / "tree")
    write(folder / "vgwm.yaml", Workspace(id="9f2c1a7e", source=source, target=target))
    return folder


def slots(server: RedisServer) -> list[str]:
    """What a server serves: the ends of its ranges."""
    line = next(row for row in server.ask("cluster", "nodes").splitlines() if "myself" in row)
    return line.split()[8:]


async def test_i8_it_is_shown_made_by_its_hash_and_then_there(
    apart: RedisCluster, tmp_path: Path
) -> None:
    home = tmp_path / "ws"
    (tmp_path / "tree" / "photos").mkdir(parents=True)
    given = [word for endpoint in apart.endpoints for word in ("--cache", endpoint)]
    made = await vgwm(
        *("init", "-w", str(home), "--source", f"posix:{tmp_path / 'tree'}", "--target", "ipfs"),
        *("--kubo", "http://127.0.0.1:1", "--cluster", "http://127.0.0.1:2"),
        *("--table", f"sqlite:{tmp_path / 'objects.db'}", *given),
        home=tmp_path,
    )
    assert made.code == 0, made.err
    shown = await vgwm("target", "init", "-w", str(home), home=tmp_path)
    assert shown.code == 0, shown.err
    for endpoint, ends in zip(
        apart.endpoints, ("0-5460", "5461-10922", "10923-16383"), strict=True
    ):
        assert any(endpoint in line and ends in line for line in shown.out.splitlines())
    assert await asyncio.to_thread(slots, apart.servers[0]) == []  # shown, not made
    confirm = shown.out.splitlines()[-1].split()[-1]
    done = await vgwm("target", "init", "-w", str(home), "--confirm", confirm, home=tmp_path)
    assert done.code == 0, done.err
    assert "cache cluster of 3 masters" in done.out
    assert "nothing is to be made" in done.out
    await asyncio.to_thread(apart.wait_whole)
    checked = await vgwm("check", "cache", "-w", str(home), home=tmp_path)
    assert checked.code == 0, checked.out + checked.err


async def test_a_build_that_dies_at_each_of_its_steps_goes_on_each_time(
    apart: RedisCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = workspace(tmp_path / "ws", apart.endpoints)
    real, left = CacheNode.ask, [0]

    async def ask(self: CacheNode, *words: str | int) -> str | int | None:
        if words[0] == "CLUSTER" and words[1] not in {"INFO", "NODES"}:
            if not left[0]:
                raise Died
            left[0] -= 1
        return await real(self, *words)

    monkeypatch.setattr(CacheNode, "ask", ask)
    done = None
    for steps in range(1, 12):
        left[0] = steps
        try:
            seen = await target_setup.look(ws)  # with the table made, another plan
            done = await target_setup.apply(ws, seen.hash)
            break
        except Died:
            continue
    assert done is not None
    assert done.missing == []
    await asyncio.to_thread(apart.wait_whole)


async def test_i8_a_server_with_keys_is_refused_and_left_alone(
    apart: RedisCluster, tmp_path: Path
) -> None:
    used = apart.servers[1]
    await asyncio.to_thread(used.ask, "cluster", "addslotsrange", "0", str(SLOTS - 1))
    for _ in range(100):  # it is whole by itself a moment later
        if await asyncio.to_thread(used.ask, "set", "somebody's", "value") == "OK":
            break
        await asyncio.sleep(0.05)
    ws = workspace(tmp_path / "ws", apart.endpoints)
    with pytest.raises(Refused, match=f"{used.endpoint} holds 1 keys"):
        await target_setup.look(ws)
    assert await asyncio.to_thread(used.ask, "get", "somebody's") == "value"
    assert await asyncio.to_thread(slots, apart.servers[0]) == []


async def test_i8_a_member_of_another_cluster_is_refused(
    apart: RedisCluster, redis: RedisCluster, tmp_path: Path
) -> None:
    ws = workspace(tmp_path / "ws", [*apart.endpoints[:2], redis.endpoints[0]])
    with pytest.raises(Refused, match=f"{redis.endpoints[0]} is in a cluster with 2 other"):
        await target_setup.look(ws)


async def test_i8_servers_that_changed_since_they_were_shown_are_refused(
    apart: RedisCluster, tmp_path: Path
) -> None:
    ws = workspace(tmp_path / "ws", apart.endpoints)
    seen = await target_setup.look(ws)
    await asyncio.to_thread(apart.servers[2].ask, "cluster", "reset", "hard")  # another id
    with pytest.raises(Refused, match="is not what would be done now"):
        await target_setup.apply(ws, seen.hash)
    assert not (ws / "objects.db").exists()


async def test_a_cluster_that_is_there_needs_nothing(redis: RedisCluster, tmp_path: Path) -> None:
    seen = await target_setup.look(workspace(tmp_path / "ws", redis.endpoints))
    assert "cache cluster of 3 masters" in seen.found
    assert not any(one.startswith("cache") for one in seen.missing)


async def test_a_server_out_of_cluster_mode_is_the_wrong_state(
    apart: RedisCluster, keeper: Keeper, tmp_path: Path
) -> None:
    single = RedisServer("single", tmp_path)
    single.start(keeper)
    ws = workspace(tmp_path / "ws", [*apart.endpoints[:2], single.endpoint])
    with pytest.raises(WrongState, match="cluster mode off"):
        await target_setup.look(ws)
    keeper.forget(single.server)


async def test_i7_a_server_that_is_down_is_no_answer(apart: RedisCluster, tmp_path: Path) -> None:
    apart.servers[0].server.kill()
    ws = workspace(tmp_path / "ws", apart.endpoints)
    with pytest.raises(NodeUnreachable, match="refused") as caught:
        await target_setup.look(ws)
    assert caught.value.exit_code == 4
