"""The tables of rounds and proofs: what a sync found, and what a verification came to.

Times are UTC nanoseconds. A round's id counts on for ever; a proof is its job's. `waste` counts
the members of a recorded bundle that its root still holds and no row names any more. `moved` says
of an object that changed which bundle the target's row still names, until the new one is recorded.
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
    (
        "CREATE TABLE moved(bid INTEGER NOT NULL, key BLOB NOT NULL, ver BLOB NOT NULL,"
        " bun INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(bid,key,ver)) WITHOUT ROWID"
    ),
    "CREATE INDEX moved_bundle ON moved(bun)",
    # few objects are dirty or due at a time: a round finds them without a look at all others
    "CREATE INDEX objects_dirty ON objects(bun) WHERE st=2",
    "CREATE INDEX objects_gone ON objects(st) WHERE st=3",
)

NAMES: Final = ("rounds", "proofs", "waste", "moved")
