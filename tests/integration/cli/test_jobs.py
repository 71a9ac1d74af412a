"""`vgwm jobs`, `pause`, `resume`, `cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.control.wire import state as wire
from tests.fakes.desk import FakeDesk, asked, job, snapshot
from tests.integration.cli.desk import serving
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
async def test_an_act_takes_the_job_that_runs(verb: str, ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(13, "done"), job(14, "running"), job(15, "cancelled")]))
    async with serving(ws, desk):
        ran = await vgwm(verb, "-w", str(ws), "--actor", "op1", home=tmp_path)
    assert ran.code == 0, ran.err
    assert asked(desk.told) == [(f"{verb} 14", wire.Act(actor="op1"))]
    ((_, order),) = desk.told
    assert order.request_id
    assert order.expected_epoch == desk.now.engine.epoch


async def test_jobs_says_how_many_older_ones_it_leaves_out(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(15, "done"), job(14, "done"), job(3, "done")]))
    async with serving(ws, desk):
        ran = await vgwm("jobs", "-w", str(ws), home=tmp_path)
        listed = await vgwm("jobs", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == listed.code == 0
    assert "12 older jobs left out" in ran.err
    assert len(listed.out.splitlines()) == 3


async def test_an_act_takes_the_job_that_is_named(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(14, "running")]))
    async with serving(ws, desk):
        await vgwm("pause", "3", "-w", str(ws), home=tmp_path)
    assert [what for what, _ in desk.told] == ["pause 3"]


async def test_without_a_running_job_it_is_the_wrong_state(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(13, "done")]))
    async with serving(ws, desk):
        ran = await vgwm("pause", "-w", str(ws), home=tmp_path)
    assert ran.code == 3
    assert desk.told == []


@pytest.mark.parametrize("words", [["pause"], ["set", "workers=3"], ["watch"]], ids=" ".join)
async def test_what_needs_an_engine_is_3_without_one(
    words: list[str], ws: Path, tmp_path: Path
) -> None:
    ran = await vgwm(*words, "-w", str(ws), home=tmp_path)
    assert ran.code == 3
    assert "vgwm engine start" in ran.err


async def test_the_actor_is_sudos_caller_else_the_login(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(14, "running")]))
    async with serving(ws, desk):
        await vgwm("pause", "-w", str(ws), home=tmp_path)
        await vgwm("pause", "-w", str(ws), home=tmp_path, env={"SUDO_USER": "alice"})
    assert [act.actor for _, act in desk.told if isinstance(act, wire.Act)] == ["tester", "alice"]
