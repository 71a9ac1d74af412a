"""What Redis says of itself, read into facts; anything else is no Redis that we know."""

from __future__ import annotations

import pytest

from core.errors import BadInput
from core.target.cache import split
from core.target.cache_facts import SLOTS, cluster_facts, members, node_facts

INFO = """\
# Server
redis_version:7.0.15
# Memory
used_memory:1048576
maxmemory:67108864
maxmemory_policy:allkeys-lfu
# Stats
evicted_keys:3
keyspace_hits:9
keyspace_misses:1
# Cluster
cluster_enabled:1
"""
CLUSTER = """\
cluster_state:ok
cluster_slots_assigned:16384
cluster_slots_ok:16384
cluster_known_nodes:3
cluster_size:3
cluster_my_epoch:2
"""
NODES = """\
aa 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5460 [93->-bb]
bb 10.0.0.2:6379@16379,redis-2 master,fail - 0 0 2 disconnected 5461-10922 16383
cc 10.0.0.3:6379@26379 slave aa 0 0 3 connected
"""


def test_a_server_tells_version_memory_and_evictions() -> None:
    facts = node_facts(INFO.replace("\n", "\r\n"), "cache")
    assert (facts.version, facts.major, facts.is_cluster) == ("7.0.15", 7, True)
    assert (facts.used_bytes, facts.limit_bytes, facts.policy) == (1 << 20, 64 << 20, "allkeys-lfu")
    assert (facts.evicted, facts.hits, facts.misses) == (3, 9, 1)


def test_a_cluster_tells_its_state_and_slots() -> None:
    facts = cluster_facts(CLUSTER, "cache")
    assert (facts.state, facts.slots_assigned, facts.slots_ok) == ("ok", SLOTS, SLOTS)
    assert (facts.nodes, facts.masters, facts.epoch) == (3, 3, 2)


def test_nodes_are_read_with_their_slots_and_ports() -> None:
    own, failing, replica = members(NODES, "cache")
    assert own.is_self
    assert own.is_master
    assert (own.endpoint, own.bus_port, own.slots) == ("10.0.0.1:6379", 16379, ((0, 5460),))
    assert failing.is_failing
    assert failing.endpoint == "10.0.0.2:6379"
    assert failing.slot_count == 5463
    assert failing.holds(16383)
    assert not failing.holds(0)
    assert not replica.is_master
    assert (replica.bus_port, replica.slots) == (26379, ())


def test_a_node_that_is_just_being_met_has_no_id_yet() -> None:
    meeting = NODES + "dd 10.0.0.4:6379@16379 master,handshake - 0 0 0 connected\n"
    assert [one.id for one in members(meeting, "cache")] == ["aa", "bb", "cc"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HTTP/1.1 400 Bad Request",
        INFO.replace("7.0.15", "none"),
        INFO.replace("used_memory:1048576", "used_memory:-1"),
        INFO.replace("maxmemory_policy", "policy"),
    ],
)
def test_another_answer_is_no_redis(text: str) -> None:
    with pytest.raises(BadInput, match="no Redis"):
        node_facts(text, "cache")


@pytest.mark.parametrize("text", ["aa 10.0.0.1:6379", NODES.replace("0-5460", "zero-one")])
def test_another_list_of_nodes_is_no_redis(text: str) -> None:
    with pytest.raises(BadInput, match="no Redis"):
        members(text, "cache")


def test_what_a_server_calls_itself_is_made_safe() -> None:
    hostile = NODES.replace("aa 10.0.0.1:6379", "aa \x1b[2Jx:6379", 1)
    assert "\x1b" not in members(hostile, "cache")[0].endpoint


@pytest.mark.parametrize(
    ("text", "found"),
    [("r0:6379", ("r0", 6379)), ("[::1]:7", ("::1", 7)), ("10.0.0.1:65535", ("10.0.0.1", 65535))],
)
def test_an_address_is_a_host_and_a_port(text: str, found: tuple[str, int]) -> None:
    assert split(text) == found


@pytest.mark.parametrize("text", ["r0", "r0:", ":6379", "r0:0", "r0:65536", "r0:x", ""])
def test_an_address_without_both_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="HOST:PORT"):
        split(text)
