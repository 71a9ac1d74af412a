"""`vgwm engine`: begun in the background, found, ended; one a workspace."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from core.config.workspace import load
from tests.integration.cli.shell import start, vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def engine(ws: Path, tmp_path: Path) -> AsyncIterator[int]:
    """The pid of a running engine."""
    ran = await vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 0, ran.err
    pid = ran.result()["pid"]
    assert isinstance(pid, int)
    yield pid
    await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - a kernel file
        return stat.read().split(")")[-1].split()[0] != "Z"


def log_lines(ws: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (ws / "engine.log").read_text().splitlines()]


async def test_it_answers_once_start_returns(ws: Path, tmp_path: Path, engine: int) -> None:
    ran = await vgwm("engine", "status", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 0
    assert ran.result()["pid"] == engine
    assert ran.result()["state"] == "ok"


async def test_it_has_left_our_session_so_that_a_logout_does_not_end_it(engine: int) -> None:
    assert os.getsid(engine) == engine
    assert os.getsid(engine) != os.getsid(0)


async def test_its_log_is_json_by_line(ws: Path, engine: int) -> None:
    lines = log_lines(ws)
    assert any(f"pid {engine}" in line["text"] for line in lines)
    assert all({"at", "level", "from", "text"} <= set(line) for line in lines)
    assert (ws / "engine.log").stat().st_mode & 0o777 == 0o600


async def test_a_second_start_finds_the_first(ws: Path, tmp_path: Path, engine: int) -> None:
    ran = await vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 0
    assert ran.result() == {"pid": engine, "started": False}


async def test_a_second_engine_is_refused(ws: Path, tmp_path: Path, engine: int) -> None:
    ran = await vgwm("engine", "serve", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 3
    assert str(engine) in ran.error()["what"]


async def test_two_starts_at_once_give_one_engine(ws: Path, tmp_path: Path) -> None:
    first, second = await asyncio.gather(
        vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path),
        vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path),
    )
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert first.result()["pid"] == second.result()["pid"]
    stopped = await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)
    assert stopped.code == 0


async def test_stop_returns_when_it_is_gone(ws: Path, tmp_path: Path, engine: int) -> None:
    ran = await vgwm("engine", "stop", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 0
    assert ran.result() == {"pid": engine, "stopped": True}
    assert not alive(engine)
    assert not (ws / "engine.sock").exists()


async def test_a_stopped_engine_is_told_as_down(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("engine", "status", "-w", str(ws), home=tmp_path)
    assert ran.code == 3
    assert "vgwm engine start" in ran.err


async def test_after_kill_9_another_takes_its_place(ws: Path, tmp_path: Path, engine: int) -> None:
    os.kill(engine, signal.SIGKILL)
    ran = await vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 0, ran.err
    assert ran.result()["pid"] != engine


async def test_a_silent_engine_is_unknown_not_down(ws: Path, tmp_path: Path, engine: int) -> None:
    os.kill(engine, signal.SIGSTOP)
    try:
        ran = await vgwm("engine", "status", "-w", str(ws), home=tmp_path)
    finally:
        os.kill(engine, signal.SIGCONT)
    assert ran.code == 4


async def test_what_keeps_it_from_starting_is_told_by_start(ws: Path, tmp_path: Path) -> None:
    (ws / "vgwm.yaml").write_text("v: 1\nid: 9f2c1a7e\nsourc: {}\n")
    ran = await vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 2
    assert "source" in ran.error()["remedy"]


async def test_sigterm_ends_serve_with_0(ws: Path, tmp_path: Path) -> None:
    process = await start("engine", "serve", "-w", str(ws), home=tmp_path)
    assert process.stderr is not None
    while b" answers" not in await process.stderr.readline():
        assert process.returncode is None
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0


async def test_a_second_engine_is_refused_without_a_trace(
    ws: Path, tmp_path: Path, engine: int
) -> None:
    ran = await vgwm("engine", "serve", "-w", str(ws), home=tmp_path)
    assert ran.code == 3
    assert f"pid {engine}" in ran.err
    assert "Traceback" not in ran.err


async def test_a_ledger_of_another_workspace_is_refused_at_rest(ws: Path, tmp_path: Path) -> None:
    assert (await vgwm("engine", "start", "-w", str(ws), home=tmp_path)).code == 0
    assert (await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)).code == 0
    file = ws / "vgwm.yaml"
    kept = load(file)
    file.write_text(file.read_text().replace(kept.id, "deadbeef", 1))
    for command in ("status", "errors", "copy"):
        ran = await vgwm(command, "-w", str(ws), "--json", home=tmp_path)
        assert (command, ran.code) == (command, 5)
        assert ran.error()["code"] == "foreign_plan"
