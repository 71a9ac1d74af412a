"""Differences planted into a migrated set, by hand and past the program: twelve kinds.

Each planter returns what it made wrong as (kind, name): an `Ill`, and the object, the bundle's
root or the cached key that it is about. Members of one bundle are chosen so that no two planters
meet in it.
"""

from __future__ import annotations

import base64
import json
import os
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from core.dag import cid as cids
from core.dag.car_reading import sections
from tests.lab import target

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.kubo import KuboNode
    from tests.lab.redis import RedisCluster
    from tests.lab.stack import Stack
    from tests.lab.target import Row
    from tests.lab.vgwm import Vgwm

SEED = 11
BUCKETS = ("archive", "photos")
TYPES = ("image/jpeg", "text/csv", "application/pdf")


class Wrong(NamedTuple):
    """One difference. kind: an `Ill`'s text."""

    kind: str
    name: str


def grow(root: Path, objects: int) -> None:
    """Make a gateway's tree of so many objects, no two of the same bytes."""
    rng = random.Random(SEED)  # noqa: S311 - test data, the same every time
    for bucket in BUCKETS:
        (root / bucket).mkdir(parents=True)
        os.setxattr(root / bucket, "user.acl", b'{"Owner":"AKBLUE","Grantees":[]}')
    for i in range(objects):
        path = root / BUCKETS[i % 2] / f"y{i % 7}" / f"object {i:05d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%06d" % i + rng.randbytes(rng.choice((0, 90, 900, 4_000, 9_000))))
        os.setxattr(path, "user.content-type", TYPES[i % 3].encode())
        os.setxattr(path, "user.metadata", json.dumps({"batch": str(i % 11)}).encode())


@dataclass(slots=True)
class MigratedSet:
    """A set whose copy is done. rows: of its table, when it was sound.

    taken: roots of bundles that a planter has; used: objects that one has.
    """

    vgwm: Vgwm
    source: Path
    table: Path
    rows: list[Row]
    taken: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    @property
    def workspace(self) -> Path:
        return self.vgwm.workspace

    def members(self, root: str) -> list[Row]:
        """Return a bundle's rows, by name."""
        return [row for row in self.rows if row.root == root]

    def take_bundles(self, count: int) -> list[str]:
        """Take bundles that no other planter shall touch."""
        roots = sorted({row.root for row in self.rows} - self.taken)[:count]
        assert len(roots) == count, "the set has too few bundles"
        self.taken |= set(roots)
        return roots

    def take_rows(self, count: int) -> list[Row]:
        """Take rows of bundles that are not in use, spread over all that are left."""
        left = [
            row for row in self.rows if row.root not in self.taken and name(row) not in self.used
        ]
        step = max(1, len(left) // count)
        chosen = left[::step][:count]
        assert len(chosen) == count, "the set has too few objects"
        self.used |= {name(row) for row in chosen}
        return chosen


def name(row: Row) -> str:
    return f"{row.bucket}/{row.key}"


def change_rows(done: MigratedSet, each: int) -> set[Wrong]:
    """Remove rows, add rows of ours, and change CIDs, sizes and metadata: five kinds."""
    wrong: set[Wrong] = set()
    others = [row.cid for row in done.rows[:each]]
    with closing(sqlite3.connect(done.table)) as table:
        for row in done.take_rows(each):
            _run(table, "DELETE FROM versitygw_objects WHERE bucket=? AND s3_key=?", row)
            wrong.add(Wrong("no_row", name(row)))
        for row in done.take_rows(each):
            columns = "cid,size,created_at,updated_at,metadata,pin_status"
            _run(
                table,
                f"INSERT INTO versitygw_objects(bucket,s3_key,{columns})"  # noqa: S608 - constants
                f" SELECT bucket,s3_key||'~',{columns} FROM versitygw_objects"
                " WHERE bucket=? AND s3_key=?",
                row,
            )
            wrong.add(Wrong("orphan_row", f"{name(row)}~"))
        for row, other in zip(done.take_rows(each), others, strict=True):
            _set(table, "cid", other, row)
            wrong.add(Wrong("wrong_cid", name(row)))
        for row in done.take_rows(each):
            _set(table, "size", row.size + 1, row)
            wrong.add(Wrong("wrong_size", name(row)))
        for row in done.take_rows(each):
            changed = {**row.metadata, "content_type": "text/planted"}
            text = json.dumps(changed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            _set(table, "metadata", text, row)
            wrong.add(Wrong("wrong_metadata", name(row)))
        table.commit()
    return wrong


def remove_pins(done: MigratedSet, stack: Stack, count: int) -> set[Wrong]:
    """Take pins off the cluster."""
    roots = done.take_bundles(count)
    for root in roots:
        assert stack.peers[0].api.ask("DELETE", f"/pins/{root}").status == 200
    return {Wrong("no_pin", root) for root in roots}


def unpin_on_one_node(done: MigratedSet, stack: Stack, count: int) -> set[Wrong]:
    """Unpin bundles at one of their two Kubo nodes, behind the cluster's back."""
    roots = done.take_bundles(count)
    allocations = stack.peers[0].allocations()
    for root in roots:
        kubo = stack.peer(allocations[root][0]).kubo
        assert kubo.api.post(f"/api/v0/pin/rm?arg={root}").status == 200
    return {Wrong("no_pin", root) for root in roots}


def delete_blocks(done: MigratedSet, stack: Stack, count: int) -> set[Wrong]:
    """Remove an object's block from one of its two Kubo nodes' disks, in bundles of their own."""
    roots = done.take_bundles(count)
    allocations = stack.peers[0].allocations()
    wrong: set[Wrong] = set()
    for number, root in enumerate(roots):
        members = done.members(root)
        row = members[number % len(members)]
        block_file(stack.peer(allocations[root][number % 2]).kubo, row.cid).unlink()
        wrong.add(Wrong("lost_block", name(row)))
    return wrong


def flip_bytes(done: MigratedSet, folder: Path, count: int) -> set[Wrong]:
    """Turn one bit of an object's bytes in its CAR, in bundles of their own."""
    wrong: set[Wrong] = set()
    for number, root in enumerate(done.take_bundles(count)):
        members = done.members(root)
        row = members[number % len(members)]
        path = folder / "bundles" / f"{root}.car"
        with path.open("r+b") as file:
            wanted = cids.parse(row.cid)
            at = next(one.offset for one in sections(file) if one.cid == wanted)
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]))
        wrong.add(Wrong("bad_bytes", name(row)))
    return wrong


