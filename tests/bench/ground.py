"""Where rows put what they make, and how a migration to a directory is looked at."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.model import Cid
from core.target.dir_store import DirStore
from tests.bench.figures import Take
from tests.bench.series import NotDone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.tree import Tree

SAMPLES = 40


@dataclass(slots=True)
class Ground:
    """A folder of fresh folders. drops: what was made may be removed while rows still run.

    On a disk a removal slows the rows after it down, so there all stays until the end.
    """

    folder: Path
    drops: bool
    _numbers: Iterator[int] = field(default_factory=count)

    def fresh(self, name: str) -> Path:
        """Return a path that nobody has used; its parent is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{name}-{next(self._numbers)}"

    def drop(self, folder: Path) -> None:
        """Remove a folder, where that costs the others nothing."""
        if self.drops:
            shutil.rmtree(folder, ignore_errors=True)


def expect(what: str, seen: float, wanted: float) -> None:
    """Raise NotDone unless two counts agree."""
    if seen != wanted:
        raise NotDone(f"{what}: {seen:,.0f}, not {wanted:,.0f}")


def table_cids(table: Path, keys: list[str]) -> dict[str, tuple[str, str]]:
    """Return (CID, root of its bundle) of some keys, from an SQLite object table."""
    marks = ",".join("?" * len(keys))
    with closing(sqlite3.connect(f"file:{table}?mode=ro", uri=True)) as base:
        found = base.execute(
            "SELECT s3_key, cid, json_extract(metadata, '$.pin.root')"  # noqa: S608 - marks only
            f" FROM versitygw_objects WHERE s3_key IN ({marks})",
            keys,
        ).fetchall()
    return {key: (cid, root) for key, cid, root in found}


def count_rows(table: Path) -> int:
    """Return how many objects an SQLite object table names."""
    with closing(sqlite3.connect(f"file:{table}?mode=ro", uri=True)) as base:
        (rows,) = base.execute("SELECT count(*) FROM versitygw_objects").fetchone()
    return int(rows)


def check_table(tree: Tree, table: Path, rows: int | None = None) -> dict[str, str]:
    """Find every object in the table, and sampled CIDs as their bytes say.

    rows: how many there are to be, if not the tree's. Returns the roots of sampled CIDs, by CID.
    """
    expect("rows in the object table", count_rows(table), rows or tree.objects)
    wanted = {key: cids.text(cid) for key, cid in tree.sample(SAMPLES)}
    named = table_cids(table, list(wanted))
    for key, cid in wanted.items():
        if named.get(key, ("nothing", ""))[0] != cid:
            raise NotDone(f"{key} is {cid}, the table says {named.get(key)}")
    return dict(named.values())


def take_of(tree: Tree, seconds: float, cpu_s: dict[str, float], foreign: float) -> Take:
    """Return the take of a row that carried the whole tree."""
    return Take(
        objects=tree.objects,
        size_bytes=tree.total_bytes,
        seconds=seconds,
        cpu_s=cpu_s,
        foreign=foreign,
    )


def check_directory(tree: Tree, target: Path) -> None:
    """Find every object's row, and read sampled ones back from the CARs alone."""
    store = DirStore(target)
    for cid, root in check_table(tree, target / "objects.db").items():
        body = b"".join(store.read_object(Cid(cids.parse(root)), Cid(cids.parse(cid))))
        expect(f"bytes of {cid}", len(body), tree.size_bytes)
