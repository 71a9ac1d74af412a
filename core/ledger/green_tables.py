"""The table of what green accepted since the flip (`greenlog`): see docs/ledger.md."""

from __future__ import annotations

from typing import Final

TABLES: Final = (
    (
        "CREATE TABLE greenlog(bid INTEGER NOT NULL, key BLOB NOT NULL, ver BLOB NOT NULL,"
        " op TEXT NOT NULL, seen INTEGER NOT NULL, cid BLOB, size INTEGER, st INTEGER NOT NULL,"
        " why TEXT, h BLOB NOT NULL, tries INTEGER NOT NULL, ino INTEGER, mt INTEGER, ct INTEGER,"
        " PRIMARY KEY(bid,key,ver)) WITHOUT ROWID"
    ),
    (
        "CREATE INDEX greenlog_open ON greenlog(st,bid,key,ver,op,seen,size,tries)"
        " WHERE st<>2"  # 2: carried, the many
    ),
)
