"""What a Kubo's answers are worth, at each border."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.probe import kubo_rules as rules
from core.target.kubo import KuboId, KuboSettings, RepoRoom
from core.verdict import Verdict

WHO = KuboId(id="12D3a", agent="kubo/0.42.0", addresses=("/ip4/10.0.0.4/tcp/4001/p2p/12D3a",))
SET = KuboSettings(
    api=("/ip4/127.0.0.1/tcp/5001",),
    guarded=False,
    peering=frozenset({"b", "c"}),
    routing="none",
    provides=False,
)


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("0.42.0", Verdict.PASS),
        ("0.40.0", Verdict.PASS),
        ("1.0.0-rc1", Verdict.PASS),
        ("0.39.0", Verdict.WARN),
        ("0.4.23", Verdict.WARN),
        ("dev", Verdict.UNKNOWN),
    ],
)
def test_versions_from_0_40_on_pass(version: str, verdict: Verdict) -> None:
    assert rules.judge_version("12D3a", version).verdict is verdict


@pytest.mark.parametrize(
    ("used", "verdict"), [(899, Verdict.PASS), (900, Verdict.WARN), (1000, Verdict.FAIL)]
)
def test_a_repository_at_its_limit_fails(used: int, verdict: Verdict) -> None:
    found = rules.judge_room(RepoRoom(used_bytes=used, max_bytes=1000))
    assert found.verdict is verdict


def test_an_rpc_on_loopback_is_private() -> None:
    assert rules.judge_exposure({"127.0.0.1"}, WHO, SET).verdict is Verdict.PASS


def test_an_rpc_that_we_reach_over_the_internet_is_public() -> None:
    assert rules.judge_exposure({"8.8.8.8"}, WHO, SET).verdict is Verdict.WARN


def test_an_rpc_on_all_addresses_is_public_only_on_a_host_with_a_public_one() -> None:
    every = replace(SET, api=("/ip4/0.0.0.0/tcp/5001",))
    public = replace(WHO, addresses=("/ip4/8.8.4.4/tcp/4001",))
    assert rules.judge_exposure({"10.0.0.4"}, WHO, every).verdict is Verdict.PASS
    assert rules.judge_exposure({"10.0.0.4"}, public, every).verdict is Verdict.WARN
    assert rules.judge_exposure({"10.0.0.4"}, public, SET).verdict is Verdict.PASS


def test_an_rpc_bound_to_a_public_address_is_public() -> None:
    bound = replace(SET, api=("/ip6/2606:4700::1/tcp/5001",))
    assert rules.judge_exposure({"10.0.0.4"}, WHO, bound).verdict is Verdict.WARN


def test_links_to_all_others_that_are_kept_pass() -> None:
    others = {"b", "c"}
    assert rules.judge_peering(others, 0, others, SET).verdict is Verdict.PASS


def test_a_link_that_is_missing_or_not_kept_warns() -> None:
    others = {"b", "c"}
    forgetful = replace(SET, peering=frozenset({"b"}))
    assert rules.judge_peering(others, 0, {"b"}, SET).verdict is Verdict.WARN
    assert rules.judge_peering(others, 0, others, forgetful).verdict is Verdict.WARN


def test_i7_links_to_a_node_that_was_not_heard_are_unknown() -> None:
    assert rules.judge_peering({"b"}, 1, {"b"}, SET).verdict is Verdict.UNKNOWN


def test_announcing_warns_unless_there_is_no_routing() -> None:
    default = replace(SET, provides=None, routing="")
    assert rules.judge_providing(SET).verdict is Verdict.PASS
    assert rules.judge_providing(default).verdict is Verdict.WARN
    assert rules.judge_providing(replace(default, routing="none")).verdict is Verdict.PASS
    assert rules.judge_providing(replace(default, provides=False)).verdict is Verdict.PASS


def test_a_guarded_rpc_warns_because_the_cluster_is_shut_out() -> None:
    found = rules.judge_providing(replace(SET, guarded=True))
    assert found.verdict is Verdict.WARN
    assert "API.Authorizations" in found.remedy
