"""Which servers become a Redis Cluster: only empty ones, and all slots once (I8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, Refused
from core.target.cache_cluster import NodeState, plan
from core.target.cache_facts import SLOTS, ClusterFacts

FRESH = ClusterFacts(state="fail", slots_assigned=0, slots_ok=0, nodes=1, masters=0, epoch=0)
WHOLE = ClusterFacts(state="ok", slots_assigned=SLOTS, slots_ok=SLOTS, nodes=3, masters=3, epoch=1)


def nodes(count: int = 3) -> list[NodeState]:
    return [
        NodeState(
            endpoint=f"r{at}:6379",
            id=f"{at:040x}",
            bus_port=16379,
            keys=0,
            slots=(),
            others=frozenset(),
            cluster=FRESH,
        )
        for at in range(count)
    ]


@given(st.integers(3, 100))
def test_every_slot_is_given_once_and_evenly(count: int) -> None:
    shares = plan(nodes(count)).shares
    end = 0
    for share in shares:
        assert share.first == end
        end = share.last + 1
        assert abs((share.last - share.first + 1) - SLOTS / count) <= 1
    assert end == SLOTS


def test_three_masters_get_what_redis_cli_gives_them() -> None:
    made = plan(nodes())
    assert [(share.first, share.last) for share in made.shares] == [
        (0, 5460),
        (5461, 10922),
        (10923, 16383),
    ]
    assert made.masters == 3


def test_i8_another_server_at_an_address_is_another_plan() -> None:
    other = nodes()
    other[1] = replace(other[1], id="f" * 40)
    assert plan(nodes()).shares[1].text != plan(other).shares[1].text


def test_i8_a_server_with_a_single_key_is_refused_by_name() -> None:
    used = nodes()
    used[2] = replace(used[2], keys=1)
    with pytest.raises(Refused, match="r2:6379 holds 1 keys"):
        plan(used)


def test_i8_a_server_in_a_cluster_with_others_is_refused_by_name() -> None:
    used = nodes()
    used[0] = replace(used[0], others=frozenset({"a" * 40, "b" * 40}))
    with pytest.raises(Refused, match="r0:6379 is in a cluster with 2 other nodes"):
        plan(used)


def test_i8_a_server_with_slots_of_another_plan_is_refused_by_name() -> None:
    used = nodes()
    used[1] = replace(used[1], slots=((0, 5460),))
    with pytest.raises(Refused, match="r1:6379 serves other slots"):
        plan(used)


def test_a_build_that_was_broken_off_is_planned_as_before() -> None:
    half = nodes()
    half[0] = replace(half[0], slots=((0, 5460),), others=frozenset({half[1].id}))
    half[1] = replace(half[1], slots=((5461, 10922),), others=frozenset({half[0].id}))
    assert plan(half).shares == plan(nodes()).shares


def test_a_whole_cluster_of_them_needs_nothing_even_with_keys() -> None:
    ids = {node.id for node in nodes()}
    whole = [
        replace(node, cluster=WHOLE, keys=5, others=frozenset(ids - {node.id})) for node in nodes()
    ]
    assert plan(whole).shares == ()
    assert plan(whole).masters == 3


def test_two_whole_clusters_are_not_one() -> None:
    apart = [replace(node, cluster=WHOLE) for node in nodes()]
    assert plan(apart).shares != ()


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_servers_are_no_cluster(count: int) -> None:
    with pytest.raises(BadInput, match="needs 3 different servers"):
        plan(nodes(count))


def test_one_server_by_three_addresses_is_no_cluster() -> None:
    with pytest.raises(BadInput, match="different"):
        plan([replace(node, id="a" * 40) for node in nodes()])
