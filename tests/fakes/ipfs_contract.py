"""What every target to IPFS does, real or not: a stand-in is trusted for these tests only.

A subclass in the integration tests runs them on the stand-ins, one in the real tests on the
laboratory's servers; each gives the fixture `site`.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core.dag import car
from core.dag.cid import RAW, text
from core.errors import (
    BadInput,
    BlocksMissing,
    Denied,
    NodeBusy,
    NodeRefusedBlock,
    NodeUnreachable,
    PinMoved,
)
from core.model import MIB, Cid
from core.target.cluster import ClusterClient
from core.target.cluster_answers import PinStatus
from core.target.control_http import Login
from core.target.kubo import KuboClient
from core.target.manifest_read import read_manifest
from core.target.peers import Roster
from core.target.pin_audit import RecordedPin, audit
from core.target.pin_step import PinLimits
from core.target.pins import PinWatch
from core.target.sink import KuboEndpoint
from core.target.sink_kubo import KuboSink
from core.verify.car_scan import CarScan
from core.verify.kubo_pull import KuboPull
from core.verify.weave import Weave
from tests.fakes.bundles import bundle, contents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from core.target.notices import Notices
    from core.target.pins import Health

QUICK = PinLimits(
    batch_age_s=0.3, poll_s=0.05, ask_again_s=0.2, blocks_s=0.5, settle_s=0.2, post_patience_s=3
)


@dataclass(frozen=True, slots=True)
class Site:
    """Three Kubo nodes under three cluster peers, in the same order."""

    kubo_urls: list[str]
    cluster_urls: list[str]
    login: Login

    @property
    def nodes(self) -> list[KuboEndpoint]:
        return [KuboEndpoint(f"kubo-{i}", url) for i, url in enumerate(self.kubo_urls, 1)]

    @asynccontextmanager
    async def roster(self) -> AsyncIterator[Roster]:
        roster = await Roster.discover(self.kubo_urls, self.cluster_urls, self.login)
        try:
            yield roster
        finally:
            await roster.close()

    @asynccontextmanager
    async def watch(
        self,
        limits: PinLimits = QUICK,
        *,
        health: Health | None = None,
        notices: Notices | None = None,
    ) -> AsyncIterator[tuple[Roster, PinWatch]]:
        async with self.roster() as roster, asyncio.TaskGroup() as group:
            watch = PinWatch(roster, limits, health=health, notices=notices)
            task = group.create_task(watch.run())
            try:
                yield roster, watch
            finally:
                task.cancel()


@pytest.fixture
def sink() -> Iterator[KuboSink]:
    sink = KuboSink(idle_s=20)
    yield sink
    sink.close()


def exported(node: KuboEndpoint, root: Cid) -> tuple[Weave, str]:
    """Return what a node exports below a root, and why that ends too early."""
    weave, pull = Weave(), KuboPull(node)
    try:
        with pull.export(text(root)) as stream:
            cut = CarScan(lambda _n: None).read(stream, weave)
    finally:
        pull.close()
    return weave, cut


class IpfsContract:
    """The shared tests."""

    def test_an_import_counts_every_section_also_the_second_time(
        self, site: Site, sink: KuboSink
    ) -> None:
        small = bundle(contents("twice", 20))
        first = small.send(sink, site.nodes[:2])
        second = small.send(sink, site.nodes[:2])
        assert first == second
        assert first.nodes == ("kubo-1", "kubo-2")
        assert first.car_bytes == 18 + sum(map(len, small.sections))

    def test_a_body_above_the_hold_goes_out_in_chunks_and_counts(
        self, site: Site, sink: KuboSink
    ) -> None:
        large = bundle(contents("large", 20, MIB))
        receipt = large.send(sink, site.nodes[:2])
        assert receipt.car_bytes == 18 + sum(map(len, large.sections))

    def test_segments_are_counted_each_alone(self, site: Site, sink: KuboSink) -> None:
        small = bundle(contents("segments", 6))
        sink.begin(1, "1-1", site.nodes[1:])
        small.put(sink, small.sections[:4])
        sink.segment(4, 400)
        view = memoryview(bytearray(small.sections[4]))
        sink.put_now([view], len(view))  # a streamed request after a held one
        small.put(sink, small.sections[5:])
        receipt = sink.finish(
            small.root, small.count - 4, small.section_bytes - 400, small.manifest
        )
        assert receipt.nodes == ("kubo-2", "kubo-3")

    def test_a_car_cut_between_sections_is_an_error_that_names_the_node(
        self, site: Site, sink: KuboSink
    ) -> None:
        small = bundle(contents("cut", 5))
        sink.begin(7, "1-1", site.nodes[:1])
        small.put(sink, small.sections[:3])
        with pytest.raises(NodeUnreachable, match="kubo-1 counted 3 blocks of 300 bytes") as told:
            sink.finish(small.root, small.count, small.section_bytes, b"")
        assert told.value.node == "kubo-1"
        assert site.kubo_urls[0] in told.value.where

    def test_a_car_cut_inside_a_section_is_an_error(self, site: Site, sink: KuboSink) -> None:
        small = bundle(contents("torn", 5))
        sink.begin(7, "1-1", site.nodes[:1])
        small.put(sink, [*small.sections[:3], small.sections[3][:-10]])
        with pytest.raises(NodeUnreachable, match="unexpected EOF"):
            sink.finish(small.root, small.count, small.section_bytes, b"")

    def test_i2_a_block_that_is_not_its_cid_stops(self, site: Site, sink: KuboSink) -> None:
        wrong = car.section(RAW + bytes(32), b"something else")
        sink.begin(7, "1-1", site.nodes[:2])
        sink.put([wrong], len(wrong))
        with pytest.raises(NodeRefusedBlock, match="mismatch in content integrity"):
            sink.segment(1, 14)

    def test_a_block_over_two_mib_stops(self, site: Site, sink: KuboSink) -> None:
        content = bytes(2 * MIB + 1)
        section = car.section(RAW + hashlib.sha256(content).digest(), content)
        sink.begin(7, "1-1", site.nodes[:1])
        sink.put([section], len(section))
        with pytest.raises(NodeRefusedBlock, match="over 2MiB"):
            sink.segment(1, len(content))

    async def test_a_node_tells_what_it_holds(self, site: Site, sink: KuboSink) -> None:
        small = bundle(contents("reads", 3))
        small.send(sink, site.nodes[:1])
        kubo = KuboClient(*site.nodes[0])
        try:
            stat = await kubo.dag_stat(text(small.root))
            assert stat is not None
            assert (stat.unique_blocks, stat.unique_bytes) == (small.count, small.section_bytes)
            assert await kubo.block_get(text(small.cids[1])) == contents("reads", 3)[1]
            async with kubo.cat(f"{text(small.root)}/000002", offset=10) as stream:
                assert b"".join([p async for p in stream]) == contents("reads", 3)[2][10:]
            absent = text(Cid(RAW + bytes(32)))
            assert await kubo.dag_stat(absent) is None
            assert await kubo.block_get(absent) is None
            assert not await kubo.pin_ls(text(small.root))
            assert (await kubo.version()).startswith("0.")
            assert (await kubo.repo_stat()).free_bytes > 0
        finally:
            await kubo.close()

    def test_an_export_holds_every_block_once(self, site: Site, sink: KuboSink) -> None:
        twice = bundle([*contents("exported", 3), contents("exported", 3)[0]])
        twice.send(sink, site.nodes[:1])
        weave, cut = exported(site.nodes[0], twice.root)
        assert not cut
        assert set(weave.held) == {*twice.cids, weave.directories[twice.root].manifest}
        assert weave.directories[twice.root].entries == list(twice.cids)
        assert not weave.bad

    def test_an_export_ends_where_a_block_is_missing_and_asks_no_other_node(
        self, site: Site, sink: KuboSink
    ) -> None:
        small = bundle(contents("exported in part", 4))
        small.send(sink, site.nodes[1:2])  # who is linked to the first, and would send it
        sections = [one for i, one in enumerate(small.sections) if i != 2]
        sink.begin(7, "1-1", site.nodes[:1])
        small.put(sink, sections)
        sink.segment(len(sections), small.section_bytes - len(contents("exported in part", 4)[2]))
        weave, _ = exported(site.nodes[0], small.root)
        assert set(small.cids[:2]) <= set(weave.held)
        assert small.cids[2] not in weave.held
        pull = KuboPull(site.nodes[0])
        try:
            assert pull.block(text(small.cids[2])) is None
            assert pull.block(text(small.cids[3])) == contents("exported in part", 4)[3]
            with pull.export(text(Cid(RAW + bytes(32)))) as stream:
                assert CarScan(lambda _n: None).read(stream, Weave())
            assert pull.block(text(small.cids[1])) == contents("exported in part", 4)[1]
        finally:
            pull.close()

    async def test_the_roster_joins_each_kubo_with_its_peer(self, site: Site) -> None:
        backwards = await Roster.discover(
            site.kubo_urls, list(reversed(site.cluster_urls)), site.login
        )
        async with site.roster() as straight:
            try:
                assert [n.peer for n in straight.nodes] == [n.peer for n in backwards.nodes]
                assert [n.cluster.url for n in straight.nodes if n.cluster] == site.cluster_urls
                assert [n.cluster.url for n in backwards.nodes if n.cluster] == site.cluster_urls
                backwards.require(3)
                with pytest.raises(BadInput, match="replication 4 needs as many nodes, found: 3"):
                    straight.require(4)
            finally:
                await backwards.close()

    async def test_two_addresses_of_one_node_are_refused(self, site: Site) -> None:
        again = [*site.kubo_urls, site.kubo_urls[0] + "/"]
        with pytest.raises(BadInput, match="kubo-1 and kubo-4 are the same server"):
            await Roster.discover(again, site.cluster_urls, site.login)

    async def test_an_address_of_another_kind_is_refused(self, site: Site) -> None:
        with pytest.raises(BadInput, match="cluster-1 answered 404"):
            await Roster.discover(site.kubo_urls, site.kubo_urls[:1], site.login)

    async def test_i9_wrong_credentials_are_denied_without_being_shown(self, site: Site) -> None:
        for login in (Login(site.login.user, "nobody-knows-this"), None):
            client = ClusterClient("cluster-1", site.cluster_urls[0], login)
            try:
                with pytest.raises(Denied, match="cluster-1 answered 401") as told:
                    await client.id()
                assert "nobody-knows-this" not in str(told.value)
            finally:
                await client.close()
        assert "nobody-knows-this" not in repr(login)

    async def test_i1_a_pin_is_seen_at_each_allocated_peer_and_at_no_other(
        self, site: Site, sink: KuboSink
    ) -> None:
        small = bundle(contents("pinned", 30))
        small.send(sink, site.nodes[:2])
        async with site.watch() as (roster, watch):
            peers = [node.peer for node in roster.nodes[:2]]
            await watch.pin(small.root, peers, name="vgwm-test-1")
            assert watch.waiting == 0
            root = text(small.root)
            assert [await node.kubo.pin_ls(root) for node in roster.nodes] == [True, True, False]
            assert await audit(roster, [RecordedPin(root=root, allocations=tuple(peers))]) == []
            moved = RecordedPin(root=root, allocations=(roster.nodes[2].peer, peers[0]))
            found = await audit(roster, [moved], settle_s=0)
            assert [one.verdict for one in found] == ["fail"] * 3

    async def test_a_pin_keeps_its_peers_whatever_is_asked_for_later(
        self, site: Site, sink: KuboSink
    ) -> None:
        small = bundle(contents("kept", 3))
        small.send(sink, site.nodes)
        async with site.watch() as (roster, watch):
            peers = [node.peer for node in roster.nodes]
            await watch.pin(small.root, peers[:2], name="vgwm-test-2")
            with pytest.raises(PinMoved) as told:
                await watch.pin(small.root, peers[1:], name="vgwm-test-2")
            assert set(told.value.allocations) == set(peers[:2])
            await watch.withdraw(small.root)
            for node in roster.nodes:
                assert node.cluster is not None
                assert await node.cluster.allocation(text(small.root)) is None
            await watch.pin(small.root, peers[1:], name="vgwm-test-2")

    async def test_a_pin_without_its_blocks_says_where_they_are_missing(
        self, site: Site, sink: KuboSink
    ) -> None:
        small = bundle(contents("missing", 4))
        async with site.watch() as (roster, watch):
            peers = [node.peer for node in roster.nodes[:2]]
            with pytest.raises(BlocksMissing) as told:
                await watch.pin(small.root, peers, name="vgwm-test-3")
            assert told.value.node in {"kubo-1", "kubo-2"}
            small.send(sink, site.nodes[:2])
            # the first attempt holds on until it times out, then it is recovered
            await watch.pin(small.root, peers, name="vgwm-test-3")

    async def test_more_replicas_than_peers_are_refused_for_now(self, site: Site) -> None:
        async with site.roster() as roster:
            client = roster.clusters[0]
            peers = [*(node.peer for node in roster.nodes), "12D3KooWnobody"]
            with pytest.raises(NodeBusy, match="not enough peers") as told:
                await client.pin(text(Cid(RAW + bytes(32))), name="n", rf=4, allocations=peers)
            assert told.value.wait_s > 0

    async def test_an_unknown_root_is_unpinned_and_in_no_state(self, site: Site) -> None:
        root = text(Cid(RAW + bytes(31) + b"\x01"))
        client = ClusterClient("cluster-1", site.cluster_urls[0], site.login)
        try:
            states = await client.pins_status([root])
            assert states[root].status is PinStatus.UNPINNED
            assert await client.allocation(root) is None
            assert not await client.unpin(root)
            await client.recover(root)
            assert root not in await client.pins_busy()
        finally:
            await client.close()

    async def test_a_manifest_comes_back_hashed_to_its_root(
        self, site: Site, sink: KuboSink
    ) -> None:
        small = bundle(contents("manifest", 3), manifest=b"line one\nline two\n")
        small.send(sink, site.nodes[1:2])
        async with site.roster() as roster:
            peers = [node.peer for node in roster.nodes[:2]]
            assert await read_manifest(roster, small.root, peers) == small.manifest
            with pytest.raises(NodeUnreachable, match="kubo-1 does not hold"):
                await read_manifest(roster, small.root, peers[:1])
