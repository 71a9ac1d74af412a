from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.config.redact import HIDDEN
from core.ledger import events, schema
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAIN = 12


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        schema.create(made)
        for n in range(CHAIN):
            events.append(made, EventDraft(kind="k", text=f"event {n}", facts={"n": n}), 1_000 + n)
        yield made


def test_an_untouched_chain_holds(conn: sqlite3.Connection) -> None:
    assert events.verify(conn) is None


@pytest.mark.parametrize("column", ["ts", "job", "kind", "lvl", "actor", "data", "h"])
def test_a_change_of_any_column_breaks_the_chain_there(
    conn: sqlite3.Connection, column: str
) -> None:
    conn.execute(f"UPDATE events SET {column}='5' WHERE seq=5")  # noqa: S608 - a constant above
    assert events.verify(conn) == 5


def test_a_removed_event_breaks_the_chain_at_the_gap(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM events WHERE seq=7")
    assert events.verify(conn) == 7


def test_a_removed_first_event_breaks_the_chain(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM events WHERE seq=1")
    assert events.verify(conn) == 1


def test_numbers_have_no_gap_after_an_undone_event(conn: sqlite3.Connection) -> None:
    conn.execute("BEGIN")
    events.append(conn, EventDraft(kind="k", text="undone"), 5)
    conn.execute("ROLLBACK")
    assert events.append(conn, EventDraft(kind="k", text="next"), 6) == CHAIN + 1
    assert events.verify(conn) is None


def test_events_come_back_as_they_were_given(conn: sqlite3.Connection) -> None:
    draft = EventDraft(
        kind="node", text="kubo-2 «503»", level="warn", actor="op1", job=3, facts={"wait_s": 6}
    )
    seq = events.append(conn, draft, 77)
    (row,) = events.since(conn, seq - 1, 10)
    assert (row.seq, row.ts_ns, row.job, row.kind, row.level) == (seq, 77, 3, "node", "warn")
    assert (row.actor, row.text, row.facts) == ("op1", "kubo-2 «503»", {"wait_s": 6})


def test_pages_of_events_follow_each_other(conn: sqlite3.Connection) -> None:
    seen: list[int] = []
    while page := events.since(conn, seen[-1] if seen else 0, 5):
        seen += [row.seq for row in page]
    assert seen == list(range(1, CHAIN + 1))
    assert [row.seq for row in events.last(conn, 3)] == [CHAIN - 2, CHAIN - 1, CHAIN]
    assert events.last_seq(conn) == CHAIN


def test_i9_a_signed_url_does_not_reach_the_ledger(conn: sqlite3.Connection) -> None:
    url = "GET /b/k?X-Amz-Signature=abcdef0123456789"
    events.append(conn, EventDraft(kind="k", text=url, facts={"url": url}), 5)
    stored = conn.execute("SELECT data FROM events ORDER BY seq DESC").fetchone()[0]
    assert "abcdef0123456789" not in stored
    assert HIDDEN in stored
