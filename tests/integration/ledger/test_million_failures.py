"""A million failures: a page costs what it shows, wherever it is and whatever is filtered.

Costs are counted in SQLite's own steps, not in seconds; how SQLite goes about it is asked as well.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from core.ledger import failure_pages, failure_recount, failure_tables, failures, schema
from core.ledger.bundles import PICKED_WHERE
from core.ledger.failure_pages import END, FailureFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.ledger.failure_pages import FailurePlace
    from core.ledger.rows import FailureRow

MILLION = 1_000_000
PAGE = 200
STEP = 100
"""Instructions of SQLite's machine between two counts."""

MOST_STEPS = 40_000
"""What a page may cost; a walk over the table costs fifty times as much."""

_FILL = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<999999)
INSERT INTO failures SELECT 1+i/500000, CAST(printf('2024/%08d.jpg',i) AS BLOB), x'',
  CASE WHEN i%50=9 THEN 'record' ELSE 'copy' END,
  CASE WHEN i%100000=7 THEN 'rare' WHEN i%3=0 THEN 'denied' ELSE 'unreadable' END,
  'why', 1, 1, 2, CASE WHEN i%10=3 THEN 'waived' ELSE 'failed' END, 1+i/1000, NULL, NULL FROM n
"""


_SUMS = """
INSERT INTO causes SELECT scope,disp,phase,code,sum(n),sum(n),1,2 FROM (
  SELECT bid AS scope,disp,phase,code,count(*) AS n FROM failures GROUP BY bid,disp,phase,code)
  GROUP BY scope,disp,phase,code
UNION ALL SELECT 0,disp,phase,code,count(*),count(*),1,2 FROM failures GROUP BY disp,phase,code
"""
_BUNDLES = "INSERT INTO failed_bundles SELECT bun,sum(disp='failed'),2 FROM failures GROUP BY bun"


@pytest.fixture(scope="module")
def million() -> Iterator[sqlite3.Connection]:
    """Make a ledger's failures, a million of them in two buckets and a thousand bundles."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.execute(f"PRAGMA page_size={8192}")
        conn.execute("BEGIN")
        schema.create(conn)
        conn.execute("INSERT INTO buckets VALUES(1,?,2,NULL,'{}')", (b"photos",))
        conn.execute("INSERT INTO buckets VALUES(2,?,2,NULL,'{}')", (b"phones",))
        # row by row the triggers would take four times as long; others prove what they do
        after = [statement for statement in failure_tables.AROUND if " TABLE " not in statement]
        for statement in after:
            _, kind, name, *_ = statement.split()
            conn.execute(f"DROP {kind} {name}")
        conn.execute(_FILL)
        conn.execute(_SUMS)
        conn.execute(_BUNDLES)
        for statement in after:
            conn.execute(statement)
        conn.execute(
            "INSERT INTO bundles SELECT bun,1,x'6100',x'6200',0,0,1000,0,4,0,NULL,NULL,NULL,NULL,"
            "NULL,NULL FROM failed_bundles"
        )
        conn.execute("COMMIT")
        yield conn


FILTERS = [
    FailureFilter(),
    FailureFilter(disposition="failed"),
    FailureFilter(code="rare"),
    FailureFilter(code="denied"),
    FailureFilter(phase="record"),
    FailureFilter(code="unreadable", phase="copy", disposition="waived"),
    FailureFilter(prefix=b"photos"),
    FailureFilter(prefix=b"pho", code="denied"),
    FailureFilter(prefix=b"photos/2024/0003"),
    FailureFilter(prefix=b"phones/2024/009", code="rare"),
    FailureFilter(bundle=900),
    FailureFilter(bundle=900, code="denied"),
]


def steps(conn: sqlite3.Connection, call: Callable[[], object]) -> int:
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += STEP
        return 0

    conn.set_progress_handler(count, STEP)
    try:
        call()
    finally:
        conn.set_progress_handler(None, 0)
    return counted


