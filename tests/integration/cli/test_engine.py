"""`vgwm engine`: begun in the background, found, ended; one a workspace."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from core.config.workspace import load
from core.control.client import Client
from tests.integration.cli.shell import Ran, start, vgwm

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
    keeper = psutil.Process(engine).ppid()
    assert os.getsid(engine) == keeper
    assert os.getsid(engine) != os.getsid(0)
    for pid in (engine, keeper):
        assert psutil.Process(pid).terminal() is None


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


async def wait_for_another(ws: Path, tmp_path: Path, engine: int) -> dict[str, object]:
    while True:
        ran = await vgwm("engine", "status", "-w", str(ws), "--json", home=tmp_path)
        if ran.code == 0 and ran.result()["pid"] != engine:
            return ran.result()
        assert ran.code in {0, 3}, ran.err


async def test_after_kill_9_its_keeper_starts_another_and_an_event_says_so(
    ws: Path, tmp_path: Path, engine: int
) -> None:
    keeper = psutil.Process(engine).ppid()
    os.kill(engine, signal.SIGKILL)
    now = await wait_for_another(ws, tmp_path, engine)
    assert (now["restarts"], now["kept_by"]) == (1, f"pid {keeper}")
    async with Client(ws) as client:
        told = [event.text for event in (await client.events()).events if event.who == "keeper"]
    assert told == ["engine crashed (SIGKILL) and was started again, restart 1"]


async def test_a_killed_keeper_leaves_the_engine_at_work_and_status_says_nobody_keeps_it(
    ws: Path, tmp_path: Path, engine: int
) -> None:
    os.kill(psutil.Process(engine).ppid(), signal.SIGKILL)
    ran = await vgwm("engine", "status", "-w", str(ws), "--json", home=tmp_path)
    assert ran.result()["pid"] == engine
    while (await vgwm("engine", "status", "-w", str(ws), "--json", home=tmp_path)).result()[
        "kept_by"
    ]:
        pass
    shown = await vgwm("engine", "status", "-w", str(ws), home=tmp_path)
    assert "kept by nobody" in shown.out


async def test_with_both_killed_the_next_start_begins_one_engine(
    ws: Path, tmp_path: Path, engine: int
) -> None:
    os.kill(psutil.Process(engine).ppid(), signal.SIGKILL)
    os.kill(engine, signal.SIGKILL)
    ran = await vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 0, ran.err
    assert ran.result()["started"] is True
    at_work = [
        process.pid
        for process in psutil.process_iter()
        if alive(process.pid) and {"serve", str(ws)} <= set(process.cmdline())
    ]
    assert at_work == [ran.result()["pid"]]


async def test_a_start_while_its_keeper_restarts_it_finds_that_engine(
    ws: Path, tmp_path: Path, engine: int
) -> None:
    os.kill(engine, signal.SIGKILL)
    ran = await vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 0, ran.err
    now = await wait_for_another(ws, tmp_path, engine)
    assert ran.result()["pid"] == now["pid"]


async def test_a_stop_right_after_a_crash_ends_the_keeper_too(
    ws: Path, tmp_path: Path, engine: int
) -> None:
    keeper = psutil.Process(engine).ppid()
    os.kill(engine, signal.SIGKILL)
    ran = await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)
    assert ran.code == 0, ran.err
    assert not alive(keeper)
    assert (await vgwm("engine", "status", "-w", str(ws), home=tmp_path)).code == 3


async def test_sigterm_stops_for_good_whoever_gets_it(
    ws: Path, tmp_path: Path, engine: int
) -> None:
    first = psutil.Process(engine)
    keeper = psutil.Process(first.ppid())
    first.terminate()
    keeper.wait(20)
    begun = await vgwm("engine", "start", "-w", str(ws), "--json", home=tmp_path)
    pid = begun.result()["pid"]
    assert isinstance(pid, int)
    second = psutil.Process(pid)
    psutil.Process(second.ppid()).terminate()
    second.wait(20)
    assert (await vgwm("engine", "status", "-w", str(ws), home=tmp_path)).code == 3


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


async def test_a_hang_up_is_ignored_and_sigterm_ends_serve_with_0(ws: Path, tmp_path: Path) -> None:
    process = await start("engine", "serve", "-w", str(ws), home=tmp_path)
    assert process.stderr is not None
    while b" answers" not in await process.stderr.readline():
        assert process.returncode is None
    process.send_signal(signal.SIGHUP)
    assert (await vgwm("engine", "status", "-w", str(ws), home=tmp_path)).code == 0
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


@pytest.mark.usefixtures("engine")
async def test_a_second_operator_is_refused_until_a_reason_is_given(
    ws: Path, tmp_path: Path
) -> None:
    async def act(actor: str, *words: str) -> Ran:
        return await vgwm(*words, "-w", str(ws), "--json", "--actor", actor, home=tmp_path)

    assert (await act("op1", "set", "workers=1")).code == 0
    refused = await act("op2", "set", "workers=3")
    assert (refused.code, refused.error()["code"]) == (5, "lease_held")
    assert "op1" in refused.error()["what"]
    assert (await act("op2", "set", "workers=3", "--takeover", "op1 is asleep")).code == 0
    shown = await vgwm("status", "-w", str(ws), "--plain", home=tmp_path)
    assert "took over from op1: op1 is asleep" in shown.out
    assert any(line.split()[:2] == ["lease", "op2"] for line in shown.out.splitlines())
    lease = (await act("op1", "status")).result()["lease"]
    assert isinstance(lease, dict)
    assert lease["holder"] == "op2"
    assert (await act("op1", "engine", "stop")).code == 5
    assert (await act("op2", "engine", "stop")).code == 0


async def test_a_refused_copy_leaves_no_engine_that_it_began(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("copy", "-w", str(ws), home=tmp_path)
    assert ran.code == 3
    assert "engine stopped again" in ran.err
    assert (await vgwm("engine", "status", "-w", str(ws), home=tmp_path)).code == 3


@pytest.mark.usefixtures("engine")
async def test_a_refused_copy_leaves_an_engine_that_ran_before(ws: Path, tmp_path: Path) -> None:
    assert (await vgwm("copy", "-w", str(ws), home=tmp_path)).code == 3
    assert (await vgwm("engine", "status", "-w", str(ws), home=tmp_path)).code == 0


async def test_a_followed_copy_outlives_its_engine(ws: Path, tmp_path: Path, engine: int) -> None:
    assert (await vgwm("plan", "-w", str(ws), home=tmp_path)).code == 0
    process = await start("copy", "--workers", "0", "-w", str(ws), "--plain", home=tmp_path)
    assert process.stderr is not None
    while b"copy running" not in await process.stderr.readline():
        assert process.returncode is None
    os.kill(engine, signal.SIGKILL)
    await wait_for_another(ws, tmp_path, engine)
    assert (await vgwm("set", "workers=2", "-w", str(ws), home=tmp_path)).code == 0
    out, err = await process.communicate()
    assert process.returncode == 0, err
    assert b"engine crashed (SIGKILL)" in err
    assert b"4 of 4" in out
