"""Flips kept beside the ledger, in `at-green.json`: what a ledger that is put back cannot forget.

A ledger from before a flip takes blue for the side that serves, and a sync on it would write over
what green's clients wrote. A flip is in this file, durably, before `green` is sent anywhere, and
leaves it once the ledger holds that it was taken back. So a mark of which the ledger knows nothing
tells that the ledger is older than the flip. May import the configuration's files and the errors.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.atomic import write_text
from core.dag.canonical import dumps
from core.errors import Broken
from core.ledger.cutovers import FLIP, flips

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

FILE_NAME: Final = "at-green.json"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FlipMark:
    """A flip. slice, run: as its row in the ledger names them. at_ns: T_flip, UTC, that row's."""

    slice: str
    run: str
    at_ns: int


class Known(NamedTuple):
    """Flips that a ledger holds. ever: those that were taken back, too. standing: in their order.

    A flip whose `done` row was written twice is there twice in `ever`.
    """

    ever: frozenset[FlipMark]
    standing: tuple[FlipMark, ...]


def known(conn: sqlite3.Connection) -> Known:
    """Return the flips that a ledger holds; none for one that has no such table."""
    table = conn.execute("SELECT 1 FROM sqlite_master WHERE type='table' AND name='cutover'")
    if table.fetchone() is None:
        return Known(frozenset(), ())
    rows = conn.execute("SELECT slice,run,ts FROM cutover WHERE step=? AND phase='done'", (FLIP,))
    ever = frozenset(FlipMark(slice=one[0], run=one[1], at_ns=one[2]) for one in rows)
    standing = (FlipMark(slice=row.slice, run=row.run, at_ns=row.at_ns) for row in flips(conn))
    return Known(ever, tuple(standing))


def beside(ledger: Path) -> Path:
    """Return where a ledger's flips are kept."""
    return ledger.with_name(FILE_NAME)


def read(ledger: Path) -> tuple[FlipMark, ...]:
    """Return the flips beside a ledger, none without a file. Raises Broken for a damaged one."""
    file = beside(ledger)
    try:
        told = json.loads(file.read_text("utf-8"))
        return tuple(
            FlipMark(slice=str(one["slice"]), run=str(one["run"]), at_ns=int(one["at_ns"]))
            for one in told["flips"]
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Broken(
            what=f"{FILE_NAME}, which tells what green serves, cannot be read:"
            f" {type(error).__name__}",
            where=FILE_NAME,
            remedy="Look where load balancers send writes, and that the ledger is the newest one;"
            f" then move {FILE_NAME} away and start the engine anew: it is written again.",
        ) from error


def settle(ledger: Path, seen: Known) -> None:
    """Let the file hold the flips that stand, and those of which the ledger knows nothing.

    Durable on return. Raises Broken for a damaged file, and what a write raises; then nothing was
    changed.
    """
    marks = read(ledger)
    wanted = (*unknown(marks, seen), *seen.standing)
    if sorted(wanted) == sorted(marks):
        return
    if wanted:
        rows = [asdict(one) for one in wanted]
        write_text(beside(ledger), dumps({"v": _VERSION, "flips": rows}) + "\n")
    else:
        beside(ledger).unlink(missing_ok=True)  # one that a crash brings back is settled again


def unknown(marks: Sequence[FlipMark], seen: Known) -> tuple[FlipMark, ...]:
    """Return the flips of which a ledger knows nothing: it is older than they are."""
    return tuple(one for one in marks if one not in seen.ever)
