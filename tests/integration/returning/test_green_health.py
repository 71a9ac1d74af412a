"""Whether green lives: asked once more before it counts as dead, for a busy host is slow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.config.schema import DirTarget, Gateway, PosixSource, Workspace
from core.cutover.fleet import Fleet
from core.cutover.rollback_plan import Green
from core.engine.returning import outside
from core.engine.returning.outside import NamedGreen
from core.target import profile as profiles
from core.target.open_table import open_target_table
from tests.fakes.side import Side

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CLOSED = "http://127.0.0.1:1"


async def served_by(tmp_path: Path, url: str) -> NamedGreen:
    """Return a green whose blocks and table are there."""
    (tmp_path / "out").mkdir(exist_ok=True)
    workspace = Workspace(
        id="9f2c1a7e",
        source=PosixSource(path=tmp_path),
        target=DirTarget(path=tmp_path / "out"),
        gateways=(Gateway(name="green-1", side="green", address=url),),
    )
    table = await open_target_table(workspace, profiles.load("guide"))
    await table.ensure()
    await table.close()
    return NamedGreen(workspace, Fleet(()))


async def test_a_gateway_that_is_late_once_is_no_dead_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "HEALTH_S", 0.2)
    side = Side()
    side.hangs.add("ListObjectsV2")
    async with side.serve(), asyncio.TaskGroup() as group:
        green = await served_by(tmp_path, side.url)
        looking = group.create_task(green.health(fresh=True))
        while not side.asked:  # noqa: ASYNC110 - the stand-in has no event for it
            await asyncio.sleep(0.001)
        side.hangs.clear()
        assert await looking is Green.ALIVE
    assert len(side.asked) == 2


async def test_a_gateway_that_refuses_is_dead(tmp_path: Path) -> None:
    green = await served_by(tmp_path, CLOSED)
    assert await green.health(fresh=True) is Green.GATEWAY_DEAD
