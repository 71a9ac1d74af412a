"""A delete marker that comes between a round's look and its reading: the row goes all the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.runs import CopyRun
from core.model import JobKind
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.proof import bodies, rows

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.reins import Reins

HIDDEN = ("bucket0", "d1/k0001")


@pytest.mark.parametrize("late", [False, True], ids=["seen by the walk", "met by the reader"])
async def test_i4_an_object_behind_a_delete_marker_has_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    ground = make_ground(tmp_path, objects=20, buckets=1)
    os.setxattr(ground.source / "bucket0", "user.versioning", b"\x01")
    make_workspace(ground, Knobs(workers=1, batch_size=10))
    path = ground.source / HIDDEN[0] / HIDDEN[1]

    def mark() -> None:
        path.write_bytes(b"")
        os.setxattr(path, "user.delete-marker", b"true")

    carry = CopyRun.run

    async def marked_first(self: CopyRun, reins: Reins) -> None:
        if late:
            mark()
        await carry(self, reins)

    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        assert HIDDEN in rows(ground.target)
        if late:
            ground.put(*HIDDEN, b"overwritten, and deleted a moment later")
        else:
            mark()
        monkeypatch.setattr(CopyRun, "run", marked_first)
        job = await engine.start_job(JobKind.SYNC, {"mode": "once"}, "tester", "")
        await engine.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state == "done", row.result
        del ground.bodies[HIDDEN]
        assert bodies(ground.target) == ground.bodies
        await engine.ledger.recount()
