"""The order in which S3 lists the old versions of a key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.source.posix.versions import OldVersion, in_order

ULIDS = [f"01M82TCBGRT4GGFVVW68KGQ{n:03}".encode() for n in range(5)]


def _version(name: bytes, mtime_ns: int) -> OldVersion:
    return OldVersion(name, 1, 1, mtime_ns, 0)


def test_null_stands_before_the_first_older_version() -> None:
    versions = [_version(name, mtime_ns=10 * n) for n, name in enumerate(ULIDS)]
    names = [one.version for one in in_order([_version(b"null", 25), *versions])]
    assert names == [ULIDS[4], ULIDS[3], b"null", ULIDS[2], ULIDS[1], ULIDS[0]]


def test_null_stands_last_where_none_is_older() -> None:
    versions = [_version(name, mtime_ns=10) for name in ULIDS]
    assert [one.version for one in in_order([_version(b"null", 10), *versions])][-1] == b"null"


@given(st.dictionaries(st.sampled_from([*ULIDS, b"null"]), st.integers(0, 3)))
def test_nothing_is_lost_and_ulids_descend(mtimes: dict[bytes, int]) -> None:
    names = [one.version for one in in_order(_version(n, t) for n, t in mtimes.items())]
    assert sorted(names) == sorted(mtimes)
    ulids = [name for name in names if name != b"null"]
    assert ulids == sorted(ulids, reverse=True)
