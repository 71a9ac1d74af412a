"""Round trips, bandwidth, certificates and load balancers at their borders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from core.probe import bandwidth, lb, tls
from core.probe.network import TRIES, judge_trips
from core.verdict import Verdict

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("came", "verdict"),
    [
        (TRIES, Verdict.PASS),
        (TRIES - 1, Verdict.WARN),
        (TRIES // 2, Verdict.WARN),
        (TRIES // 2 - 1, Verdict.FAIL),
        (1, Verdict.FAIL),
        (0, Verdict.UNKNOWN),
    ],
)
def test_lost_packets_warn_and_most_lost_fail(came: int, verdict: Verdict) -> None:
    found = judge_trips([0.001] * came)
    assert found.verdict is verdict
    assert f"lost {TRIES - came} of {TRIES}" in found.evidence or came == 0


def test_trips_are_told_as_least_middle_most() -> None:
    assert judge_trips([0.001, 0.002, 0.009] + [0.002] * 7).evidence.startswith(
        "rtt 1.0 / 2.0 / 9.0 ms"
    )


def test_less_than_a_gigabit_warns() -> None:
    assert bandwidth.judge(118e6, 118_000_000, 1.0).verdict is Verdict.PASS
    slow = bandwidth.judge(117e6, 117_000_000, 1.0)
    assert slow.verdict is Verdict.WARN
    assert slow.evidence.startswith("117 MB/s: 117 MB in 1.0 s")


def certificate(ends: datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "s3.example")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=NOW - timedelta(days=100),
        not_valid_after=ends,
    )
    return builder.sign(key, SHA256())


@pytest.mark.parametrize(
    ("days", "verdict"),
    [(15, Verdict.PASS), (14, Verdict.PASS), (13, Verdict.WARN), (0, Verdict.FAIL)],
)
def test_a_certificate_that_ends_soon_warns_and_an_ended_one_fails(
    days: int, verdict: Verdict
) -> None:
    found = tls.judge(certificate(NOW + timedelta(days=days)), NOW)
    assert found.verdict is verdict
    assert "valid 2026-08-17 to 2026-1" in found.evidence


MAPS = "# id (file) description\n-1 (/etc/haproxy/side.map) pattern loaded from file\n"


def test_a_balancer_we_may_steer_with_our_map_passes() -> None:
    assert lb.judge("HAProxy 2.6", "admin", MAPS, "/etc/haproxy/side.map").verdict is Verdict.PASS


@pytest.mark.parametrize("level", ["operator", "user", ""])
def test_a_lower_level_on_the_socket_fails(level: str) -> None:
    found = lb.judge("HAProxy 2.6", level, MAPS, "/etc/haproxy/side.map")
    assert found.verdict is Verdict.FAIL
    assert "level admin" in found.remedy


def test_a_map_that_is_not_loaded_warns() -> None:
    found = lb.judge("HAProxy 2.6", "admin", MAPS, "/etc/haproxy/other.map")
    assert found.verdict is Verdict.WARN
