"""How nodes are looked at, and who they turn out to be."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput, NodeUnreachable
from core.target.chooser import Chooser, NodeState
from core.target.kubo import KuboClient
from core.target.node_watch import NodeWatch, look_at
from core.target.peers import Roster
from tests.fakes.bundles import bundle, contents
from tests.fakes.kubo_server import FakeKubo

if TYPE_CHECKING:
    from core.target.sink_kubo import KuboSink
    from tests.fakes.cluster_server import FakeCluster
    from tests.fakes.ipfs_contract import Site


async def state(site: Site, index: int) -> tuple[NodeState, str]:
    async with site.roster() as roster:
        look = await look_at(roster.nodes[index], roster.clusters)
    return look.state, look.reason


async def test_a_healthy_node_is_ok_with_the_clusters_freespace(site: Site) -> None:
    async with site.roster() as roster:
        look = await look_at(roster.nodes[0], roster.clusters)
    assert look.state is NodeState.OK
    assert look.free_bytes == 49_999_979_366
    assert look.metric_ns > 0


async def test_a_node_over_storage_max_is_full(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    bundle(contents("fill", 3)).send(sink, site.nodes[:1])
    kubos[0].storage_max = 100
    assert await state(site, 0) == (
        NodeState.FULL,
        "its repository is over Datastore.StorageMax",
    )


async def test_a_node_without_a_freespace_metric_takes_nothing(
    site: Site, cluster: FakeCluster
) -> None:
    cluster.peers[1].free = False
    told, reason = await state(site, 1)
    assert told is NodeState.UNREACHABLE
    assert "no valid freespace metric" in reason


async def test_a_node_that_its_own_peer_cannot_reach_takes_nothing(
    site: Site, cluster: FakeCluster
) -> None:
    async with site.roster() as roster:
        cluster.peers[1].kubo_dead = True
        look = await look_at(roster.nodes[1], roster.clusters)
    assert (look.state, look.reason) == (NodeState.UNREACHABLE, "cluster-2 cannot reach it")


async def test_i7_a_node_whose_peer_is_down_is_unknown(site: Site, cluster: FakeCluster) -> None:
    async with site.roster() as roster:
        cluster.peers[1].down = True
        look = await look_at(roster.nodes[1], roster.clusters)
    assert look.state is NodeState.UNKNOWN
    assert "cluster-2 is not reachable" in look.reason


async def test_a_dead_node_is_unreachable(site: Site) -> None:
    gone = FakeKubo(9)
    gone.close()
    client = KuboClient("kubo-1", gone.url)
    async with site.roster() as roster:
        look = await look_at(replace(roster.nodes[0], kubo=client), roster.clusters)
        await client.close()
    assert look.state is NodeState.UNREACHABLE
    assert "kubo-1 is not reachable" in look.reason


async def test_a_kubo_of_no_peer_is_refused(site: Site) -> None:
    stray = FakeKubo(9)
    try:
        with pytest.raises(BadInput, match=r"kubo-4 at .* belongs to no peer of this cluster"):
            await Roster.discover([*site.kubo_urls, stray.url], site.cluster_urls, site.login)
    finally:
        stray.close()


async def test_a_peer_without_a_kubo_address_is_no_candidate(site: Site) -> None:
    roster = await Roster.discover(site.kubo_urls[1:], site.cluster_urls, site.login)
    try:
        assert [(n.name, n.peer_name) for n in roster.nodes] == [
            ("kubo-1", "cluster-1"),
            ("kubo-2", "cluster-2"),
        ]
        with pytest.raises(BadInput, match=r"add the other peers' Kubo to target\.kubo"):
            roster.require(3)
    finally:
        await roster.close()


async def test_i7_a_silent_address_is_no_verdict_and_is_learned_later(
    site: Site, kubos: list[FakeKubo], cluster: FakeCluster
) -> None:
    cluster.peers[2].down = True
    roster = await Roster.discover(site.kubo_urls, site.cluster_urls, site.login)
    try:
        assert [node.name for node in roster.nodes] == ["kubo-1", "kubo-2"]
        assert [silent.name for silent in roster.silent] == ["cluster-3"]
        with pytest.raises(NodeUnreachable, match="without an answer: cluster-3"):
            roster.require(3)
        cluster.peers[2].down = False
        await roster.ask()
        roster.require(3)
        assert roster.silent == ()
    finally:
        await roster.close()
    assert len(kubos) == 3


async def test_a_member_once_known_stays_known(site: Site, cluster: FakeCluster) -> None:
    async with site.roster() as roster:
        cluster.peers[2].down = True
        await roster.ask()
        assert len(roster.nodes) == 3


async def test_the_watch_keeps_looks_fresh_and_finds_late_nodes(
    site: Site, cluster: FakeCluster
) -> None:
    cluster.peers[2].down = True
    async with site.roster() as roster:
        chooser = Chooser(replication=3, node_bundles=1, clock=time.monotonic)
        watch = NodeWatch(roster, chooser, every_s=0.05, failing_s=0.1)
        await watch.look()
        assert [status.state for status in chooser.status()] == [NodeState.OK] * 2
        running = asyncio.create_task(watch.run())
        cluster.peers[2].down = False
        async with asyncio.timeout(60):
            assert len(await chooser.take(1000)) == 3
        cluster.peers[0].kubo_dead = True
        async with asyncio.timeout(60):
            while chooser.status()[0].state is NodeState.OK:  # noqa: ASYNC110 - other tasks' work
                await asyncio.sleep(0.01)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
