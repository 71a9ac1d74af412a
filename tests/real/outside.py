"""A copy that is long enough to be hurt, and the proof that its end is exact all the same."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.lab.missing import LabError
from tests.lab.process import until
from tests.lab.target import Fetcher
from tests.lab.vgwm import Vgwm
from tests.real.migrated import PASSWORD, REPLICATION, Migrated, read_table, recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lab.cluster import ClusterPeer
    from tests.lab.stack import Stack
    from tests.lab.tree.grow import GatewayTree

OBJECTS = 600
SIZE = 32 << 10
SLOW = "700KiB/s"
"""Of both copies: a whole copy takes a minute, unless it is let go."""
LOOK_S = 0.5
"""Between looks by a command, which takes half a second of CPU."""


@dataclass(frozen=True, slots=True)
class Source:
    """A gateway's tree, made by hand. digests: SHA-256 of each body by (bucket, key)."""

    root: Path
    digests: dict[tuple[str, str], str]


def grow(root: Path, *, objects: int = OBJECTS, size_bytes: int = SIZE) -> Source:
    """Write the tree: random bodies, the same every time."""
    rng = random.Random(4)  # noqa: S311 - test data
    digests = {}
    for number in range(objects):
        bucket, key = f"bucket{number % 2}", f"d{number % 9}/k{number:05d}"
        folder = root / bucket
        if not folder.exists():
            folder.mkdir(parents=True)
            os.setxattr(folder, "user.acl", b'{"Owner":"AKOWNER","Grantees":[]}')
        body = rng.randbytes(size_bytes)
        path = folder / key
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        os.setxattr(path, "user.etag", etag.encode())
        os.setxattr(path, "user.content-type", b"text/plain")
        digests[bucket, key] = hashlib.sha256(body).hexdigest()
    return Source(root, digests)


@dataclass(frozen=True, slots=True)
class Hurt:
    """One copy that runs in its engine, and is going to be hurt. table: the SQLite file."""

    source: Source
    stack: Stack
    vgwm: Vgwm
    table: Path

    @classmethod
    def begin(cls, source: Source, stack: Stack, folder: Path, *, least: int = 10) -> Hurt:
        """Start a slow copy and return when it has recorded some objects."""
        vgwm = Vgwm(folder / "ws", {PASSWORD: stack.password})
        table = folder / "objects.db"
        words = ["--target", "ipfs", "--replication", str(REPLICATION)]
        words += ["--table", f"sqlite:{table}"]
        words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
        for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
            words += ["--kubo", kubo, "--cluster", cluster]
        hurt = cls(source, stack, vgwm, table)
        try:
            vgwm.run("init", "--source", f"posix:{source.root}", *words)
            vgwm.run("plan", "--batch-size", "10")
            vgwm.run("set", f"bandwidth={SLOW}")
            vgwm.run("copy", "--detach", "--workers", "4")
            hurt.wait_recorded(least)
        except BaseException:
            vgwm.close()
            raise
        return hurt

    def wait_recorded(self, least: int, *, limit_s: float = 90) -> None:
        """Wait until at least so many objects are recorded."""
        until(f"{least} objects recorded", lambda: recorded(self.vgwm) >= least, limit_s=limit_s)

    def status(self) -> str:
        """Return what the operator is shown."""
        return self.vgwm.run("status", "--plain").out

    def node(self, number: int) -> str:
        """Return the line of one node."""
        shown = [line for line in self.status().splitlines() if f"node kubo-{number} " in line]
        assert len(shown) == 1, shown
        return shown[0]

    def is_said(self, what: str, says: Callable[[], bool], *, since_s: float) -> None:
        """Require that the screen says it, and print after how many seconds (wanted: 10)."""
        until(f"status says {what}", says, limit_s=60, every_s=LOOK_S)
        took_s = time.monotonic() - since_s
        self.note(f"{what}: said after {took_s:.1f} s")

    @staticmethod
    def note(text: str) -> None:
        """Print a figure; pytest shows it with -s."""
        sys.stdout.write(f"\n  {text}")

    def events(self, kind: str) -> list[str]:
        """Return the texts of the durable events of a kind, oldest first."""
        path = f"file:{self.vgwm.workspace}/ledger.db?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as ledger:
            found = ledger.execute("SELECT data FROM events WHERE kind = ? ORDER BY seq", (kind,))
            return [str(json.loads(data)["text"]) for (data,) in found]

    def let_go(self) -> None:
        """Let the copy run as fast as it can."""
        self.vgwm.run("set", "bandwidth=off")

    def finish(self) -> None:
        """Follow the copy to its end, which must be a good one."""
        self.let_go()
        self.vgwm.run("watch", "--interval", "1s")

    def left(self) -> int:
        """Return how many objects are not recorded yet."""
        return len(self.source.digests) - recorded(self.vgwm)

    def _wait_pinned(self, peer: ClusterPeer, root: str) -> None:
        """Wait for a peer's own word: one that is just back says otherwise for a moment."""
        try:
            until(root, lambda: peer.status(root) == "pinned", limit_s=60)
        except LabError:
            said = {one.name: one.status(root) for one in self.stack.peers}
            pytest.fail(f"{root} at {peer.name}: {said}, {peer.api.get(f'/pins/{root}').body!r}")

    def prove(self) -> None:
        """Require rows, pins and bytes of every object on both of its nodes, and equal counters."""
        objects = asyncio.run(read_table(f"sqlite:{self.table}")).objects
        rows = {(row.bucket, row.key): row for row in objects}
        assert set(rows) == set(self.source.digests)
        tree: GatewayTree | None = None
        pins = Migrated(tree, self.stack, self.vgwm, None, {}, atimes=False).pins  # type: ignore[arg-type]  # it asks the stack only
        for root in {row.root for row in rows.values()}:
            assert len(set(pins[root])) == REPLICATION, root
            for peer in map(self.stack.peer, pins[root]):
                self._wait_pinned(peer, root)
        for peer in self.stack.peers:
            with Fetcher(peer.kubo) as fetcher:
                for key, row in rows.items():
                    if peer.id in pins[row.root]:
                        assert fetcher.sha256(row.cid) == self.source.digests[key], key
        told = self.vgwm.run("--json", "status").result()
        assert told["migrated"] == told["total"] == len(rows)
        assert told["failed"] == told["skipped"] == told["remaining"] == 0
