"""`vgwm diagnose log` and `vgwm replay` over what a copy left: its log, --log-file, recording."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from core.control.client import Client
from core.control.host import engine_here
from tests.integration.cli.conftest import OBJECTS
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

BYTES = sum(map(len, OBJECTS.values()))


class Left(NamedTuple):
    """What a copy in one process left behind."""

    ws: Path
    log: Path
    home: Path


async def _plan(ws: Path) -> None:
    """Plan in this process: a second less than a command."""
    async with engine_here(ws) as app, Client(app) as client:
        number = await client.start_job("plan", {}, actor="op1")
        async for _ in client.follow_job(number, every_s=0.02):
            pass
        # the last of them read the plan before it read that the job is done
        assert (await client.snapshot()).workspace.planned


@pytest.fixture
async def left(ws: Path, tmp_path: Path) -> Left:
    log = tmp_path / "copy.log"
    await _plan(ws)
    words = ("--foreground", "--batch-size", "2", "--log-file", str(log))
    copied = await vgwm("copy", "-w", str(ws), *words, home=tmp_path)
    assert copied.code == 0, copied.err
    return Left(ws, log, tmp_path)


async def test_both_logs_tell_the_same_of_a_copy(left: Left) -> None:
    of_engine = await vgwm("diagnose", "log", "-w", str(left.ws), "--json", home=left.home)
    of_command = await vgwm("diagnose", "log", str(left.log), "--json", home=left.home)
    for ran in (of_engine, of_command):
        assert ran.code == 0, ran.err
        found = ran.result()
        assert (found["objects"], found["bytes"]) == (len(OBJECTS), BYTES)
        assert (found["errors"], found["torn"], found["workers_lost"]) == ({}, [], 0)
    assert of_engine.result()["slowest"] == of_command.result()["slowest"]
    assert of_engine.result()["rate"] == of_command.result()["rate"]
    # people can read both the file and what it tells
    lines = left.log.read_text().splitlines()
    assert all(line[10] == "T" and line[23:26] == "Z i" for line in lines), lines
    assert any("vgwm copy follows job 2" in line for line in lines)
    assert any("bundle 1 recorded: " in line for line in lines)
    assert lines[-1].endswith("[job=2 of=copy state=done]")
    told = await vgwm("diagnose", "log", str(left.log), home=left.home)
    assert f"recorded   {len(OBJECTS)} objects" in told.out
    assert "slowest bundles" in told.out
    assert "job 2 copy done" in told.out


async def test_a_second_command_appends_and_a_damaged_file_is_named(left: Left) -> None:
    with left.log.open("a") as file:
        file.write("2026-11-25T19:12:0")  # killed within a line
    again = await vgwm(
        *("copy", "-w", str(left.ws), "--foreground", "--log-file", str(left.log)), home=left.home
    )
    assert again.code == 0, again.err
    told = await vgwm("diagnose", "log", str(left.log), "--json", home=left.home)
    assert len(told.result()["torn"]) == 1  # type: ignore[arg-type]  # a list
    lines = left.log.read_text().splitlines()
    lines[1] = "2026-11-25T19:x"
    left.log.write_text("\n".join(lines) + "\n")
    refused = await vgwm("diagnose", "log", str(left.log), "--json", home=left.home)
    assert refused.code == 2
    assert refused.error()["what"].startswith("line 2 is damaged")
    assert refused.error()["where"] == str(left.log)


async def test_a_run_is_played_as_lines_and_as_json_from_any_time(left: Left) -> None:
    plain = await vgwm("replay", str(left.ws), "--plain", home=left.home)
    assert plain.code == 0, plain.err
    assert all(line.startswith("REPLAY ") for line in plain.out.splitlines())
    assert f"{len(OBJECTS)} of {len(OBJECTS)}  100.0 %" in plain.out
    whole = await vgwm("replay", "-w", str(left.ws), "--json", home=left.home)
    frames = [json.loads(line) for line in whole.out.splitlines()]
    assert frames[-1]["totals"]["migrated"] == len(OBJECTS)
    assert [one["at_ns"] for one in frames] == sorted(one["at_ns"] for one in frames)
    end = await vgwm("replay", str(left.ws), "--json", "--from", "100%", home=left.home)
    assert [json.loads(line) for line in end.out.splitlines()] == frames[-1:]
    at = await vgwm("replay", str(left.ws), "--json", "--from", "1999-01-01T00:00", home=left.home)
    assert len(at.out.splitlines()) == len(frames)
    # what cannot be played is refused
    for words in (
        ("replay", str(left.log)),
        ("replay", str(left.home / "nowhere")),
        ("replay", str(left.ws), "--from", "noon"),
        ("replay", str(left.ws), "--from", "140%"),
        ("replay", str(left.ws), "--speed", "0"),
        ("diagnose", "log", str(left.ws / "ledger.db")),
        ("diagnose", "log", str(left.home / "nowhere")),
    ):
        ran = await vgwm(*words, "--json", home=left.home)
        assert ran.code == 2, words
        assert ran.error()["remedy"]


async def test_a_log_file_that_cannot_be_opened_is_said_before_anything_is_done(
    ws: Path, tmp_path: Path
) -> None:
    await _plan(ws)
    words = ("copy", "-w", str(ws), "--foreground", "--json", "--log-file")
    ran = await vgwm(*words, str(tmp_path / "no" / "folder.log"), home=tmp_path)
    assert ran.code == 2
    assert "log file cannot be opened" in ran.error()["what"]
    left = await vgwm("status", "-w", str(ws), "--json", home=tmp_path)
    assert left.result()["migrated"] == 0