def shown(
    conn: sqlite3.Connection,
    wanted: FailureFilter,
    after: FailurePlace | None,
    before: FailurePlace | None,
) -> list[FailureRow]:
    at = failure_pages.places(conn, wanted, limit=PAGE, after=after, before=before)
    return failure_pages.rows(conn, at)


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_a_page_costs_the_same_anywhere(million: sqlite3.Connection, wanted: FailureFilter) -> None:
    deep = (2, b"2024/00700000.jpg", b"")
    for after, before in [(None, None), (deep, None), (None, deep), (None, END)]:
        part = partial(shown, million, wanted, after, before)
        assert steps(million, part) < MOST_STEPS


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_the_head_of_a_list_costs_no_walk_over_it(
    million: sqlite3.Connection, wanted: FailureFilter
) -> None:
    assert steps(million, lambda: failure_pages.count(million, wanted)) < 1_500_000


def test_counts_are_exact_up_to_a_bound(million: sqlite3.Connection) -> None:
    assert failure_pages.count(million, FailureFilter()) == (MILLION, True)
    assert failure_pages.count(million, FailureFilter(code="rare")) == (10, True)
    assert failure_pages.count(million, FailureFilter(prefix=b"photos")) == (MILLION // 2, True)
    below = FailureFilter(prefix=b"photos/2024/0003")
    assert failure_pages.count(million, below) == (10_000, True)
    assert failure_pages.count(million, FailureFilter(prefix=b"photos/2024/")) == (100_000, False)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (FailureFilter(), "PRIMARY KEY"),
        (FailureFilter(code="denied", phase="copy", disposition="failed"), "failures_class"),
        (FailureFilter(disposition="failed"), "failures_class"),
        (FailureFilter(bundle=9), "failures_bundle"),
    ],
    ids=str,
)
def test_sqlite_walks_indexes_from_a_place_on_and_sorts_nothing(
    million: sqlite3.Connection, wanted: FailureFilter, index: str, *, back: bool
) -> None:
    query = failure_pages.statement(million, wanted, back=back)
    told = [
        detail
        for *_, detail in million.execute(f"EXPLAIN QUERY PLAN {query}", (None,) * query.count("?"))
    ]
    searches = [line for line in told if "failures" in line]
    assert len(searches) >= 1
    assert all(line.startswith("SEARCH failures") and index in line for line in searches), told
    assert {line for line in told if line not in searches} <= {"MERGE (UNION ALL)", "LEFT", "RIGHT"}


def test_any_row_is_found_by_its_number(million: sqlite3.Connection) -> None:
    assert failure_pages.nth(million, FailureFilter(), 700_001) == (2, b"2024/00700000.jpg", b"")
    rare = FailureFilter(code="rare")
    assert failure_pages.nth(million, rare, 8) == (2, b"2024/00700007.jpg", b"")
    assert failure_pages.nth(million, rare, 11) is None
    both = FailureFilter(prefix=b"pho")
    assert failure_pages.nth(million, both, 500_001) == (2, b"2024/00500000.jpg", b"")
    after = (1, b"2024/00499998.jpg", b"")
    assert failure_pages.nth(million, both, 2, after=after) == (2, b"2024/00500000.jpg", b"")


def test_a_retrys_bundle_finds_its_members_without_its_range(million: sqlite3.Connection) -> None:
    query = "EXPLAIN QUERY PLAN SELECT key FROM objects WHERE" + PICKED_WHERE  # noqa: S608 - ours
    told = [detail for *_, detail in million.execute(query, (1, 1, 1, 1))]
    assert not [line for line in told if line.startswith("SCAN") and "SUBQUERY" not in line], told
    assert any("SEARCH objects USING PRIMARY KEY (bid=? AND key=? AND ver=?)" in o for o in told)
    assert any("failures_bundle" in line for line in told)
    assert any("objects_dirty" in line for line in told)


def test_causes_and_bundles_cost_what_they_show(million: sqlite3.Connection) -> None:
    assert steps(million, lambda: failures.causes(million)) < MOST_STEPS
    assert steps(million, lambda: failures.tallies(million)) < 1_000
    assert steps(million, lambda: failures.bundle_page(million, 950, 20)) < 4 * MOST_STEPS
    page, total = failures.bundle_page(million, 950, 20)
    assert (len(page), total, page[0].failed) == (20, 1_000, 900)


def test_i4_the_kept_sums_are_those_of_the_rows(million: sqlite3.Connection) -> None:
    names = {one.name for one in failure_recount.differences(million)}
    # this ledger has failures without objects: nothing but the counters may differ
    assert names == {"reasons of failed", "reasons of skipped"}
