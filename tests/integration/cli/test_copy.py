"""The main job by the command line: plan, copy, status, to a folder, with a real engine."""

from __future__ import annotations

import json
import signal
import sqlite3
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.integration.cli.conftest import OBJECTS
from tests.integration.cli.shell import start, vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LAST = len(OBJECTS)


@pytest.fixture
async def home(ws: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """Where the commands run; the engine that they began is ended."""
    yield tmp_path
    await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)


def rows(out: Path) -> dict[str, int]:
    with sqlite3.connect(out / "objects.db") as db:
        found = db.execute("SELECT bucket, s3_key, size FROM versitygw_objects").fetchall()
    return {f"{bucket}/{key}": size for bucket, key, size in found}


async def test_plan_then_copy_carries_every_object(ws: Path, tmp_path: Path, home: Path) -> None:
    planned = await vgwm("plan", "-w", str(ws), "--json", home=home)
    assert planned.code == 0, planned.err
    assert planned.result()["objects"] == LAST
    copied = await vgwm("copy", "-w", str(ws), "--workers", "2", "--json", home=home)
    assert copied.code == 0, copied.err
    result = copied.result()
    assert (result["total"], result["migrated"], result["percent"]) == (LAST, LAST, 100.0)
    assert rows(tmp_path / "out") == {name: len(content) for name, content in OBJECTS.items()}


async def test_i4_status_adds_up_with_and_without_an_engine(ws: Path, home: Path) -> None:
    await vgwm("plan", "-w", str(ws), home=home)
    await vgwm("copy", "-w", str(ws), home=home)
    live = await vgwm("status", "-w", str(ws), "--json", home=home)
    assert live.result()["engine"] == "ok"
    await vgwm("engine", "stop", "-w", str(ws), home=home)
    still = await vgwm("status", "-w", str(ws), "--json", home=home)
    assert still.code == 0
    assert still.result()["engine"] == "down"
    for ran in (live, still):
        result = ran.result()
        parts = ("migrated", "failed", "skipped", "gone", "remaining")
        assert result["total"] == LAST
        assert sum(int(str(result[part])) for part in parts) == LAST


async def test_copy_without_a_plan_is_the_wrong_state(ws: Path, home: Path) -> None:
    ran = await vgwm("copy", "-w", str(ws), "--json", home=home)
    assert ran.code == 3
    assert ran.error()["code"] == "no_plan"
    assert "vgwm plan" in ran.error()["remedy"]


async def test_foreground_needs_no_engine_and_leaves_none(ws: Path, home: Path) -> None:
    planned = await vgwm("plan", "-w", str(ws), "--foreground", home=home)
    assert planned.code == 0, planned.err
    copied = await vgwm("copy", "-w", str(ws), "--foreground", "--json", home=home)
    assert copied.code == 0, copied.err
    assert copied.result()["migrated"] == LAST
    assert (await vgwm("engine", "status", "-w", str(ws), home=home)).code == 3


async def test_detach_prints_the_job_and_watch_ends_as_it_does(ws: Path, home: Path) -> None:
    ran = await vgwm("plan", "-w", str(ws), "--detach", home=home)
    assert ran.code == 0, ran.err
    job = ran.out.strip()
    assert job.isdigit()
    watched = await vgwm("watch", job, "-w", str(ws), "--interval", "100ms", home=home)
    assert watched.code == 0, watched.err
    assert "plan done" in watched.out


async def test_a_second_copy_has_nothing_to_do(ws: Path, home: Path) -> None:
    await vgwm("plan", "-w", str(ws), home=home)
    await vgwm("copy", "-w", str(ws), home=home)
    again = await vgwm("copy", "-w", str(ws), "--json", home=home)
    assert again.code == 0, again.err
    assert again.result()["migrated"] == LAST


