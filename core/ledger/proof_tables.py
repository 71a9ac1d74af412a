"""The tables of rounds and proofs: what a sync found, and what a verification came to.

Times are UTC nanoseconds. A round's id counts on for ever; a proof is its job's. `waste` counts
the members of a recorded bundle that its root still holds and no row names any more.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = (
    (
        "CREATE TABLE rounds(id INTEGER PRIMARY KEY, job INTEGER NOT NULL, kind TEXT NOT NULL,"
        " st TEXT NOT NULL, began INTEGER NOT NULL, walked INTEGER, ended INTEGER,"
        " bid INTEGER, cursor BLOB, seen INTEGER NOT NULL, added INTEGER NOT NULL,"
        " changed INTEGER NOT NULL, attrs INTEGER NOT NULL, deleted INTEGER NOT NULL,"
        " bytes INTEGER NOT NULL, why TEXT NOT NULL)"
    ),
    (
        "CREATE TABLE proofs(job INTEGER PRIMARY KEY, kind TEXT NOT NULL, scope TEXT NOT NULL,"
        " st TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER, args TEXT NOT NULL,"
        " cursor BLOB, figures TEXT NOT NULL, dir TEXT NOT NULL)"
    ),
    "CREATE TABLE waste(bun INTEGER PRIMARY KEY, n INTEGER NOT NULL, bytes INTEGER NOT NULL)",
)

NAMES: Final = ("rounds", "proofs", "waste")
