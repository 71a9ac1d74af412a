"""Commands that were obeyed, by request id: a repeated one gets its answer, and does nothing.

The mark is written in the commit of the change itself (by `events.append`), so that no crash can
part them. A job's row is its own mark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.ledger.settings import get_meta, set_meta

if TYPE_CHECKING:
    import sqlite3

    from core.ledger.rows import RequestMark

KEPT: Final = 1_000
"""So many are remembered; a client repeats within seconds."""

_PREFIX: Final = "request:"
_END: Final = "request;"  # the next character after the colon: the end of the range


@dataclass(frozen=True, slots=True, kw_only=True)
class Obeyed:
    """A command that was obeyed. what: as its mark said it, "" of a job. job: the one it began."""

    what: str
    job: int | None = None


def mark(conn: sqlite3.Connection, request: RequestMark, now_ns: int) -> None:
    """Remember a command in the transaction of its change, and forget the oldest beyond KEPT."""
    set_meta(conn, _PREFIX + request.id, dumps({"at": now_ns, "what": request.what}))
    conn.execute(
        "DELETE FROM meta WHERE k IN (SELECT k FROM meta WHERE k>=? AND k<?"
        " ORDER BY json_extract(v,'$.at') DESC LIMIT -1 OFFSET ?)",
        (_PREFIX, _END, KEPT),
    )


def find(conn: sqlite3.Connection, request_id: str) -> Obeyed | None:
    """Return the command of this id, None if none was obeyed."""
    stored = get_meta(conn, _PREFIX + request_id)
    if stored is not None:
        return Obeyed(what=json.loads(str(stored))["what"])
    row: tuple[int] | None = conn.execute(
        "SELECT id FROM jobs WHERE json_extract(args,'$.request_id')=?", (request_id,)
    ).fetchone()
    return None if row is None else Obeyed(what="", job=row[0])
