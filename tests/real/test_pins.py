"""Pins on a real cluster: peers and nodes that die, hang, fill up, or forget."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from core.dag.cid import text
from core.errors import NodeUnreachable, PinMoved
from core.target.chooser import Chooser, NodeState
from core.target.control_http import Login
from core.target.node_watch import NodeWatch, look_at
from core.target.pin_step import PinLimits
from tests.fakes.bundles import bundle, contents
from tests.fakes.ipfs_contract import QUICK, Site, sink  # noqa: F401 - a fixture
from tests.lab.process import until
from tests.lab.stack import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.target.sink_kubo import KuboSink
    from tests.lab.stack import Stack

PATIENT = PinLimits(batch_age_s=0.3, poll_s=0.05, post_again_s=3, settle_s=0.5)


@pytest.fixture
def site(stack: Stack) -> Site:
    return site_of(stack)


def site_of(stack: Stack) -> Site:
    return Site(stack.kubo_urls, stack.cluster_urls, Login(stack.user, stack.password))


async def test_i1_many_pins_are_seen_at_all_their_peers(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    bundles = [bundle(contents(f"many {i}", 20)) for i in range(40)]
    for i, small in enumerate(bundles):
        small.send(sink, [site.nodes[i % 3], site.nodes[(i + 1) % 3]])
    async with site.watch() as (roster, watch), asyncio.TaskGroup() as group:
        peers = [node.peer for node in roster.nodes]
        for i, small in enumerate(bundles):
            group.create_task(
                watch.pin(small.root, [peers[i % 3], peers[(i + 1) % 3]], name=f"many-{i}")
            )
    for i, small in enumerate(bundles):
        assert stack.kubos[i % 3].pinned(text(small.root))
        assert stack.kubos[(i + 1) % 3].pinned(text(small.root))
        assert not stack.kubos[(i + 2) % 3].pinned(text(small.root))


async def test_a_pin_lost_with_its_peer_is_posted_again_and_observed(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    small = bundle(contents("lost", 5))
    small.send(sink, site.nodes)
    async with site.watch(PATIENT) as (roster, watch):
        peers = tuple(node.peer for node in roster.nodes[:2])
        pin = asyncio.create_task(watch.pin(small.root, peers, name="lost"))
        while watch.waiting == 0:  # noqa: ASYNC110 - accepted, and not yet out of its batch
            await asyncio.sleep(0.001)
        accepted_by = watch._post._turn % 3  # noqa: SLF001 - who accepted it
        stack.peers[accepted_by].server.kill()
        stack.peers[accepted_by].restart()
        async with asyncio.timeout(90):
            try:
                await pin
            except PinMoved as moved:  # a peer just started allocates by the metrics it has heard
                peers = moved.allocations
                await watch.pin(small.root, peers, name="lost")
        for node, kubo in zip(roster.nodes, stack.kubos, strict=True):
            assert kubo.pinned(text(small.root)) == (node.peer in peers)
    await asyncio.to_thread(stack.wait_allocating)


async def test_a_pin_behind_the_clusters_back_is_recovered(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    small = bundle(contents("behind", 5))
    small.send(sink, site.nodes[:2])
    root = text(small.root)
    async with site.watch(PATIENT) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        await watch.pin(small.root, peers, name="behind")
        stack.kubos[1].api.post(f"/api/v0/pin/rm?arg={root}")
        assert not stack.kubos[1].pinned(root)
        async with asyncio.timeout(60):
            await watch.pin(small.root, peers, name="behind")
    assert stack.kubos[1].pinned(root)


async def test_a_hung_peer_delays_only_the_pins_that_it_is_to_hold(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    stuck, free = bundle(contents("stuck", 5)), bundle(contents("free", 5))
    stuck.send(sink, [site.nodes[0], site.nodes[2]])
    free.send(sink, site.nodes[:2])
    async with site.watch(PATIENT) as (roster, watch):
        one, two, three = (node.peer for node in roster.nodes)
        watch._post._turn = 2  # noqa: SLF001 - post by the first: not by the one that hangs
        stack.peers[2].server.stop()
        pin = asyncio.create_task(watch.pin(stuck.root, [one, three], name="stuck"))
        watch._post._turn = 2  # noqa: SLF001 - as above
        async with asyncio.timeout(60):
            await watch.pin(free.root, [one, two], name="free")
        assert not pin.done()
        stack.peers[2].server.cont()
        async with asyncio.timeout(60):
            await pin


async def test_a_dead_kubo_is_seen_and_its_pins_wait_for_it(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    small = bundle(contents("dead kubo", 5))
    small.send(sink, site.nodes[:2])
    async with site.watch(PATIENT) as (roster, watch):
        stack.kubos[1].server.kill()
        look = await look_at(roster.nodes[1], roster.clusters)
        assert look.state is NodeState.UNREACHABLE
        assert "kubo-2 is not reachable" in look.reason
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(small.root, peers, name="dead kubo"))
        await asyncio.to_thread(
            until,
            "the pin on the other",
            lambda: stack.kubos[0].pinned(text(small.root)),
            limit_s=60,
        )
        assert not pin.done()
        stack.kubos[1].restart()
        async with asyncio.timeout(90):
            await pin
    assert stack.kubos[1].pinned(text(small.root))
    await asyncio.to_thread(stack.wait_allocating)


async def test_a_node_over_storage_max_leaves_allocation(
    make_stack: Callable[[Shape], Stack],
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    small_stack = make_stack(Shape(nodes=2, storage_max="3MB"))
    try:
        site = site_of(small_stack)
        async with site.roster() as roster:
            chooser = Chooser(replication=2, node_bundles=2, clock=time.monotonic)
            watch = NodeWatch(roster, chooser)
            await watch.look()
            assert [s.state for s in chooser.status()] == [NodeState.OK] * 2
            # the limit is not enforced: the import is taken all the same
            bundle(contents("fill", 4, 1_000_000)).send(sink, site.nodes[1:])
            first = small_stack.peers[0]
            await asyncio.to_thread(
                until,
                "the full peer's leave",
                lambda: first.allocating() == {small_stack.ids[0]},
                limit_s=60,
            )
            await watch.look()
            states = chooser.status()
            assert (states[1].state, states[1].free_bytes) == (NodeState.FULL, 0)
            assert chooser.choose(1000) is None
            assert "kubo-2 is full: its repository is over" in chooser.why_not(1000)
    finally:
        small_stack.close()


async def test_all_peers_down_is_told_with_their_names(stack: Stack, site: Site) -> None:
    small = bundle(contents("nobody", 2))
    async with site.watch(QUICK) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        for peer in stack.peers:
            peer.server.kill()
        with pytest.raises(NodeUnreachable, match=r"cluster-. is not reachable"):
            await watch.pin(small.root, peers, name="nobody")
