"""What a migration to a directory leaves: rows, bundles, counters and bytes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.model import BundleState, Cid, ObjectState
from core.target.dir_store import DirStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Place = tuple[bytes, bytes, bytes]
"""Bucket, key, version."""

PER_OBJECT = (
    "SELECT k.name,o.key,o.ver,o.st,o.size,o.ino,o.mt,o.ct,o.cid,o.etag,o.mh,b.root"
    " FROM objects o JOIN buckets k USING(bid) LEFT JOIN bundles b ON b.id=o.bun"
)
TABLE = (
    "SELECT bucket,s3_key,cid,size,created_at,updated_at,metadata,pin_status FROM versitygw_objects"
)


@dataclass(frozen=True, slots=True)
class State:
    """The end of a migration. All but `held` is the same however often it was killed.

    rows: of the object table, without root and number of the bundle. objects, counters, failures:
    of the ledger. held: the objects in each recorded bundle, by its root.
    """

    rows: dict[tuple[str, str], tuple[object, ...]]
    objects: dict[Place, tuple[object, ...]]
    counters: dict[tuple[int, str], int]
    failures: list[tuple[object, ...]]
    held: dict[bytes, dict[Place, Cid]] = field(compare=False)


def state_of(ledger: Path, table: Path) -> State:
    """Read the ledger and the object table that an ended migration left."""
    objects: dict[Place, tuple[object, ...]] = {}
    held: dict[bytes, dict[Place, Cid]] = defaultdict(dict)
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        for bucket, key, version, state, *rest, root in db.execute(PER_OBJECT):
            objects[bucket, key, version] = (state, *rest)
            if state == ObjectState.RECORDED and rest[4] is not None:
                held[root][bucket, key, version] = Cid(rest[4])
        counters = {(scope, name): n for scope, name, n in db.execute("SELECT * FROM counters")}
        failures = db.execute("SELECT bid,key,ver,code,disp FROM failures").fetchall()
        open_ones = db.execute(
            "SELECT id,st FROM bundles NOT INDEXED WHERE st<>?", (BundleState.RECORDED,)
        ).fetchall()
        wrong = db.execute("PRAGMA integrity_check").fetchall()
    if open_ones or wrong != [("ok",)]:
        raise AssertionError(("bundles that are not recorded", open_ones, wrong))
    return State(_rows(table, held), objects, counters, failures, dict(held))


def _rows(
    table: Path, held: Mapping[bytes, Mapping[Place, Cid]]
) -> dict[tuple[str, str], tuple[object, ...]]:
    """Read the table; each row's root must be of a recorded bundle that holds its object."""
    rows: dict[tuple[str, str], tuple[object, ...]] = {}
    with closing(sqlite3.connect(f"file:{table}?mode=ro", uri=True)) as db:
        for bucket, key, cid, size, created, updated, metadata, status in db.execute(TABLE):
            told = json.loads(metadata)
            root, _ = cids.parse(told["pin"].pop("root")), told["vgwm"].pop("bundle")
            place = (bucket.encode(), key.encode(), b"")
            if held[root][place] != cids.parse(cid):
                raise AssertionError(("a row that its bundle does not hold", bucket, key, cid))
            told["pin"].pop("path", None)
            rows[bucket, key] = (cid, size, created, updated, json.dumps(told), status)
    return rows


class Proof:
    """Proves a directory target by its bytes; a file proved once is known by its digest."""

    def __init__(self, bodies: Mapping[Place, bytes]) -> None:
        self._bodies = bodies
        self._proved: set[tuple[bytes, bytes]] = set()

    def prove(self, target: Path, state: State) -> None:
        """Read every recorded object out of its bundle's file, and find nothing else there."""
        named = {cids.text(Cid(root)) for root in state.held}
        files = {path.stem for path in (target / "bundles").iterdir()}
        copies = {path.stem for path in (target / "manifests").iterdir()}
        if files != named or copies != named:
            raise AssertionError(("files that nobody recorded, or none", files ^ named, copies))
        seen = {place for held in state.held.values() for place in held}
        if seen != self._bodies.keys():
            raise AssertionError(("objects without bytes", seen ^ self._bodies.keys()))
        store = DirStore(target)
        for root, held in state.held.items():
            digest = hashlib.sha256(
                (target / "bundles" / f"{cids.text(Cid(root))}.car").read_bytes()
            ).digest()
            if (root, digest) not in self._proved:
                for place, cid in held.items():
                    if b"".join(store.read_object(Cid(root), cid)) != self._bodies[place]:
                        raise AssertionError(("other bytes", place))
                self._proved.add((root, digest))
