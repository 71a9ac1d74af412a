"""A node that is late, or whose free space the cluster does not know just now, is waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.engine.copying import placement_ipfs
from core.engine.copying.placement_ipfs import IpfsPlacement
from core.errors import NodeUnreachable
from core.target.node_watch import NO_METRIC

if TYPE_CHECKING:
    from core.target.peers import Roster
    from tests.fakes.cluster_server import FakeCluster
    from tests.fakes.ipfs_contract import Site


def placed(roster: Roster) -> IpfsPlacement:
    return IpfsPlacement(roster, replication=3, node_bundles=1, workspace_id="9f2c1a7e")


async def test_a_beginning_waits_for_the_next_metric_of_a_node_that_is_well(
    site: Site, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement_ipfs, "_LOOK_S", 0.05)
    late = cluster.peers[1]
    late.free = False
    async with site.roster() as roster:
        placement = placed(roster)
        beginning = asyncio.create_task(placement.start())
        while NO_METRIC not in {one.reason for one in placement.chooser.status()}:  # noqa: ASYNC110 - a look has no event
            await asyncio.sleep(0.001)
        late.free = True
        await beginning


async def test_a_beginning_asks_a_node_that_was_late_once_more(
    site: Site, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement_ipfs, "_LOOK_S", 0.05)
    late = cluster.peers[1]
    async with site.roster() as roster:
        placement = placed(roster)
        late.kubo_dead = True
        beginning = asyncio.create_task(placement.start())
        while not any("cannot reach it" in one.reason for one in placement.chooser.status()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
        late.kubo_dead = False
        await beginning


async def test_one_that_never_comes_is_said_and_another_fault_is_said_at_once(
    site: Site, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.peers[1].free = False
    async with site.roster() as roster:
        monkeypatch.setattr(placement_ipfs, "METRIC_S", 0.0)
        with pytest.raises(NodeUnreachable, match="no valid freespace metric"):
            await placed(roster).start()
        monkeypatch.setattr(placement_ipfs, "METRIC_S", 3_600.0)
        monkeypatch.setattr(placement_ipfs, "_LOOK_S", 0.05)
        cluster.peers[0].kubo_dead = True
        with pytest.raises(NodeUnreachable, match="cannot reach it"):
            await placed(roster).start()