async def test_an_unreadable_object_fails_by_name_and_copy_says_1(
    ws: Path, home: Path, gateway: Path
) -> None:
    await vgwm("plan", "-w", str(ws), home=home)
    # A folder in the place of the object: it can be listed, and not be read as what was planned.
    broken = gateway / "photos/z"
    broken.unlink()
    broken.symlink_to("/nowhere")
    ran = await vgwm("copy", "-w", str(ws), "--json", home=home)
    listed = await vgwm("errors", "-w", str(ws), "--json", home=home)
    summary = ran.result()
    if summary["failed"]:
        assert ran.code == 1
        assert json.loads(listed.out.splitlines()[0])["key"] == "z"
    else:
        assert (ran.code, summary["gone"]) == (0, 1)


async def test_a_log_file_gets_the_progress(ws: Path, tmp_path: Path, home: Path) -> None:
    await vgwm("plan", "-w", str(ws), home=home)
    log = tmp_path / "copy.log"
    await vgwm("copy", "-w", str(ws), "--log-file", str(log), home=home)
    assert "copy done" in log.read_text()


async def test_the_guides_variables_set_knobs(ws: Path, home: Path) -> None:
    env = {"MIGRATION_WORKERS": "3", "VGWM_BATCH_SIZE": "7", "MIGRATION_BATCH_SIZE": "9"}
    await vgwm("plan", "-w", str(ws), home=home)
    await vgwm("copy", "-w", str(ws), home=home, env=env)
    listed = await vgwm("set", "-w", str(ws), "--json", home=home)
    knobs = {one["name"]: one["value"] for one in map(json.loads, listed.out.splitlines())}
    assert (knobs["workers"], knobs["batch_size"]) == ("3", "7")


async def test_dry_runs_begin_nothing(ws: Path, home: Path) -> None:
    planned = await vgwm("plan", "-w", str(ws), "--dry-run", home=home)
    assert planned.code == 0, planned.err
    copied = await vgwm("copy", "-w", str(ws), "--dry-run", home=home)
    assert copied.code == 3
    assert not (ws / "ledger.db").exists()


async def test_ctrl_c_ends_a_foreground_engine_and_the_next_goes_on(ws: Path, home: Path) -> None:
    await vgwm("plan", "-w", str(ws), "--foreground", home=home)
    process = await start("copy", "-w", str(ws), "--foreground", "--workers", "0", home=home)
    assert process.stderr is not None
    while b"copy running" not in await process.stderr.readline():
        assert process.returncode is None
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert b"the next engine goes on with it" in err
    assert b"Traceback" not in err
    again = await vgwm("engine", "start", "-w", str(ws), home=home)
    assert again.code == 0, again.err
    await vgwm("set", "workers=2", "-w", str(ws), home=home)
    watched = await vgwm("watch", "-w", str(ws), "--interval", "100ms", home=home)
    assert watched.code == 0, watched.err
    assert "copy done" in watched.out


async def test_i5_kill_9_under_a_copy_loses_nothing(ws: Path, tmp_path: Path, home: Path) -> None:
    await vgwm("plan", "-w", str(ws), home=home)
    begun = await vgwm("copy", "-w", str(ws), "--workers", "0", "--detach", home=home)
    assert begun.code == 0, begun.err
    engine = psutil.Process(int((ws / "engine.lock").read_text()))
    for process in (psutil.Process(engine.ppid()), engine):  # its keeper first: it stays down
        process.kill()
    down = await vgwm("status", "-w", str(ws), "--json", home=home)
    assert (down.result()["engine"], down.result()["total"]) == ("down", LAST)
    again = await vgwm("engine", "start", "-w", str(ws), home=home)
    assert again.code == 0, again.err
    await vgwm("set", "workers=2", "-w", str(ws), home=home)
    watched = await vgwm("watch", "-w", str(ws), "--interval", "100ms", home=home)
    assert watched.code == 0, watched.err
    assert rows(tmp_path / "out") == {name: len(content) for name, content in OBJECTS.items()}
