"""The host against the guide's figures, at each border."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.probe import host
from core.probe.host import HostFacts, judge, judge_link
from core.verdict import Verdict

ENOUGH = HostFacts(cores=4, memory_bytes=8 * 10**9, disk_bytes=10**11, nofile=4096)


def test_what_the_guide_asks_for_passes() -> None:
    assert judge(ENOUGH).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("less", "named"),
    [
        (replace(ENOUGH, cores=3), "4 cores"),
        (replace(ENOUGH, memory_bytes=8 * 10**9 - 1), "8.00 GB memory"),
        (replace(ENOUGH, disk_bytes=10**11 - 1), "100 GB disk"),
        (replace(ENOUGH, nofile=1024), "nofile 4,096"),
    ],
)
def test_less_of_one_thing_warns_and_names_it(less: HostFacts, named: str) -> None:
    found = judge(less)
    assert found.verdict is Verdict.WARN
    assert named in found.remedy
    assert found.remedy.count(",") == named.count(",")


@pytest.mark.parametrize("nofile", [512, 1023])
def test_too_few_open_files_fail(nofile: int) -> None:
    found = judge(replace(ENOUGH, nofile=nofile))
    assert found.verdict is Verdict.FAIL
    assert "ulimit -n 4096" in found.remedy


def test_this_host_is_looked_at() -> None:
    facts = host.look()
    assert min(facts.cores, facts.memory_bytes, facts.disk_bytes, facts.nofile) > 0


def test_the_fastest_card_counts_and_i7_none_is_unknown() -> None:
    assert judge_link({"eth0": 1000, "eth1": 0}).verdict is Verdict.PASS
    assert judge_link({"eth0": 100, "eth1": 10}).verdict is Verdict.WARN
    assert judge_link({"eth0": 0}).verdict is Verdict.UNKNOWN
    assert judge_link({}).verdict is Verdict.UNKNOWN
