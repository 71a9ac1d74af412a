"""Whether there are peers enough: every border between pass, warn and fail."""

from __future__ import annotations

from core.probe.peers import (
    QUEUE_MAX,
    Need,
    Told,
    judge_metrics,
    judge_peers,
    judge_pins,
    judge_queue,
)
from core.target.cluster_answers import Member, Metric
from core.verdict import Verdict

THREE = ("a", "b", "c")
NEED = Need(rf=2, least=2)


def member(peer: str, *, kubo_error: str = "", version: str = "1.1.6") -> Member:
    return Member(
        id=peer,
        name=peer,
        version=version,
        error="",
        kubo_id=f"k{peer}",
        kubo_error=kubo_error,
        members=THREE,
    )


def metric(peer: str, *, valid: bool = True, received_ns: int = 0) -> Metric:
    return Metric(peer=peer, value="1", valid=valid, received_ns=received_ns)


def told(
    peer: str, *, free: str = "abc", kubo_error: str = "", version: str = "1.1.6", ident: str = ""
) -> Told:
    return Told(
        name=f"cluster-{peer}",
        member=member(ident or peer, kubo_error=kubo_error, version=version),
        free=tuple(map(metric, free)),
    )


def silent(peer: str) -> Told:
    return Told(name=f"cluster-{peer}", member=None, why="no answer")


def test_all_peers_with_room_pass() -> None:
    found = judge_peers([told(p) for p in THREE], NEED)
    assert found == (Verdict.PASS, "3 of 3 peers take pins, 2 copies wanted, all 1.1.6", "")


def test_i7_nobody_heard_is_unknown() -> None:
    assert judge_peers([silent(p) for p in THREE], NEED).verdict is Verdict.UNKNOWN


def test_a_silent_peer_is_missing_although_its_metric_is_still_valid() -> None:
    found = judge_peers([told("a"), told("b"), silent("c")], NEED)
    assert found.verdict is Verdict.WARN
    assert found.evidence.startswith("2 of 3 peers")


def test_a_peer_without_an_address_here_counts_by_its_metric() -> None:
    assert judge_peers([told("a"), told("b")], NEED).evidence.startswith("3 of 3 peers")


def test_fewer_than_the_copies_warns_and_fewer_than_the_least_fails() -> None:
    need = Need(rf=3, least=2)
    two = [told("a", free="ab"), told("b", free="ab"), told("c", free="ab", kubo_error="refused")]
    one = [told("a", free="a"), told("b", free="a"), told("c", free="a")]
    assert judge_peers(two, need).verdict is Verdict.WARN
    assert judge_peers(one, need).verdict is Verdict.FAIL


def test_a_peer_whose_kubo_is_dead_takes_no_pins() -> None:
    found = judge_peers([told("a"), told("b"), told("c", kubo_error="refused")], NEED)
    assert (found.verdict, found.evidence[:12]) == (Verdict.WARN, "2 of 3 peers")


def test_two_addresses_of_one_peer_fail() -> None:
    found = judge_peers([told("a"), told("b", ident="a"), told("c")], NEED)
    assert found.verdict is Verdict.FAIL
    assert "cluster-a and cluster-b are the same server" in found.evidence


def test_unequal_versions_warn() -> None:
    found = judge_peers([told("a"), told("b", version="1.0.8"), told("c")], NEED)
    assert found.verdict is Verdict.WARN
    assert "1.0.8, 1.1.6" in found.evidence


def test_a_least_of_one_copy_warns() -> None:
    assert judge_peers([told(p) for p in THREE], Need(rf=2, least=1)).verdict is Verdict.WARN


def test_no_peer_with_room_fails_even_where_one_copy_would_do() -> None:
    found = judge_peers([told(p, free="") for p in THREE], Need(rf=1, least=1))
    assert found.verdict is Verdict.FAIL


def test_pin_counts_differ_or_are_the_same() -> None:
    assert judge_pins({"a": 4, "b": 4}).verdict is Verdict.PASS
    assert judge_pins({"a": 4, "b": 5}).verdict is Verdict.WARN


def test_failed_pins_and_a_long_queue_warn() -> None:
    assert judge_queue(QUEUE_MAX, 0).verdict is Verdict.PASS
    assert judge_queue(QUEUE_MAX + 1, 0).verdict is Verdict.WARN
    assert judge_queue(0, 1).verdict is Verdict.WARN


def test_a_peer_that_hears_all_passes_and_an_expired_metric_warns() -> None:
    pings = [metric("a", received_ns=9_000_000_000), metric("b", received_ns=7_000_000_000)]
    free = [metric("a"), metric("b")]
    fine = judge_metrics(2, pings, free)
    assert fine.verdict is Verdict.PASS
    assert "2 s behind" in fine.evidence
    assert judge_metrics(2, pings, [metric("a"), metric("b", valid=False)]).verdict is Verdict.WARN
    assert judge_metrics(3, pings, free).verdict is Verdict.WARN


def test_more_copies_than_peers_fail() -> None:
    found = judge_peers([told(p) for p in THREE], Need(rf=4, least=2))
    assert found.verdict is Verdict.FAIL
    assert "target.replication" in found.remedy
