"""Counting the failures again: kept sums against rows, and against the counters (I4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.ledger.recount import Difference
from core.ledger.rows import Disposition

if TYPE_CHECKING:
    import sqlite3

_ROWS: Final = "SELECT bid,disp,phase,code,count(*) FROM failures GROUP BY bid,disp,phase,code"
_BUNDLES: Final = (
    "SELECT bun,count(*) FROM failures WHERE bun IS NOT NULL AND disp='failed' GROUP BY bun"
)
_STATES: Final = {
    "failed": (Disposition.FAILED,),
    "skipped": (Disposition.SKIP, Disposition.WAIVED),
}


def differences(conn: sqlite3.Connection) -> list[Difference]:
    """Count failures again; return where a kept sum differs."""
    counted: dict[tuple[int, str], int] = {}
    by_disposition: dict[str, int] = {}
    for bid, disp, phase, code, n in conn.execute(_ROWS):
        for scope in {0, bid}:
            place = (scope, f"{disp} {phase} {code}")
            counted[place] = counted.get(place, 0) + n
        by_disposition[disp] = by_disposition.get(disp, 0) + n
    kept = {
        (scope, f"{disp} {phase} {code}"): n
        for scope, disp, phase, code, n in conn.execute(
            "SELECT scope,disp,phase,code,n FROM causes WHERE n<>0"
        )
    }
    counted |= {(0, f"failed of bundle {bun}"): n for bun, n in conn.execute(_BUNDLES)}
    kept |= {
        (0, f"failed of bundle {bun}"): n
        for bun, n in conn.execute("SELECT bun,n FROM failed_bundles")
    }
    for name, dispositions in _STATES.items():
        row = conn.execute("SELECT n FROM counters WHERE scope=0 AND name=?", (name,)).fetchone()
        kept[0, f"reasons of {name}"] = 0 if row is None else row[0]
        counted[0, f"reasons of {name}"] = sum(by_disposition.get(one, 0) for one in dispositions)
    return [
        Difference(
            scope=place[0], name=place[1], kept=kept.get(place, 0), counted=counted.get(place, 0)
        )
        for place in sorted({*kept, *counted})
        if kept.get(place, 0) != counted.get(place, 0)
    ]
