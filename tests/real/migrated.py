"""One migration of a real tree, and everything that is compared afterwards."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from core.target.open_table import open_table
from core.target.profile import load
from tests.lab import target
from tests.lab.process import until
from tests.lab.stamps import make_old, stamps
from tests.lab.target import Fetcher
from tests.lab.vgwm import Vgwm

if TYPE_CHECKING:
    from tests.lab.stack import Stack
    from tests.lab.stamps import Stamp
    from tests.lab.target import Line, Row
    from tests.lab.tree.grow import GatewayTree
    from tests.lab.tree.told import ObjectTold

PASSWORD = "LAB_CLUSTER_PASSWORD"  # noqa: S105 - the variable's name
REPLICATION = 2


@dataclass(frozen=True, slots=True)
class Table:
    """What the object table and the bucket table hold."""

    objects: list[Row]
    buckets: dict[str, dict[str, object]]


@dataclass(frozen=True)
class Migrated:
    """init, plan and copy are done. before: the source's stamps; atimes: whether they are kept."""

    tree: GatewayTree
    stack: Stack
    vgwm: Vgwm
    table: Table
    before: dict[Path, dict[bytes, Stamp]]
    atimes: bool

    @cached_property
    def rows(self) -> dict[tuple[str, str], Row]:
        return {(row.bucket, row.key): row for row in self.table.objects}

    @cached_property
    def told(self) -> dict[tuple[str, str], ObjectTold]:
        """What S3 said of each current object."""
        return {(o.bucket, o.key): o for o in self.tree.told.current()}

    @cached_property
    def pins(self) -> dict[str, list[str]]:
        """Our bundles' roots, with the peers that each is allocated to."""
        peer = self.stack.peers[0]
        names = peer.names()
        prefix = f"vgwm-{workspace_id(self.vgwm)}-"
        return {r: p for r, p in peer.allocations().items() if names[r].startswith(prefix)}

    @cached_property
    def lines(self) -> list[Line]:
        """Every bundle's manifest, read from the first node that it is allocated to."""
        lines: list[Line] = []
        for root, peers in self.pins.items():
            with Fetcher(self.stack.peer(peers[0]).kubo) as fetcher:
                lines += target.lines(root, fetcher.cat(f"{root}/manifest"))
        return lines


def age(tree: GatewayTree) -> tuple[dict[Path, dict[bytes, Stamp]], bool]:
    """Make every read of the source visible; return its stamps, and whether atimes are kept."""
    kept = [make_old(folder) for folder in tree.folders()]
    return {folder: stamps(folder) for folder in tree.folders()}, all(kept)


def begin(tree: GatewayTree, stack: Stack, folder: Path, table: str) -> Vgwm:
    """Make a workspace from this tree to this stack, and nothing more. table: as init takes it."""
    vgwm = Vgwm(folder / "ws", {PASSWORD: stack.password})
    words = ["--target", "ipfs", "--replication", str(REPLICATION), "--table", table]
    words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
    for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
        words += ["--kubo", kubo, "--cluster", cluster]
    vgwm.run("init", *tree.init_words, *words)
    return vgwm


def workspace_id(vgwm: Vgwm) -> str:
    return str(vgwm.run("--json", "plan", "show").result()["id"])


async def read_table(spec: str) -> Table:
    """Return all rows: of SQLite without the project's code, of YDB by its table."""
    if spec.startswith("sqlite:"):
        path = Path(spec.removeprefix("sqlite:"))
        return Table(target.rows(path), target.bucket_rows(path))
    table = await open_table(spec, load("guide"), None)
    try:
        found: list[Row] = []
        after = ("", "")
        while page := await table.scan(after, 1_000):
            found += [target.row(values) for values in page]
            after = (found[-1].bucket, found[-1].key)
        buckets = {str(b[0]): json.loads(str(b[-1])) for b in await table.scan_buckets()}
    finally:
        await table.close()
    return Table(found, buckets)


def said(metadata: dict[str, object]) -> dict[str, object]:
    """Return the members of a metadata document that S3 can be asked for."""
    ours = {"mtime_ns", "owner", "pin", "vgwm", "v"}
    return {name: value for name, value in metadata.items() if name not in ours}


def recorded(vgwm: Vgwm) -> int:
    """Return how many objects the ledger counts as migrated, while an engine may be writing."""
    with closing(sqlite3.connect(f"file:{vgwm.workspace}/ledger.db?mode=ro", uri=True)) as ledger:
        found = ledger.execute("SELECT n FROM counters WHERE scope = 0 AND name = 'migrated'")
        return sum(n for (n,) in found)


def wait_recorded(vgwm: Vgwm, least: int) -> None:
    """Wait until at least so many objects are recorded."""
    until(f"{least} objects recorded", lambda: recorded(vgwm) >= least, limit_s=60, every_s=0.005)
