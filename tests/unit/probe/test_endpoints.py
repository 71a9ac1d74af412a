"""Which servers a workspace names."""

from __future__ import annotations

import pytest

from core.config.workspace import parse
from core.errors import BadInput
from core.probe.endpoints import Endpoint, endpoints

BEGIN = 'v: 1\nid: "9f2c1a7e"\nsource: {type: posix, path: /data/gw}\n'


def test_every_server_of_an_ipfs_target_is_named_with_its_port() -> None:
    text = BEGIN + (
        "target:\n"
        "  type: ipfs\n"
        '  kubo: ["http://k1:5001", "https://k2"]\n'
        '  cluster: ["http://[::1]:9094"]\n'
        '  table: "ydb:grpcs://db:2136/local"\n'
        "  table_ca_file: /etc/ca.pem\n"
        '  cache: {endpoints: ["r1:6379", "r2:6380"]}\n'
        "gateways:\n"
        '  - {name: blue, side: blue, address: "127.0.0.1:7070"}\n'
        '  - {name: green, side: green, address: "https://s3.example"}\n'
    )
    found = endpoints(parse(text))
    assert [(one.shown, one.kind, one.tls) for one in found] == [
        ("kubo-1 k1:5001", "kubo", False),
        ("kubo-2 k2:443", "kubo", True),
        ("cluster-1 [::1]:9094", "cluster", False),
        ("table db:2136", "table", True),
        ("cache-1 r1:6379", "cache", False),
        ("cache-2 r2:6380", "cache", False),
        ("blue 127.0.0.1:7070", "gateway", False),
        ("green s3.example:443", "gateway", True),
    ]
    assert str(found[3].ca_file) == "/etc/ca.pem"


def test_a_folder_as_a_target_has_no_server() -> None:
    assert endpoints(parse(BEGIN + "target: {type: dir, path: /out}\n")) == []


def test_a_hostile_host_name_is_shown_harmless() -> None:
    assert "\x1b" not in Endpoint("kubo-1", "kubo", "k\x1b[2J", 1).shown


@pytest.mark.parametrize("endpoint", ["r1:0", "r1:65536", "r1:x", "r1:99999999999999"])
def test_a_port_that_there_is_not_is_not_asked(endpoint: str) -> None:
    text = BEGIN + (
        'target: {type: ipfs, kubo: ["http://k1:5001"], cluster: ["http://c1:9094"], '
        f'table: "sqlite:/t", cache: {{endpoints: ["{endpoint}"]}}}}\n'
    )
    try:
        workspace = parse(text)
    except BadInput:
        return  # refused already where it is read
    assert [one.kind for one in endpoints(workspace)] == ["kubo", "cluster"]
