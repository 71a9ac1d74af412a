"""Rows of the cluster panel: from what peers and Kubo told, and from their silence."""

from __future__ import annotations

from dataclasses import replace

from core.probe.peer_rows import STALE_S, ClusterTold, KuboTold, PeerState, Pings, rows
from core.target.cluster_answers import Member, Metric, PeerPin, PinStatus
from core.target.kubo import RepoRoom

NOW_S = 1_000.0
WALL_NS = 1_764_598_931_000_000_000


def metric(peer: str, value: str, *, valid: bool = True, ago_s: float = 1.0) -> Metric:
    return Metric(peer=peer, value=value, valid=valid, received_ns=WALL_NS - int(ago_s * 1e9))


def cluster(n: int, **more: object) -> ClusterTold:
    member = Member(
        id=f"peer-{n}",
        name=f"c{n}",
        version="1.1.6",
        error="",
        kubo_id=f"kubo-id-{n}",
        kubo_error="",
    )
    plain = ClusterTold(
        name=f"cluster-{n}",
        member=member,
        busy=(),
        pings=(metric("peer-1", '{"ipfs_id":"kubo-id-1"}'), metric("peer-2", "{}")),
        free=(metric("peer-1", "2100"), metric("peer-2", "700")),
        at_s=NOW_S - 0.5,
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # a test's own fields


def kubo(n: int, **more: object) -> KuboTold:
    plain = KuboTold(
        name=f"kubo-{n}",
        id=f"kubo-id-{n}",
        version="0.42.0",
        room=RepoRoom(used_bytes=30, max_bytes=100),
        at_s=NOW_S - 0.5,
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # a test's own fields


def heard() -> Pings:
    pings = Pings()
    pings.hear([metric("peer-1", "{}"), metric("peer-2", "{}", ago_s=4.0)], NOW_S, WALL_NS)
    return pings


def test_a_peer_and_its_kubo_are_one_row_whatever_their_order() -> None:
    found = rows([cluster(1), cluster(2)], [kubo(2), kubo(1)], heard(), NOW_S)
    assert [(one.name, one.state, one.version) for one in found] == [
        ("cluster-1", PeerState.OK, "0.42.0/1.1.6"),
        ("cluster-2", PeerState.OK, "0.42.0/1.1.6"),
    ]
    assert [(one.free_bytes, one.ping_s, one.repo_bytes) for one in found] == [
        (2100, 1.0, 30),
        (700, 4.0, 30),
    ]


def test_i7_a_silent_peer_is_unknown_and_so_are_its_queue_and_errors() -> None:
    silent = cluster(2, at_s=NOW_S - STALE_S - 1, why="no answer in 2 s")
    found = rows([cluster(1), silent], [kubo(1), kubo(2)], heard(), NOW_S)[1]
    assert (found.state, found.reason) == (PeerState.UNKNOWN, "no answer in 2 s")
    assert (found.queue, found.errors) == (None, None)
    assert found.free_bytes == 700  # a peer that is heard knows it
    assert found.age_s == STALE_S + 1


def test_a_dead_kubo_makes_its_peer_failing() -> None:
    found = rows([cluster(1)], [kubo(1, why="not reachable")], heard(), NOW_S)[0]
    assert (found.state, found.kubo, found.reason) == (
        PeerState.FAILING,
        "failing",
        "its Kubo: not reachable",
    )
    assert found.repo_bytes is None


def test_what_a_peer_says_of_its_kubo_counts_where_we_reach_it() -> None:
    told = cluster(1)
    assert told.member is not None
    ill = replace(told, member=replace(told.member, kubo_error="connection refused"))
    assert rows([ill], [kubo(1)], heard(), NOW_S)[0].state is PeerState.FAILING


def test_pins_that_wait_failed_or_have_no_room_are_told() -> None:
    waits = tuple(PeerPin(PinStatus.PIN_QUEUED) for _ in range(1_001))
    failed = (PeerPin(PinStatus.PIN_ERROR), PeerPin(PinStatus.PINNING))
    full = tuple(metric(f"peer-{n}", "0") for n in (1, 2))
    found = [
        rows([cluster(1, **more)], [kubo(1)], heard(), NOW_S)[0]
        for more in ({"busy": waits}, {"busy": failed}, {"free": full})
    ]
    assert [(one.state, one.queue, one.errors) for one in found] == [
        (PeerState.SLOW, 1_001, 0),
        (PeerState.SLOW, 1, 1),
        (PeerState.FULL, 0, 0),
    ]


def test_a_peer_whose_ping_nobody_hears_is_slow() -> None:
    quiet = (metric("peer-1", "{}", valid=False),)
    found = rows([cluster(1, pings=quiet)], [kubo(1)], heard(), NOW_S)[0]
    assert (found.state, found.reason) == (PeerState.SLOW, "no peer hears its ping")


def test_a_kubo_of_no_peer_has_a_row_of_its_own() -> None:
    found = rows([cluster(1)], [kubo(1), kubo(9)], heard(), NOW_S)
    assert [(one.name, one.state) for one in found] == [
        ("cluster-1", PeerState.OK),
        ("kubo-9", PeerState.SLOW),
    ]


def test_before_anybody_answered_every_row_is_unknown() -> None:
    found = rows([ClusterTold(name="cluster-1")], [KuboTold(name="kubo-1")], Pings(), NOW_S)
    assert [(one.name, one.state, one.age_s) for one in found] == [
        ("cluster-1", PeerState.UNKNOWN, None)
    ]


def test_a_ping_ages_by_our_clock_though_the_peers_is_another() -> None:
    pings = Pings()
    pings.hear([metric("peer-1", "{}", ago_s=-3_600)], NOW_S, WALL_NS)  # an hour ahead of ours
    assert pings.age_s("peer-1", NOW_S) == 0.0
    pings.hear([metric("peer-1", "{}", ago_s=-3_600)], NOW_S + 9, WALL_NS)
    assert pings.age_s("peer-1", NOW_S + 9) == 9.0
    pings.hear([metric("peer-1", "{}", ago_s=-3_601)], NOW_S + 10, WALL_NS)
    assert pings.age_s("peer-1", NOW_S + 10) == 0.0
    assert pings.age_s("peer-2", NOW_S) is None
