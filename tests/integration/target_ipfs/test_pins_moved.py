"""Pins that move, are taken back, or are found lost by the last look. Times here are shortened."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.errors import NodeUnreachable, PinMoved
from core.target.pin_audit import RecordedPin, audit
from tests.integration.target_ipfs.pin_ground import ROOT, SMALL, until

if TYPE_CHECKING:
    from core.target.sink_kubo import KuboSink
    from tests.fakes.cluster_server import FakeCluster, FakePeer
    from tests.fakes.ipfs_contract import Site
    from tests.fakes.kubo_server import FakeKubo


async def test_replaced_allocations_are_told_at_once(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        one, two, three = (node.peer for node in roster.nodes)
        cluster.instead = [two, three]
        with pytest.raises(PinMoved) as told:
            await watch.pin(SMALL.root, [one, two], name="n")
        assert told.value.allocations == (two, three)
        SMALL.send(sink, site.nodes[2:])
        await watch.pin(SMALL.root, told.value.allocations, name="n")


async def test_a_pin_withdrawn_within_its_batch_does_not_come_back(
    site: Site, cluster: FakeCluster
) -> None:
    async with site.watch() as (roster, watch):
        one, two, three = (node.peer for node in roster.nodes)
        cluster.instead = [two, three]
        with pytest.raises(PinMoved):
            await watch.pin(SMALL.root, [one, two], name="n")
        await watch.withdraw(SMALL.root)
        assert cluster.pins == {}


async def test_a_withdrawn_pin_is_waited_for_until_no_kubo_lists_it(
    site: Site, cluster: FakeCluster, sink: KuboSink, kubos: list[FakeKubo]
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.unpins_late = True
    async with site.watch() as (roster, watch):
        await watch.pin(SMALL.root, [node.peer for node in roster.nodes[:2]], name="n")
        withdrawal = asyncio.create_task(watch.withdraw(SMALL.root))
        await until(lambda: not cluster.pins)
        asked = kubos[0].pin_questions
        await until(lambda: kubos[0].pin_questions > asked + 2)
        assert not withdrawal.done()
        for kubo in kubos:
            kubo.pins.clear()
        await withdrawal


async def test_the_audit_finds_a_pin_that_its_kubo_has_lost(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        await watch.pin(SMALL.root, peers, name="n")
        cluster.peers[1].forced[ROOT] = ("unexpectedly_unpinned", "it should be pinned")
        recorded = RecordedPin(root=ROOT, allocations=tuple(peers))
        (found,) = await audit(roster, [recorded], settle_s=0)
    assert found.evidence == "cluster-2: unexpectedly_unpinned: it should be pinned"


async def test_a_pin_is_withdrawn_although_one_peer_is_down(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        await watch.pin(SMALL.root, [node.peer for node in roster.nodes[:2]], name="n")
        cluster.peers[1].down = True
        cluster.unpins_late = True  # a Kubo whose peer is dead keeps its pin: nobody unpins there
        cluster.peers[0].kubo.pins.clear()
        await watch.withdraw(SMALL.root)
        assert cluster.pins == {}
        for peer in cluster.peers:
            peer.down = True
        with pytest.raises(NodeUnreachable):
            await watch.withdraw(SMALL.root)


async def test_allocations_that_change_later_are_told(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        one, two, three = (node.peer for node in roster.nodes)
        cluster.peers[1].forced[ROOT] = ("pinning", "")
        pin = asyncio.create_task(watch.pin(SMALL.root, [one, two], name="n"))
        await until(lambda: ROOT in cluster.peers[0].kubo.pins)
        cluster.pins[ROOT].allocations = [one, three]
        cluster.peers[1].forced.clear()
        with pytest.raises(PinMoved) as told:
            await pin
        assert told.value.allocations == (one, three)


async def test_i7_the_audit_calls_a_peer_that_does_not_answer_unknown(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        await watch.pin(SMALL.root, peers, name="n")
        cluster.peers[0].down = True
        cluster.peers[2].hidden.add(ROOT)
        recorded = RecordedPin(root=ROOT, allocations=tuple(peers))
        found = await audit(roster, [recorded], settle_s=0)
    said = [(one.verdict, one.subject) for one in found]
    assert said == [("fail", ROOT), ("unknown", "cluster-1")]
    assert "cluster-3: not in its state" in found[0].evidence


async def test_i7_the_audit_does_not_wait_for_one_dead_peer_and_proves_nothing_by_none(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        await watch.pin(SMALL.root, peers, name="n")
        recorded = RecordedPin(root=ROOT, allocations=tuple(peers))
        cluster.peers[0].down = True
        found = await audit(roster, [recorded], settle_s=600, silent_s=0)
        assert [(one.verdict, one.subject) for one in found] == [("unknown", "cluster-1")]
        for peer in cluster.peers:
            peer.down = True
        found = await audit(roster, [recorded], settle_s=600, silent_s=0)
        assert {one.verdict for one in found} == {"fail"}


async def test_the_audit_waits_for_gossip(site: Site, cluster: FakeCluster, sink: KuboSink) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        await watch.pin(SMALL.root, peers, name="n")
        late: FakePeer = cluster.peers[2]
        late.hidden.add(ROOT)
        recorded = RecordedPin(root=ROOT, allocations=tuple(peers))
        look = asyncio.create_task(audit(roster, [recorded], settle_s=10))
        await until(lambda: any(r.path == "/allocations" for r in late.asked))
        late.hidden.clear()
        assert await look == []
