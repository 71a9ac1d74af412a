"""The host's rows, at each border."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.model import Unknown
from core.preflight.judge_host import MISSING, HostFacts, Missing, atime, backups, docker, host
from core.verdict import Verdict

PASS, WARN, FAIL, UNKNOWN = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
ENOUGH = HostFacts(
    cores=4,
    memory_bytes=8 * 10**9,
    disk_bytes=100 * 10**9,
    nic_mbps=1_000,
    nofile=4_096,
)
DAY_S = 86_400


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (replace(ENOUGH), PASS),
        (replace(ENOUGH, cores=3), WARN),
        (replace(ENOUGH, memory_bytes=8 * 10**9 - 1), WARN),
        (replace(ENOUGH, disk_bytes=100 * 10**9 - 1), WARN),
        (replace(ENOUGH, nic_mbps=999), WARN),
        (replace(ENOUGH, nofile=4_095), WARN),
        (replace(ENOUGH, nofile=1_024), WARN),
        (replace(ENOUGH, nofile=1_023), FAIL),
        (replace(ENOUGH, nofile=512, cores=1), FAIL),
        (replace(ENOUGH, nic_mbps=Unknown(reason="virtual", since_ns=0)), UNKNOWN),
        (replace(ENOUGH, nic_mbps=Unknown(reason="virtual", since_ns=0), cores=1), WARN),
    ],
)
def test_less_than_the_guide_asks_for_warns_and_too_few_open_files_fail(
    facts: HostFacts, verdict: Verdict
) -> None:
    judged = host(facts)
    assert judged.verdict is verdict
    assert bool(judged.remedy) is (verdict is not PASS)


def test_what_is_less_is_named() -> None:
    assert "cores, link" in host(replace(ENOUGH, cores=1, nic_mbps=100)).remedy


@pytest.mark.parametrize(
    ("engine", "compose", "verdict"),
    [
        ("20.10.0", "2.0.0", PASS),
        ("27.1.1", "v2.29.1", PASS),
        ("20.9.9", "2.0.0", WARN),
        ("20.10.0", "1.29.2", WARN),
        ("odd", "2.0.0", UNKNOWN),
        (MISSING, "2.0.0", UNKNOWN),
        ("20.10.0", MISSING, UNKNOWN),
    ],
)
def test_i7_docker_that_is_not_here_is_unknown_and_an_older_one_warns(
    engine: str | Missing, compose: str | Missing, verdict: Verdict
) -> None:
    assert docker(engine, compose).verdict is verdict


def test_i6_access_times_stay_by_the_mount_or_by_the_open_else_it_fails() -> None:
    assert atime(quiet_mount=True, refused="").verdict is PASS
    assert atime(quiet_mount=False, refused="").verdict is PASS
    judged = atime(quiet_mount=False, refused="/data/gw")
    assert judged.verdict is FAIL
    assert "/data/gw" in judged.evidence
    assert "noatime" in judged.remedy


@pytest.mark.parametrize(
    ("age_s", "verdict"), [(0.0, PASS), (7 * DAY_S, PASS), (7 * DAY_S + 1, WARN), (None, WARN)]
)
def test_a_backup_older_than_a_week_or_none_warns(age_s: float | None, verdict: Verdict) -> None:
    judged = backups(age_s, "config-1")
    assert judged.verdict is verdict
    assert ("config backup" in judged.remedy) is (verdict is WARN)
