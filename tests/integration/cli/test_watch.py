"""`vgwm watch`, and how a followed job ends a command."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from core.control.wire import state as wire
from tests.fakes.desk import FakeDesk, job, snapshot
from tests.integration.cli.desk import serving
from tests.integration.cli.shell import start, vgwm

if TYPE_CHECKING:
    from pathlib import Path

ERROR = wire.ErrorBody(
    code="capacity_exhausted", what="no room", where="kubo-2", remedy="free some", exit_code=4
)


@pytest.mark.parametrize(
    ("ended", "failed", "code"),
    [
        (job(14, "done"), 0, 0),
        (job(14, "done"), 3, 1),
        (job(14, "done", kind="plan"), 3, 0),
        (job(14, "cancelled"), 0, 1),
        (job(14, "failed", result=ERROR), 0, 4),
    ],
)
async def test_it_exits_as_the_job_did(
    ended: wire.Job, failed: int, code: int, ws: Path, tmp_path: Path
) -> None:
    now = snapshot(jobs=[ended], totals=wire.Totals(objects=9, failed=failed))
    async with serving(ws, FakeDesk(now)):
        ran = await vgwm("watch", "-w", str(ws), "--interval", "100ms", home=tmp_path)
    assert ran.code == code, ran.err
    assert ended.state in ran.out


async def test_a_line_has_health_and_stall_reason(ws: Path, tmp_path: Path) -> None:
    now = snapshot(
        jobs=[job(14, "done")],
        eta=wire.Eta(stalled_s=42, stalled_reason="busy kubo-2"),
        nodes=[wire.Node(name="kubo-2", url="u", state="busy")],
    )
    async with serving(ws, FakeDesk(now)):
        ran = await vgwm("watch", "-w", str(ws), home=tmp_path)
    assert "stalled 42 s: busy kubo-2" in ran.out
    assert "health kubo-2 busy" in ran.out


async def test_an_interval_needs_its_unit(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("watch", "-w", str(ws), "--interval", "60", home=tmp_path)
    assert ran.code == 2
    assert "300s" in ran.err


async def test_ctrl_c_detaches_with_130_and_the_job_goes_on(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(1, "running")]))
    async with serving(ws, desk):
        process = await start("copy", "-w", str(ws), home=tmp_path)
        assert process.stderr is not None
        while b"copy running" not in await process.stderr.readline():
            assert process.returncode is None
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert b"vgwm watch 1" in err
    # it was at work already, as after a crash: followed, not begun again, and left to go on
    assert desk.told == []


async def test_an_engine_that_dies_under_a_job_is_3(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(1, "running")]))
    async with serving(ws, desk):
        process = await start("watch", "-w", str(ws), "--interval", "100ms", home=tmp_path)
        assert process.stdout is not None
        await process.stdout.readline()
    async with asyncio.timeout(20):
        _, err = await process.communicate()
    assert process.returncode == 3
    assert b"vgwm engine" in err