def lose_manifests(done: MigratedSet, folder: Path, count: int) -> set[Wrong]:
    """Remove the manifests of bundles."""
    roots = done.take_bundles(count)
    for root in roots:
        (folder / "manifests" / f"{root}.ndjson").unlink()
    return {Wrong("no_manifest", root) for root in roots}


def age_cache(done: MigratedSet, redis: RedisCluster, count: int) -> set[Wrong]:
    """Put rows into the cache as they were before, and some as they are."""
    wrong: set[Wrong] = set()
    server = redis.servers[0]
    for row in done.take_rows(count):
        key = f"mapping:{row.bucket}:{row.key}"
        old = {"bucket": row.bucket, "s3_key": row.key, "cid": row.cid, "size": row.size + 7}
        assert server.ask("-c", "set", key, json.dumps(old)) == "OK"
        wrong.add(Wrong("stale_cache", key))
    for row in done.take_rows(3):
        now = {"cid": row.cid, "size": row.size, "metadata": row.metadata}
        server.ask("-c", "set", f"mapping:{row.bucket}:{row.key}", json.dumps(now))
    return wrong


def delete_at_source(done: MigratedSet, count: int) -> set[Wrong]:
    """Remove objects from the source, as a client does."""
    wrong: set[Wrong] = set()
    for row in done.take_rows(count):
        (done.source / row.bucket / row.key).unlink()
        wrong.add(Wrong("gone_at_source", name(row)))
    return wrong


def block_file(kubo: KuboNode, cid: str) -> Path:
    """Return the file of a block in a node's flatfs."""
    multihash = cids.parse(cid)[2:]
    key = base64.b32encode(multihash).decode().rstrip("=")
    return kubo.repo / "blocks" / key[-3:-1] / f"{key}.data"


def found_in(done: MigratedSet, folder: str) -> set[Wrong]:
    """Return what a report's lists name: bundles by their root, cached rows by their key."""
    roots = _roots(done.workspace)
    found: set[Wrong] = set()
    for listed in ("missing", "differ", "extra", "error"):
        for line in (done.workspace / folder / f"{listed}.ndjson").read_text().splitlines():
            told = json.loads(line)
            what = told["object"]
            if told["kind"] in {"no_pin", "no_manifest"}:
                what = roots[told["bundle"]]
            elif told["kind"] == "stale_cache":
                what = told["where"].removeprefix("cache ")
            found.add(Wrong(told["kind"], what))
    return found


def _roots(workspace: Path) -> dict[int, str]:
    uri = f"file:{workspace}/ledger.db?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as ledger:
        rows = ledger.execute("SELECT id,root FROM bundles WHERE root IS NOT NULL")
        return {number: cids.text(root) for number, root in rows}


def rows_of(table: Path) -> list[Row]:
    return target.rows(table)


def _run(table: sqlite3.Connection, statement: str, row: Row) -> None:
    assert table.execute(statement, (row.bucket, row.key)).rowcount == 1


def _set(table: sqlite3.Connection, column: str, value: object, row: Row) -> None:
    done = table.execute(
        f"UPDATE versitygw_objects SET {column}=? WHERE bucket=? AND s3_key=?",  # noqa: S608 - a constant
        (value, row.bucket, row.key),
    )
    assert done.rowcount == 1
