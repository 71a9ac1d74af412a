"""The laboratory itself: its servers are real, answer, and get well again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.process import until
from tests.lab.web import Api

if TYPE_CHECKING:
    from tests.lab.cluster import ClusterPeer
    from tests.lab.stack import Stack

# CAR without roots, one section: "hello world" as a raw block.
HELLO = bytes.fromhex(
    "11a265726f6f7473806776657273696f6e01"
    "2f01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
    "68656c6c6f20776f726c64"
)
HELLO_CID = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


def until_pinned(peer: ClusterPeer) -> None:
    until(f"a pin at {peer.name}", lambda: peer.status(HELLO_CID) == "pinned", limit_s=60)


def test_all_peers_are_distinct_and_can_allocate(stack: Stack) -> None:
    assert len(set(stack.ids)) == 3
    assert len({kubo.id for kubo in stack.kubos}) == 3
    for peer in stack.peers:
        assert peer.allocating() == set(stack.ids)
    assert all(kubo.links() == 2 for kubo in stack.kubos)


def test_an_imported_block_is_pinned_where_it_is_allocated(stack: Stack) -> None:
    two = stack.peers[:2]
    for peer in two:
        told = peer.kubo.api.upload("/api/v0/dag/import?pin-roots=false&stats=true", HELLO)
        assert told.member("Stats") == {"BlockCount": 1, "BlockBytesCount": 11}
    assert two[0].pin(HELLO_CID, name="lab", allocations=[p.id for p in two]) == 200
    for peer in two:
        until_pinned(peer)
        assert peer.kubo.pinned(HELLO_CID)
        assert peer.kubo.cat(HELLO_CID) == b"hello world"
    assert sorted(two[0].allocations()[HELLO_CID]) == sorted(p.id for p in two)
    assert stack.kubos[2].cat(HELLO_CID) is None


def test_credentials_are_asked_for(stack: Stack) -> None:
    assert Api(stack.cluster_urls[0]).get("/id").status == 401


def test_a_killed_node_comes_back_under_the_same_urls(stack: Stack) -> None:
    before = (stack.kubo_urls, stack.cluster_urls, stack.ids)
    stack.kubos[1].server.kill()
    stack.peers[2].server.kill()
    assert not stack.kubos[1].server.alive
    stack.heal()
    assert (stack.kubo_urls, stack.cluster_urls, stack.ids) == before
    assert stack.peers[1].allocating() == set(stack.ids)


def test_a_stopped_node_keeps_its_connection_open_and_is_silent(stack: Stack) -> None:
    kubo = stack.kubos[0]
    kubo.server.stop()
    assert kubo.api.post("/api/v0/version", timeout_s=0.5).status == 0
    assert kubo.server.alive
    kubo.server.cont()
    assert kubo.api.post("/api/v0/version").status == 200
