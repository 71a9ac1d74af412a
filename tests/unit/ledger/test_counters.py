from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ledger import counters, schema
from core.ledger.counters import SIZE_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator

sizes = st.lists(
    st.none()
    | st.integers(0, 1 << 45)
    | st.sampled_from(SIZE_BOUNDS)
    | st.sampled_from([bound + 1 for bound in SIZE_BOUNDS]),
    max_size=60,
)


def one_by_one(given_sizes: list[int | None]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for size in given_sizes:
        if size is None:
            counted["markers"] += 1
            continue
        counted["bytes"] += size
        number = bisect_left(SIZE_BOUNDS, size)
        counted[f"hist:{number}"] += 1
        counted[f"histb:{number}"] += size
    return counted


@given(sizes)
def test_i4_the_shape_of_many_sizes_is_what_counting_one_by_one_gives(
    given_sizes: list[int | None],
) -> None:
    assert counters.shape(given_sizes) == one_by_one(given_sizes)


@given(sizes, sizes)
def test_i4_resizing_turns_the_shape_of_the_old_into_that_of_the_new(
    old: list[int | None], new: list[int | None]
) -> None:
    delta = counters.shape(old)
    counters.resize(delta, old, new)
    assert delta == counters.shape(new)


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        schema.create(made)
        yield made


def test_a_delta_goes_to_its_bucket_and_to_all(conn: sqlite3.Connection) -> None:
    counters.add(conn, 7, {"objects": 3, "migrated": 1, "class:symlink": 2})
    counters.add(conn, 8, {"objects": 4, "failed": 1, "skipped": 1, "gone": 1})
    whole, seven = counters.read(conn, counters.ALL), counters.read(conn, 7)
    assert (whole.objects, whole.migrated, whole.remaining) == (7, 1, 3)
    assert (seven.objects, seven.remaining, seven.classes) == (3, 2, (("symlink", 2),))


def test_what_lies_outside_buckets_is_counted_once(conn: sqlite3.Connection) -> None:
    counters.add(conn, counters.ALL, {"objects": 2, "skipped": 2})
    assert counters.read(conn, counters.ALL).skipped == 2


def test_a_scope_that_nobody_counted_is_all_zero(conn: sqlite3.Connection) -> None:
    empty = counters.read(conn, 99)
    assert (empty.objects, empty.remaining, empty.remaining_bytes) == (0, 0, 0)
    assert empty.histogram == ((0, 0),) * counters.CLASSES
