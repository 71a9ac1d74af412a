"""The migration that is killed: 300 keys in three buckets, one large, some versions and markers."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.config.schema import DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.model import MIB
from tests.integration.source.tree import ENABLED, HandTree, etag

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.schema import IpfsTarget
    from tests.faults.crash_state import Place

BUCKETS = {b"alpha": 120, b"beta": 100, b"gamma": 55}
VERSIONS = 8
MARKERS = 4
OBJECTS = sum(BUCKETS.values()) + 1 + len(BUCKETS) * VERSIONS
KNOBS = Knobs(
    workers=2,
    batch_size=34,
    large_threshold=2 * MIB,
    segment_size=MIB,
    retry_delay=0.1,
)
QUIET_NS = 2_500_000_000
"""An object that changed less than 2 s before it was read has no ctime in the ledger."""


def make_tree(base: Path, seed: int) -> tuple[HandTree, dict[Place, bytes]]:
    """Fill a gateway's tree; the same seed gives the same keys and bytes, which are returned."""
    tree = HandTree(base, "xattr").make()
    bodies: dict[Place, bytes] = {}
    rng = random.Random(seed)  # noqa: S311 - test data
    for name, keys in BUCKETS.items():
        tree.bucket(name, ENABLED)
        for number in range(keys):
            body = rng.randbytes(rng.choice((0, 1, 300, 2_000)))
            key = f"d{number % 5}/k{number:04d}".encode()
            tree.put(key, body, bucket=name)
            _spoil(tree.root / os.fsdecode(name) / os.fsdecode(key), number)
            bodies[name, key, b""] = body
        for number in range(VERSIONS):
            version = f"01M82TCBGRT4GGFVVW68KGQ{number:03d}".encode()
            marker = {"delete-marker": b""} if number < MARKERS else None
            body = b"" if marker else rng.randbytes(400)
            attributes = marker or etag(body)
            tree.version(b"d0/k0000", version, body, attributes, bucket=name)
            if not marker:
                bodies[name, b"d0/k0000", version] = body
    large = rng.randbytes(2 * MIB + MIB // 2 + 7)
    tree.put(b"large.bin", large, bucket=b"beta")
    bodies[b"beta", b"large.bin", b""] = large
    return tree, bodies


def _spoil(path: Path, number: int) -> None:
    """Give some objects what the target does not show: it is counted once, whatever is killed."""
    if number % 3 == 0:
        os.setxattr(path, "user.backup", b"tape")
    if number % 4 == 0:
        path.chmod(0o600)


def wait_until_quiet(tree: HandTree) -> None:
    """Wait until the last change of the tree is older than what counts as just changed."""
    newest = max(path.stat().st_ctime_ns for path in tree.base.rglob("*"))
    while time.time_ns() < newest + QUIET_NS:
        time.sleep(0.05)


def make_workspace(
    tree: HandTree,
    folder: Path,
    target: IpfsTarget | None = None,
    workspace_id: str = "0a1b2c3d",
) -> Path:
    """Make a workspace in a new folder; return it. target: None for a directory beside it."""
    path = folder / "ws"
    path.mkdir(parents=True)
    write(
        path / FILE_NAME,
        Workspace(
            id=workspace_id,
            source=PosixSource(path=tree.root, versioning_dir=tree.versions),
            target=target or DirTarget(path=folder / "out"),
            knobs=KNOBS,
        ),
    )
    return path
