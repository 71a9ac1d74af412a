"""A row of the ledger as a join compares it. Pure."""

from __future__ import annotations

from typing import TypeAlias

LedgerRow: TypeAlias = tuple[
    bytes,
    bytes,
    int | None,
    int | None,
    int | None,
    int | None,
    int,
    int | None,
    bytes | None,
    int | None,
]
"""key, version, size, ino, mtime_ns, ctime_ns, state, bundle, cid, mh: a row of `objects`.

The first six are an `Entry`: the fingerprint of what was copied.
"""
