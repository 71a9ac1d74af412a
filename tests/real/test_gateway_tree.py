"""Trees written through a real VersityGW, and what S3 says of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.lab.s3 import S3Reader

if TYPE_CHECKING:
    from tests.lab.redis import RedisCluster
    from tests.lab.tree.grow import GatewayTree


def test_the_tree_is_large_and_of_every_kind(gateway_tree: GatewayTree) -> None:
    told = gateway_tree.told
    current = list(told.current())
    assert len(current) >= 2_000
    assert len({o.bucket for o in current}) >= 3
    assert len({(o.bucket, o.key) for o in current}) == len(current)
    assert any(o.key.endswith("/") for o in current)
    assert any(o.parts for o in current)
    assert max(o.size for o in current) > 20 * 1024 * 1024
    assert len(list(told.versions())) >= 80
    assert len(list(told.markers())) >= 8
    assert {s.reason for s in told.skips} >= {"symlink", "special_file", "key_not_utf8"}
    algorithms = {name for o in current for name in o.headers if name.startswith("x-amz-checksum-")}
    assert len(algorithms) >= 6


def test_the_expectation_is_what_was_put(gateway_tree: GatewayTree) -> None:
    by_key = {(o.bucket, o.key): o for o in gateway_tree.told.current()}
    rich = by_key["lab-odd", "headers/all"].document()
    assert rich["expires"] == "Wed, 02 Jan 2030 03:04:05 GMT"
    assert rich["user"] == {"foo": "Bar", "k-2": "v<2>&", "empty": "", "quote": 'a"b\\c'}
    assert rich["tags"] == {"team": "ops", "t 2": "v 2", "uni": "é", "empty": ""}
    held = by_key["lab-locked", "held"].document()
    assert held["legal_hold"] is True
    whole = by_key["lab-sizes", "multipart/gaps"].document()
    assert str(whole["etag"]).endswith("-3")


def test_attributes_lie_where_the_mode_says(gateway_tree: GatewayTree) -> None:
    gateway = gateway_tree.gateway
    path = gateway.root / "lab-odd" / "plain.txt"
    assert ("user.etag" in os.listxattr(path)) == (gateway.sidecar is None)
    if gateway.sidecar is not None:
        assert (gateway.sidecar / "lab-odd" / "plain.txt" / "meta" / "etag").is_file()


def test_s3_goes_on_saying_the_same(gateway_tree: GatewayTree) -> None:
    told = next(gateway_tree.told.current())
    with S3Reader(gateway_tree.gateway) as reader:
        again = reader.object("HEAD", told.bucket, told.key, {})
    assert again.headers["etag"].strip('"') == told.etag
    assert told.modified_s > 0


def test_a_redis_cluster_is_whole(redis: RedisCluster) -> None:
    assert len(redis.endpoints) == 3
    port = int(redis.endpoints[0].rpartition(":")[2])
    assert "cluster_slots_ok:16384" in redis.ask(port, "cluster", "info")
