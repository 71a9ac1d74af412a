"""A small gateway tree made by hand, and a workspace over it."""

from __future__ import annotations

import hashlib
import os
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config.schema import DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.engine.engine import Engine
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.ledger.rows import JobRow


@dataclass(frozen=True)
class Ground:
    """Where a test's migration lies. bodies: by (bucket, key)."""

    source: Path
    target: Path
    workspace: Path
    bodies: dict[tuple[str, str], bytes]

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object as the gateway would."""
        folder = self.source / bucket
        if not folder.exists():
            folder.mkdir(parents=True)
            os.setxattr(folder, "user.acl", b'{"Owner":"AKOWNER","Grantees":[]}')
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        os.setxattr(path, "user.etag", etag.encode())
        os.setxattr(path, "user.content-type", b"text/plain")
        self.bodies[bucket, key] = body


def make_ground(root: Path, *, objects: int = 60, buckets: int = 2, seed: int = 7) -> Ground:
    """Fill a tree with small objects, and one of several chunks per bucket."""
    ground = Ground(root / "gw", root / "out", root / "ws", {})
    rng = random.Random(seed)  # noqa: S311 - test data, the same every time
    for number in range(buckets):
        bucket = f"bucket{number}"
        for i in range(objects):
            ground.put(bucket, f"d{i % 7}/k{i:04d}", rng.randbytes(rng.choice((0, 1, 700, 4096))))
        ground.put(bucket, "large.bin", rng.randbytes(3 * (1 << 20) + 11))
    return ground


def make_workspace(
    ground: Ground, knobs: Knobs, workspace_id: str = "0a1b2c3d", *, profile: str = "guide"
) -> None:
    """Write vgwm.yaml over a ground."""
    ground.workspace.mkdir(exist_ok=True)
    write(
        ground.workspace / FILE_NAME,
        Workspace(
            id=workspace_id,
            source=PosixSource(path=ground.source),
            target=DirTarget(path=ground.target, profile=profile),
            knobs=knobs,
        ),
    )


@asynccontextmanager
async def engine_on(ground: Ground) -> AsyncIterator[Engine]:
    """Yield the workspace's engine in this process."""
    engine = await Engine.open(ground.workspace)
    try:
        yield engine
    finally:
        await engine.close()


async def run_job(engine: Engine, kind: JobKind) -> JobRow:
    """Run a job to its end; return its row."""
    job = await engine.start_job(kind, {}, "tester", f"{kind}-{engine.epoch}-{os.urandom(4).hex()}")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    return row


async def migrate(engine: Engine) -> JobRow:
    """Plan, then copy."""
    planned = await run_job(engine, JobKind.PLAN)
    assert planned.state == "done", planned.result
    return await run_job(engine, JobKind.COPY)
