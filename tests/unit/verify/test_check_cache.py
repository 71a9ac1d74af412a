"""Cached rows held against rows: what is stale, what only looks so, and which key it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from core.target.profile import load
from core.verify.check_cache import CacheCheck, cache_key
from core.verify.difference import APART, Ill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from core.target.cache_keys import CacheKeys
    from core.target.objects import ObjectTable
    from core.target.shape import Row, RowKey

META = {"content_type": "text/plain", "v": 1}
ROWS: list[Row] = [
    ("b", "a:1", "cidA", 5, 1, 1, json.dumps(META), 2),
    ("b", "k", "cidA", 5, 1, 1, json.dumps({**META, "mtime_ns": "9"}), 2),
]


class Keys:
    """A cache of a few keys."""

    def __init__(self, **held: object) -> None:
        self.held = {name.encode(): json.dumps(value).encode() for name, value in held.items()}

    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self.held.get(key) for key in keys]

    async def scan(self, prefix: bytes) -> AsyncIterator[list[bytes]]:
        yield [key for key in self.held if key.startswith(prefix)]


class Table:
    """A table of these rows."""

    async def scan(self, after: RowKey, limit: int) -> list[Row]:
        del limit
        return [row for row in ROWS if (str(row[0]), str(row[1])) > after]

    async def read(self, keys: Sequence[RowKey]) -> list[Row]:
        return [row for row in ROWS if (row[0], row[1]) in keys]

    async def scan_buckets(self) -> list[Row]:
        return [("b", 1, 1, "{}")]


async def stale(**held: object) -> dict[bytes, str]:
    """The stale keys, and the field in which each is."""
    keys = Keys(**held)
    check = CacheCheck(load("guide"), cast("CacheKeys", keys))
    table = cast("ObjectTable", Table())
    found = [*await check.rows(ROWS), *await check.doubted(table)]
    async for some in check.rowless(table):
        found += some
    assert {one.ill for one in found} <= {Ill.STALE_CACHE}
    return {cache_key(one): one.field for one in found}


async def test_an_empty_cache_and_keys_that_agree_are_sound() -> None:
    assert await stale() == {}
    agrees = {
        "mapping:b:a:1": {"bucket": "b", "s3_key": "a:1", "cid": "cidA", "metadata": META},
        "mapping:b:k": {"cid": "cidA", "size": 5, "metadata": ROWS[1][6]},
        "metadata:cidA": META,
        "pin_status:cidA": {"cid": "cidA", "status": "pinned"},
        "bucket:b": {},
        "somebody:else": {},
    }
    assert await stale(**agrees) == {}


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("mapping:b:k", {"cid": "cidB"}, "cid"),
        ("mapping:b:k", {"cid": "cidA", "size": 6}, "size"),
        ("mapping:b:k", {"cid": "cidA", "metadata": {"v": 2}}, "metadata"),
        ("mapping:b:k", {"cid": "cidA", "metadata": "{"}, "metadata"),
        ("mapping:b:k", [], ""),
        ("mapping:b:gone", {"cid": "cidA"}, ""),
        ("mapping:nobody", {"cid": "cidA"}, ""),
        ("metadata:cidA", {"v": 3}, "metadata"),
        ("pin_status:cidA", {"cid": "cidA", "status": "unpinned"}, "status"),
        ("pin_status:cidA", {"cid": "cidB", "status": 2}, "cid"),
        ("pin_status:cidA", {"cid": "cidA", "status": []}, "status"),
        ("mapping:b:k", {"cid": "cidA", "metadata": '{"a":' * 9_000}, "metadata"),
        ("bucket:gone", {}, ""),
    ],
)
async def test_a_key_that_says_something_else_is_named(key: str, value: object, field: str) -> None:
    assert await stale(**{key: value}) == {key.encode(): field}


async def test_metadata_of_a_content_that_many_share_has_to_agree_with_one_row() -> None:
    """Equal contents have one key; each of their rows has metadata of its own."""
    for row in ROWS:
        assert await stale(**{"metadata:cidA": json.loads(str(row[6]))}) == {}


async def test_a_key_without_a_row_stands_apart_from_all_objects() -> None:
    keys = Keys(**{"bucket:gone": {}})
    check = CacheCheck(load("guide"), cast("CacheKeys", keys))
    found = [one async for some in check.rowless(cast("ObjectTable", Table())) for one in some]
    assert [(one.bucket, one.key) for one in found] == [(APART, b"bucket:gone")]
