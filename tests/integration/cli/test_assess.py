"""`vgwm assess`: rows with what to do, taken on by name, a gate before plan; at rest, too."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.cli.main import main
from core.control.wire.checks import Checks
from tests.fakes.desk import FakeDesk, asked, job, snapshot
from tests.integration.cli.desk import serving
from tests.integration.cli.shell import Ran, start, vgwm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Ran]


@pytest.fixture
def run(ws: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the workspace in this process."""

    def ran(command: str, *words: str) -> Ran:
        code = main([command, "-w", str(ws), *words])
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return ran


def told(ran: Ran) -> Checks:
    return msgspec.convert(ran.result(), Checks)


def states(ran: Ran) -> dict[str, str]:
    return {one.id: one.state for one in told(ran).checks}


def spoil_table(ws: Path) -> Path:
    """Put another program's table where ours will stand; return its file."""
    path = ws.parent / "out" / "objects.db"
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE versitygw_objects(name TEXT)")
    return path


def test_every_row_is_told_with_what_to_do_and_again_without_an_engine(ws: Path, run: Run) -> None:
    ran = run("assess", "--foreground", "--json")
    assert ran.code == 4, ran.err  # nobody audited the accounts
    for one in told(ran).checks:
        assert one.evidence, one
        assert one.remedy or one.state == "pass", one
    before = (ws / "ledger.db").read_bytes()
    again = run("assess", "--last", "--json")
    assert states(again) == states(ran)
    assert told(again).inventory == told(ran).inventory is not None
    lines = run("assess", "--last").out
    assert "? unknown security" in lines
    assert "  do " in lines
    assert "! assessment" in run("status").out.splitlines()[-1]
    assert (ws / "ledger.db").read_bytes() == before


def test_a_warning_is_taken_on_with_a_reason_and_an_item_noted(run: Run) -> None:
    first = run("assess", "--foreground", "--only", "backups", "--json")
    assert (first.code, told(first).open_warnings) == (0, 1)
    words = ("--ack", "backups=kept on tape", "--note", "windows=Sunday", "--actor", "op1")
    ran = run("assess", "--foreground", *words, "--json")
    (row,) = [one for one in told(ran).checks if one.id == "backups"]
    assert row.ack is not None
    assert (row.ack.actor, row.ack.reason) == ("op1", "kept on tape")
    assert told(ran).open_warnings == 0
    assert states(ran)["windows"] == "pass"


@pytest.mark.parametrize(
    "words",
    [
        ("--ack", "source"),
        ("--ack", "source="),
        ("--note", "=x"),
        ("--detach", "--foreground"),
        ("--foreground", "--only", "nowhere"),
        ("--foreground", "--only", ""),
        ("--foreground", "--only", "source,"),
        ("--foreground", "--measure", ""),
        ("--foreground", "--measure", "0s"),
        ("--foreground", "--measure", "soon"),
    ],
)
def test_what_cannot_be_asked_is_2_with_what_is_accepted(run: Run, words: tuple[str, ...]) -> None:
    ran = run("assess", *words, "--json")
    assert ran.code == 2, ran.err
    assert ran.error()["remedy"]


def test_a_fail_refuses_the_plan_until_the_check_passes(ws: Path, run: Run) -> None:
    table = spoil_table(ws)
    ran = run("assess", "--foreground", "--only", "ydb", "--json")
    assert (ran.code, states(ran)["ydb"], told(ran).blocking) == (1, "fail", ["ydb"])
    assert run("assess", "--foreground", "--only", "backups,ydb").code == 1
    assert run("assess", "--foreground", "--ack", "ydb=so be it").code == 5
    plan = run("plan", "--foreground", "--json")
    assert plan.code == 5
    assert "check ydb failed" in plan.error()["what"]
    assert "vgwm assess --only ydb" in plan.error()["remedy"]
    table.unlink()
    run("assess", "--foreground", "--only", "ydb")
    plan = run("plan", "--foreground")
    assert plan.code == 0
    assert "warnings that nobody took on: ydb" in plan.err


def test_a_plan_without_an_assessment_says_so_and_is_made(run: Run) -> None:
    plan = run("plan", "--foreground")
    assert plan.code == 0
    assert "nobody has assessed this migration" in plan.err


def test_a_report_is_private_and_replaces_none_unasked(run: Run, tmp_path: Path) -> None:
    words = ("--report", str(tmp_path / "report"))
    assert run("assess", "--last", *words).code == 4
    path = tmp_path / "report" / "assessment.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = json.loads(path.read_bytes())["assessment"]["checks"]
    assert {one["state"] for one in rows} == {"unknown"}
    assert "source root" in path.with_suffix(".html").read_text()
    assert run("assess", *words, "--json").code == 5
    assert run("assess", *words, "--force").code == 4
    assert list(path.parent.glob("assessment.json.*.backup"))


async def test_what_is_wished_for_goes_to_the_engine(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk()
    async with serving(ws, desk):
        words = ("--only", "kubo", "--only", "lb", "--measure", "30s", "--detach")
        ran = await vgwm("assess", "-w", str(ws), *words, home=tmp_path)
        assert (ran.code, ran.out) == (0, "1\n")
    ((what, request),) = asked(desk.told)
    assert what == "start"
    assert msgspec.structs.asdict(request)["args"] == {"only": "kubo,lb", "measure": "30s"}


async def test_ctrl_c_leaves_the_run_to_the_engine(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(7, "running", kind="assess")]))
    async with serving(ws, desk):
        process = await start("assess", "-w", str(ws), home=tmp_path)
        assert process.stderr is not None
        first = await process.stderr.readline()
        assert b"job 7 (assess) is running: following it" in first
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert b"job 7 goes on" in err
    assert desk.told == []
