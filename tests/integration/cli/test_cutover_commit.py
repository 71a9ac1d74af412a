"""`vgwm cutover commit` with a real engine: refused while green is watched, then done once.

The flip's rows are written by hand; by a real flip: tests/real/test_commit.py.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.schema import Cutover
from core.config.workspace import load, write
from core.cutover.cutover_plan import Kind
from core.cutover.machine import Step
from core.cutover.states import State
from core.engine.cutting.book import Book
from core.engine.engine import Engine
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.integration.cli.shell import Ran

RUN = "9f2c1a7e-90"
TRIES = 100


@pytest.fixture
async def flipped(ws: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """A workspace whose clients are at green, with no engine."""
    path = ws / "vgwm.yaml"
    write(path, msgspec.structs.replace(load(path), cutover=Cutover(reverse="off")))
    engine = await Engine.open(ws)
    book = Book(engine.ledger, run=RUN, slice_="all", actor="ann", job=90)
    plan = await engine.cutovers.plans.compose(Kind.CUTOVER, "all")
    await book.plan(plan.stored(), {"kind": plan.kind.value})
    await book.done(State.SWITCH_WRITES, Step.T_FLIP, {})
    await book.done(State.SWITCH_WRITES, Step.GREEN, {})
    await book.intent(State.GREEN_LIVE, Step.WATCH, {})
    await engine.close()
    yield ws
    await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)


async def test_a_commit_waits_for_the_window_lists_what_may_go_and_is_done_once(
    flipped: Path, tmp_path: Path
) -> None:
    async def said(*words: str) -> Ran:
        return await vgwm(*words, "-w", str(flipped), home=tmp_path)

    assert (await said("engine", "start")).code == 0
    early = await _commit(said)
    assert early.code == 3
    assert "the watch window is open for another" in early.err
    assert (await said("set", "watch_window=1s")).code == 0
    await _until_off_is_empty(said)
    done = await _commit(said)
    assert done.code == 0, done.err
    assert "may be taken down, nothing was removed: posix:" in done.err + done.out
    assert "slice all is in 13 COMMITTED" in done.out
    [report] = (flipped / "reports").glob("cutover-*.json")
    assert json.loads(report.read_bytes())["removed"] == []
    seen = (await said("cutover", "status", "--json")).result()["slices"]
    assert isinstance(seen, list)
    assert [(one["number"], one["state"]) for one in seen] == [("13", "COMMITTED")]
    again = await _commit(said)
    assert again.code == 3
    assert "only one that is GREEN_LIVE is committed" in again.err


async def _commit(said: Callable[..., Awaitable[Ran]]) -> Ran:
    """Commit as it was shown."""
    shown = await said("cutover", "commit", "--json")
    assert shown.code == 0, shown.err
    return await said("cutover", "commit", "--confirm", str(shown.result()["hash"]))


async def _until_off_is_empty(said: Callable[..., Awaitable[Ran]]) -> None:
    """Wait until nothing is in a commit's way."""
    for _ in range(TRIES):
        off = (await said("cutover", "status", "--json")).result()["off"]
        assert isinstance(off, dict)
        if not off["commit"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("a commit stayed off")
