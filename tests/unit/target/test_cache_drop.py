"""Which cache keys an object has, and which server of a cluster holds them."""

from __future__ import annotations

import pytest

from core.target.cache_drop import Named, bucket_keys, keys_of, slot_of


def test_an_object_has_three_keys_each_once() -> None:
    found = keys_of([Named("b", "a/x", "bafy"), Named("b", "y", "bafy"), Named("b", "z", "")])
    assert found == [
        b"mapping:b:a/x",
        b"metadata:bafy",
        b"pin_status:bafy",
        b"mapping:b:y",
        b"mapping:b:z",
    ]


def test_a_bucket_with_a_colon_has_no_key_of_its_own() -> None:
    assert keys_of([Named("a:b", "c", "")]) == []
    assert bucket_keys(["a:b", "c"]) == [b"bucket:c"]


@pytest.mark.parametrize(
    ("key", "slot"),
    [  # by the specification of Redis Cluster, and by redis-cli CLUSTER KEYSLOT
        (b"123456789", 12739),
        (b"foo{bar}baz", 5061),
        (b"bar", 5061),
        (b"foo{}{bar}", 8363),
        (b"foo{{bar}}zap", 4015),
        (b"{bar", 4015),
    ],
)
def test_slots_are_those_of_redis(key: bytes, slot: int) -> None:
    assert slot_of(key) == slot
