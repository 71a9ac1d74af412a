"""What a cluster may do to a pin, and what the watch makes of it. Times here are shortened."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.errors import Denied, NodeBusy, PinFailed, PinMoved, VgwmError
from core.target.notices import Notices
from core.target.pin_audit import RecordedPin, audit
from tests.fakes.bundles import bundle, contents
from tests.fakes.http_server import Reply
from tests.fakes.ipfs_contract import QUICK, Site
from tests.integration.target_ipfs.pin_ground import LOST, ROOT, SMALL, until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.target.sink_kubo import KuboSink
    from tests.fakes.cluster_server import FakeCluster


async def test_i1_a_pin_is_not_over_while_one_peer_has_not_said_pinned(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.peers[1].forced[ROOT] = ("pin_queued", "")
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: ROOT in cluster.peers[0].kubo.pins)
        seen = len(cluster.peers[1].asked)
        await until(lambda: len(cluster.peers[1].asked) > seen + 4)
        assert not pin.done()
        assert watch.waiting == 1
        assert watch.queues[peers[1]] == 1
        cluster.peers[1].forced.clear()
        await pin
        assert watch.waiting == 0


async def test_a_pin_lost_with_its_peer_is_posted_again(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.lose_next = 1
    async with site.watch(LOST) as (roster, watch):
        await watch.pin(SMALL.root, [node.peer for node in roster.nodes[:2]], name="n")
    assert len(cluster.posts) >= 2
    assert cluster.pins[ROOT].name == "n"


async def test_a_pin_that_reaches_no_state_fails_at_last(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.lose_next = 99
    async with site.watch(replace(LOST, absent_s=1)) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        with pytest.raises(PinFailed, match=f"says unpinned of {ROOT}"):
            await watch.pin(SMALL.root, peers, name="n")


async def test_a_pin_that_gossip_has_not_brought_is_waited_for_not_posted_again(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.peers[1].hidden.add(ROOT)
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: ROOT in cluster.peers[0].kubo.pins)
        cluster.peers[1].hidden.clear()
        await pin
    assert len(cluster.posts) == 1


@pytest.mark.parametrize("status", ["pin_error", "unexpectedly_unpinned"])
async def test_a_failed_pin_whose_blocks_are_there_is_recovered(
    site: Site, cluster: FakeCluster, sink: KuboSink, status: str
) -> None:
    SMALL.send(sink, site.nodes[:2])
    sick = cluster.peers[1]
    sick.forced[ROOT] = (status, "unexpected EOF")
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: sick.recovered == [ROOT])
        assert not pin.done()
        sick.forced.clear()
        await pin


async def test_a_pin_that_stays_failed_says_the_peers_own_words(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    sick = cluster.peers[1]
    sick.forced[ROOT] = ("pin_error", "disk \x1b[1m full")
    async with site.watch(replace(QUICK, settle_s=0.12)) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        with pytest.raises(PinFailed, match=r"kubo-2 says pin_error .* disk .*full") as told:
            await watch.pin(SMALL.root, peers, name="n")
    assert "\x1b" not in str(told.value)
    assert told.value.node == "kubo-2"
    assert sick.recovered == [ROOT] * QUICK.recovers


class Nodes:
    """What is known of the nodes beside their pins."""

    def __init__(self) -> None:
        self.down: dict[str, float] = {}
        self.well = 3

    def down_s(self, peer: str) -> float:
        return self.down.get(peer, 0.0)

    def others(self, peers: Iterable[str]) -> int:
        return self.well - len(set(peers))


async def test_a_pin_on_a_dead_node_moves_once_another_can_take_it(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.peers[1].forced[ROOT] = ("pinning", "")
    nodes = Nodes()
    async with site.watch(replace(QUICK, silent_s=5), health=nodes) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        nodes.down[peers[1]], nodes.well = 60.0, 2
        asked = len(cluster.peers[1].asked)
        await until(lambda: len(cluster.peers[1].asked) > asked + 4)
        assert not pin.done()
        nodes.well = 3
        with pytest.raises(PinFailed, match="kubo-2 is down, and says pinning") as told:
            await pin
    assert told.value.node == "kubo-2"


async def test_i7_a_silent_peer_is_waited_for_while_there_is_no_other(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.peers[1].forced[ROOT] = ("cluster_error", "")
    nodes = Nodes()
    nodes.well = 2
    async with site.watch(replace(QUICK, silent_s=0.2), health=nodes) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: ROOT in cluster.peers[0].kubo.pins)
        asked, began_s = len(cluster.peers[1].asked), time.monotonic()
        await until(
            lambda: len(cluster.peers[1].asked) > asked + 4 and time.monotonic() - began_s > 0.4
        )
        assert not pin.done()
        cluster.peers[1].forced.clear()
        await pin


async def test_a_recovered_pin_is_said_once_for_many(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    sick, notices = cluster.peers[1], Notices()
    sick.forced[ROOT] = ("pin_error", "unexpected EOF")
    async with site.watch(notices=notices) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        said = await notices.next()
        assert said.kind == "pin_recovered"
        assert said.text == "kubo-2 says pin_error of n: unexpected EOF; told to try again"
        await until(lambda: len(sick.recovered) > 1)
        sick.forced.clear()
        await pin
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(notices.next(), 0.01)


async def test_a_peer_that_asks_to_be_left_alone_is_not_silent(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    quiet, busy = cluster.peers[:2]
    quiet.forced[ROOT] = busy.forced[ROOT] = ("pinning", "")  # both are asked all the while
    async with site.watch(replace(QUICK, silent_s=0.2)) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: watch.queues.get(peers[1]) == 1)
        busy.replies.append(Reply(429, b"slow down", {"Retry-After": "2"}))
        await until(lambda: not busy.replies)
        asked, others = len(busy.asked), len(quiet.asked)
        await until(lambda: len(busy.asked) > asked)
        assert len(quiet.asked) - others >= 4
        quiet.forced.clear()
        busy.forced.clear()
        await pin


@pytest.mark.parametrize("status", ["cluster_error", "a_word_of_tomorrow"])
async def test_i7_a_peer_that_cannot_tell_is_waited_for(
    site: Site, cluster: FakeCluster, sink: KuboSink, status: str
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.peers[1].forced[ROOT] = (status, "")
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: sum("cids" in r.query for r in cluster.peers[1].asked) > 2)
        assert not pin.done()
        cluster.peers[1].forced.clear()
        await pin
    assert cluster.peers[1].recovered == []


async def test_i7_a_peer_that_is_down_is_waited_for_until_patience_ends(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch(replace(QUICK, silent_s=0.5)) as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        cluster.peers[1].forced[ROOT] = ("pin_queued", "")
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: bool(cluster.pins))
        cluster.peers[1].down = True
        with pytest.raises(PinFailed, match=r"kubo-2 says undefined .* no answer"):
            await pin


async def test_a_peer_that_keeps_us_waiting_delays_no_other(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    other = bundle(contents("pins of others", 3))
    SMALL.send(sink, site.nodes[:2])
    other.send(sink, [site.nodes[0], site.nodes[2]])
    async with site.watch() as (roster, watch):
        one, two, three = (node.peer for node in roster.nodes)
        cluster.peers[1].speaks.clear()
        # the first cluster address asked may be the silent one: post by another
        watch._post._turn = 1  # noqa: SLF001 - else 20 s of timeout
        stuck = asyncio.create_task(watch.pin(SMALL.root, [one, two], name="n"))
        await watch.pin(other.root, [one, three], name="m")
        assert not stuck.done()
        cluster.peers[1].speaks.set()
        await stuck


async def test_i7_a_peer_that_cannot_tell_what_it_lost_is_no_failure(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        await watch.pin(SMALL.root, peers, name="n")
        for peer in cluster.peers:
            peer.too_many = True
        recorded = RecordedPin(root=ROOT, allocations=tuple(peers))
        found = await audit(roster, [recorded], settle_s=0, silent_s=0)
    assert [(one.verdict, one.subject) for one in found] == [
        ("unknown", f"what cluster-{i} lost") for i in (1, 2, 3)
    ]


async def test_a_full_queue_is_waited_for(site: Site, cluster: FakeCluster, sink: KuboSink) -> None:
    SMALL.send(sink, site.nodes[:2])
    message = b'{"code":500,"message":"error batching item: batching max_queue_size reached."}'
    async with site.watch() as (roster, watch):
        cluster.refusals.append(Reply(500, message))
        began_s = time.monotonic()
        await watch.pin(SMALL.root, [node.peer for node in roster.nodes[:2]], name="n")
        assert time.monotonic() - began_s > 0.7


async def test_too_few_peers_are_told_when_patience_ends(site: Site, cluster: FakeCluster) -> None:
    for peer in cluster.peers[1:]:
        peer.free = False
    async with site.watch(replace(QUICK, post_patience_s=0)) as (roster, watch):
        with pytest.raises(NodeBusy, match="not enough peers"):
            await watch.pin(SMALL.root, [node.peer for node in roster.nodes[:2]], name="n")


async def test_a_peer_that_is_down_when_pins_are_posted_is_passed_over(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        cluster.peers[2].down = True
        for number in range(3):
            await watch.pin(
                SMALL.root, [node.peer for node in roster.nodes[:2]], name=f"n-{number}"
            )


async def test_a_wrong_password_fails_the_pins_that_wait(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        cluster.peers[1].forced[ROOT] = ("pin_queued", "")
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: bool(watch.queues))
        cluster.peers[1].replies += [Reply(401, b'{"code":401,"message":"access denied"}')] * 3
        with pytest.raises(Denied):
            await pin


async def test_no_pin_is_posted_to_a_peer_whose_queue_is_full(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    other = bundle(contents("behind a queue", 3))
    for one in (SMALL, other):
        one.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        watch.queue_max = 0
        peers = [node.peer for node in roster.nodes[:2]]
        cluster.peers[0].forced[ROOT] = ("pin_queued", "")
        first = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: watch.queues.get(peers[0]) == 1)
        second = asyncio.create_task(watch.pin(other.root, peers, name="m"))
        seen = len(cluster.peers[0].asked)
        await until(lambda: len(cluster.peers[0].asked) > seen + 3)
        assert cluster.posts == [ROOT]
        cluster.peers[0].forced.clear()
        await first
        await second


async def test_a_peer_without_an_address_of_its_own_is_asked_about_by_others(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    by_one = Site(site.kubo_urls, site.cluster_urls[:1], site.login)
    async with by_one.watch() as (roster, watch):
        assert [node.cluster is None for node in roster.nodes] == [False, True, True]
        await watch.pin(SMALL.root, [node.peer for node in roster.nodes[:2]], name="n")
    assert cluster.peers[1].asked == []


async def test_cancelled_pins_are_waited_for_no_longer(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    cluster.peers[1].forced[ROOT] = ("pin_queued", "")
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        pin = asyncio.create_task(watch.pin(SMALL.root, peers, name="n"))
        await until(lambda: watch.waiting == 1)
        pin.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pin
        assert watch.waiting == 0


async def test_i7_what_a_peer_with_a_dead_kubo_lacks_is_unknown(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    async with site.watch() as (roster, watch):
        peers = [node.peer for node in roster.nodes[:2]]
        await watch.pin(SMALL.root, peers, name="n")
        cluster.peers[2].hidden.add(ROOT)
        recorded = RecordedPin(root=ROOT, allocations=tuple(peers))
        (found,) = await audit(roster, [recorded], settle_s=600, silent_s=600, ill=["cluster-3"])
        assert (found.verdict, found.subject) == ("unknown", "cluster-3")
        assert found.evidence == "its Kubo is down, and its state differs in 1 pins"


async def test_a_peer_whose_kubo_is_down_is_asked_for_pins_last(
    site: Site, cluster: FakeCluster, sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:2])
    nodes = Nodes()
    async with site.watch(health=nodes) as (roster, watch):
        nodes.down = {node.peer: 5.0 for node in roster.nodes[:2]}
        for _ in range(3):
            await watch.pin(SMALL.root, [node.peer for node in roster.nodes[:2]], name="n")
    posts = [[r.method for r in peer.asked].count("POST") for peer in cluster.peers]
    assert posts == [0, 0, 3]


def test_the_errors_of_pins_are_no_answer(site: Site) -> None:
    del site
    assert issubclass(PinFailed, VgwmError)
    assert PinFailed.exit_code == PinMoved.exit_code == 4
