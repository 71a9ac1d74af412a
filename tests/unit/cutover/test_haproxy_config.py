"""Where clients reach a load balancer, read from its configuration."""

from __future__ import annotations

from pathlib import Path

from core.cutover.haproxy_config import listeners
from tests.lab.haproxy import documented

MAP = Path("/etc/haproxy/vgwm.map")


def test_the_documented_configuration_has_one_listener() -> None:
    assert listeners(documented(), MAP) == ("http://127.0.0.1:8080",)


def test_only_sections_with_the_map_count_and_what_has_no_one_port_is_left_out() -> None:
    text = (
        "frontend stats # nothing of ours\n bind 127.0.0.1:9000\n"
        "frontend s3\n bind 10.0.0.1:80,:81\n bind *:443 ssl crt /x.pem\n bind [::]:82\n"
        " bind unix@/run/x.sock\n bind :8000-8010\n bind ipv4@10.0.0.2:83 name x\n"
        f" http-request set-var(txn.m) path,map_beg({MAP},closed)\n"
        "backend b\n server a 127.0.0.1:1\n"
    )
    assert listeners(text, MAP) == (
        "http://10.0.0.1:80",
        "http://127.0.0.1:81",
        "https://127.0.0.1:443",
        "http://[::1]:82",
        "http://10.0.0.2:83",
    )
