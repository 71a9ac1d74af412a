"""A map's file whose writing outlives its step: the next step's comes behind it, never before."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from core.config.schema import Haproxy
from core.cutover.haproxy import HaproxyBalancer
from core.cutover.map_file import MapFile
from core.cutover.mode import Mode
from core.errors import NoAnswer, NodeUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def test_a_file_that_is_late_is_waited_for_and_does_not_come_behind_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadline breaks a step off; its thread, on a busy disk, cannot be."""
    entered, go = threading.Event(), threading.Event()
    monkeypatch.setattr(MapFile, "write", _late(MapFile.write, entered, go))
    (tmp_path / "map").write_text("/ blue\n")
    named = Haproxy(
        name="lb-1", socket=tmp_path / "none", map=tmp_path / "map", config=tmp_path / "cfg"
    )
    one = HaproxyBalancer(named, "9f2c1a7e", limit_s=0.2)
    step = asyncio.create_task(one.set((), Mode.GREEN_RO, "9f2c1a7e-5"))
    await asyncio.to_thread(entered.wait, 20)
    step.cancel()
    await asyncio.wait([step])
    with pytest.raises(NoAnswer, match="still being written by the step before"):
        await one.set((), Mode.BLUE_RO, "9f2c1a7e-5")
    assert (tmp_path / "map").read_text() == "/ blue\n"
    go.set()
    with pytest.raises(NodeUnreachable):  # no HAProxy listens here: the file comes first
        await one.set((), Mode.BLUE_RO, "9f2c1a7e-5")
    assert "/ blue_ro\n" in (tmp_path / "map").read_text()


def _late(
    write: Callable[[MapFile, str], None], entered: threading.Event, go: threading.Event
) -> Callable[[MapFile, str], None]:
    def late(file: MapFile, text: str) -> None:
        entered.set()
        assert go.wait(20)
        write(file, text)

    return late
