"""The Verify screen on a real engine: a million rows of a report, and a repair from the keyboard.

Over the workspace's own socket.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.control.client import Client
from core.control.live import EngineDesk
from core.engine.engine import Engine
from core.engine.verifying import verifications
from core.model import JobKind
from tests.integration.engine.ground import Ground, make_ground, make_workspace, migrate
from tests.integration.engine.keeping import all_rows, change, ended
from tests.tui.many_rows import fill
from tests.tui.test_app import Driven
from tests.tui.test_errors_live import served_by
from tui.app import Terminal
from tui.options import Options
from tui.terminal import themes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.control.wire import verify as wire_verify

MILLION = 1_000_000
ROOM = 8
BREAK = (
    "DELETE FROM versitygw_objects WHERE s3_key='d1/k0001'",
    "UPDATE versitygw_objects SET cid='bafkwrong' WHERE s3_key='d2/k0002'",
    """UPDATE versitygw_objects SET metadata=replace(metadata,'text/plain','a/b')
    WHERE s3_key='d3/k0003'""",
)


class CountingDesk(EngineDesk):
    """A live engine's desk that keeps how many rows each request wanted."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.limits: list[int] = []

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        self.limits.append(query.limit)
        return await super().view(query)


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give differences no time to settle: nothing is under way here."""
    monkeypatch.setattr(verifications, "AGAIN_S", 0.0)


@contextlib.asynccontextmanager
async def screen(ground: Ground) -> AsyncIterator[tuple[Driven, CountingDesk, Engine]]:
    """Open the screen on the socket of an engine that has copied a ground."""
    make_workspace(ground, Knobs(workers=1, batch_size=20))
    engine = await Engine.open(ground.workspace)
    try:
        assert (await migrate(engine)).state == "done"
        desk = CountingDesk(engine)
        async with served_by(ground.workspace, desk), Client(ground.workspace) as client:
            app = Terminal(ground.workspace, client, options=Options(look=themes.load("mono")))
            async with app.run_test(size=(80, 24)) as pilot:
                it = Driven(app, pilot, desk)  # type: ignore[arg-type]  # a live desk
                await it.until(lambda: app.link.snapshot is not None)
                await it.press("g", "v")
                yield it, desk, engine
    finally:
        await engine.close()


def table_of(ground: Ground) -> Path:
    return ground.target / "objects.db"


async def test_what_is_broken_is_verified_shown_mended_and_equal_again_from_the_keyboard(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    async with screen(ground) as (it, desk, _):
        before = all_rows(table_of(ground))
        change(table_of(ground), *BREAK)
        await it.until(lambda: "nothing was verified yet" in it.text)
        await it.press("B")
        await it.settled()
        assert "runs   vgwm verify --sample-size 10000" in it.text
        await it.press("tab", "enter")
        await it.until(lambda: "* differ 2  + missing 1" in it.text and "= done" in it.text, 60)
        await it.press("tab")
        await it.until(lambda: "row 1 of 2" in it.text)
        assert "bafkwrong" in it.text
        await it.press("end")
        await it.until(lambda: "content-type" in it.text or "a/b" in it.text)
        await it.press("F")
        await it.settled()
        assert "repair: 3 differences" in it.text
        await it.press(*it.app.scene.workspace, "enter")
        await it.until(lambda: "(repair): 3 differences" in it.row23)
        await it.until(lambda: "(repair) changed the target since" in it.text, 60)
        assert all_rows(table_of(ground)) == before
        await it.press("escape", "B")
        await it.settled()
        await it.press("tab", "enter")
        await it.until(lambda: "nothing differs, is missing" in it.text, 60)
        await it.press("g", "h")
        await it.until(lambda: "4 validate    = equal" in it.text)
        kinds = [job.kind for job in (await desk.snapshot()).jobs]
        assert kinds.count(JobKind.VERIFY) == 2


async def test_a_million_rows_of_a_report_scroll_and_few_are_ever_asked_for(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    async with screen(ground) as (it, desk, engine):
        job = await engine.start_job(JobKind.VERIFY, {"sample": "0"}, "op1", os.urandom(4).hex())
        assert (await ended(engine, job)).state == "done"
        proof = await engine.ledger.proof(job)
        assert proof is not None
        fill(ground.workspace / proof.folder, MILLION)
        await it.until(lambda: f"verify #{job}" in it.text)
        await it.press("tab")
        await it.until(lambda: "row 1 of 1,000,000" in it.text)
        await it.press("end")
        await it.until(lambda: "bucket0/many/0999999" in it.text)
        await it.press("pageup", "pageup")
        await it.until(lambda: "row 999,984 of 1,000,000" in it.text and "..." not in it.text)
        await it.press("/", *"no_row", "enter")
        await it.until(lambda: "row 1 of 333,333" in it.text)
        await it.press("end")
        await it.until(lambda: "bucket0/many/0999998" in it.text)
        assert "it was recorded, and the object table has no row of it" in it.text
        assert max(desk.limits) <= 3 * ROOM
        assert sum(desk.limits) <= 40 * ROOM
