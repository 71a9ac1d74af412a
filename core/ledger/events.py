"""Events: durable, numbered without gaps, chained by hash so that none can be changed unseen."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.dag.canonical import dumps
from core.ledger import requests
from core.ledger.rows import EventDraft, EventRow, Fact

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

DIGEST_BYTES: Final = 32
_NO_DIGEST: Final = b""
_TEXT: Final = "text"
_Stored = tuple[int, int, int | None, str, str, str, str, bytes]


def append(conn: sqlite3.Connection, draft: EventDraft, now_ns: int) -> int:
    """Append an event in the caller's transaction; return its number.

    The head of the chain is read, not remembered: a change that is undone leaves no gap.
    """
    head: tuple[int, bytes] | None = conn.execute(
        "SELECT seq,h FROM events ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    last, digest = head or (0, _NO_DIGEST)
    seq = last + 1
    data = dumps({**_redacted(draft.facts), _TEXT: redact(draft.text)})
    digest = _digest(digest, (seq, now_ns, draft.job, draft.kind, draft.level, draft.actor, data))
    conn.execute(
        "INSERT INTO events(seq,ts,job,kind,lvl,actor,data,h) VALUES(?,?,?,?,?,?,?,?)",
        (seq, now_ns, draft.job, draft.kind, draft.level, draft.actor, data, digest),
    )
    if draft.request is not None:
        requests.mark(conn, draft.request, now_ns)
    return seq


def since(conn: sqlite3.Connection, seq: int, limit: int) -> list[EventRow]:
    """Return up to limit events after number seq, oldest first."""
    return _rows(
        conn.execute(
            "SELECT seq,ts,job,kind,lvl,actor,data,h FROM events WHERE seq>? ORDER BY seq LIMIT ?",
            (seq, limit),
        )
    )


def last(conn: sqlite3.Connection, limit: int) -> list[EventRow]:
    """Return the newest events, oldest first."""
    newest = _rows(
        conn.execute(
            "SELECT seq,ts,job,kind,lvl,actor,data,h FROM events ORDER BY seq DESC LIMIT ?",
            (limit,),
        )
    )
    return newest[::-1]


def last_seq(conn: sqlite3.Connection) -> int:
    """Return the number of the newest event, 0 if there is none."""
    row: tuple[int | None] = conn.execute("SELECT max(seq) FROM events").fetchone()
    return row[0] or 0


def verify(conn: sqlite3.Connection) -> int | None:
    """Walk the chain; return the number where it is broken first, None if it holds.

    A gap, a changed row and a row put in between break it. Cut-off newest rows do not: keep the
    last digest elsewhere to see that.
    """
    digest = _NO_DIGEST
    expected = 1
    for stored in conn.execute("SELECT seq,ts,job,kind,lvl,actor,data,h FROM events ORDER BY seq"):
        digest = _digest(digest, stored[:7])
        if stored[0] != expected or stored[7] != digest:
            return expected
        expected += 1
    return None


def _redacted(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {name: redact(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}


def _digest(previous: bytes, row: tuple[int, int, int | None, str, str, str, str]) -> bytes:
    # Canonical JSON of a list: no two rows have one text.
    text = dumps(list(row)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(previous + text, digest_size=DIGEST_BYTES).digest()


def _rows(stored: Iterable[_Stored]) -> list[EventRow]:
    rows = []
    for seq, ts, job, kind, level, actor, data, digest in stored:
        facts = json.loads(data)
        text = facts.pop(_TEXT)
        rows.append(
            EventRow(
                seq=seq,
                ts_ns=ts,
                job=job,
                kind=kind,
                level=level,
                actor=actor,
                text=text,
                facts=facts,
                digest=digest,
            )
        )
    return rows
