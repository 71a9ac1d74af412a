"""When the target last changed, as a report has it, through clocks that were set."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.ledger import events, schema
from core.ledger.reporting import sums
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Iterator

AHEAD = 9_000
"""When a verification ended, by a clock that was ahead."""


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        schema.create(made)
        yield made


def _told(conn: sqlite3.Connection, kind: str, at_ns: int) -> None:
    events.append(conn, EventDraft(kind=kind, text="it happened"), at_ns)


def test_a_target_is_as_old_as_its_newest_change(conn: sqlite3.Connection) -> None:
    _told(conn, "job", 1_000)
    assert sums(conn).changed_ns is None
    _told(conn, "recorded", 2_000)
    _told(conn, "verify", 3_000)
    assert sums(conn).changed_ns == 2_000


def test_i7_no_proof_of_a_time_to_come_outlives_a_change(conn: sqlite3.Connection) -> None:
    _told(conn, "recorded", 2_000)
    _told(conn, "verify", AHEAD)
    _told(conn, "recorded", 3_000)  # the clock was set back
    changed_ns = sums(conn).changed_ns
    assert changed_ns is not None
    assert changed_ns >= AHEAD
