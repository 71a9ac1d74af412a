"""Reading a directory target back with nothing but its own files."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.target.dir_store import DirStore

if TYPE_CHECKING:
    from pathlib import Path


def rows(target: Path) -> dict[tuple[str, str], tuple[str, int, dict[str, object]]]:
    """Return (cid, size, metadata) by (bucket, key), as the object table holds them."""
    with closing(sqlite3.connect(target / "objects.db")) as table:
        found = table.execute("SELECT bucket, s3_key, cid, size, metadata FROM versitygw_objects")
        return {(b, k): (c, n, json.loads(m)) for b, k, c, n, m in found}


def bodies(target: Path) -> dict[tuple[str, str], bytes]:
    """Return every object's bytes, read by its CID out of the bundle that its row names."""
    store = DirStore(target)
    found = {}
    for name, (cid, size, metadata) in rows(target).items():
        pin = metadata["pin"]
        assert isinstance(pin, dict)
        body = b"".join(store.read_object(cids.parse(pin["root"]), cids.parse(cid)))
        assert len(body) == size
        found[name] = body
    return found
