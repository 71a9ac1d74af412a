"""The root command: help, speed of loading, exit codes, where errors go."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from core import cli
from tests.integration.cli.shell import bash, python, vgwm

HEAVY = {"asyncio", "httpx", "msgspec", "rich", "starlette", "textual", "uvicorn", "ydb", "yaml"}
COMMANDS: list[list[str]] = [
    [],
    ["init"],
    ["engine", "start"],
    ["engine", "unit"],
    ["target", "init"],
    ["plan"],
    ["plan", "show"],
    ["copy"],
    ["status"],
    ["watch"],
    ["errors"],
    ["jobs"],
    ["pause"],
    ["set"],
    ["completion"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    script = (
        "import sys; from core.cli.main import main\n"
        f"code = main({[*words, '--help']!r})\n"
        "sys.stderr.write(' '.join(name for name in sys.modules if '.' not in name))\n"
        "sys.exit(code)"
    )
    ran = python(script, home=tmp_path)
    assert ran.returncode == 0
    assert ran.stdout.startswith("Usage: vgwm")
    assert not HEAVY & set(ran.stderr.split())


def test_what_a_command_imports_when_it_runs_loads_alone(tmp_path: Path) -> None:
    late = re.compile(r"^ +from (core\.[\w.]+) import ", re.MULTILINE)
    texts = [path.read_text() for path in Path(cli.__file__).parent.glob("*.py")]
    modules = sorted({name for text in texts for name in late.findall(text)})
    script = (
        "import asyncio, importlib, os, sys, click, httpx, msgspec, yaml\n"
        f"for name in {modules!r}:\n"
        "    if os.fork() == 0:\n"
        "        importlib.import_module(name)\n"
        "        os._exit(0)\n"
        "    if os.wait()[1]:\n"
        "        sys.exit(name)\n"
    )
    assert "core.control.client" in modules
    ran = python(script, home=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")


async def test_without_arguments_and_terminal_it_prints_help(tmp_path: Path) -> None:
    ran = await vgwm(home=tmp_path)
    assert ran.code == 0
    assert ran.out.startswith("Usage: vgwm")


async def test_an_unknown_command_is_bad_input(tmp_path: Path) -> None:
    ran = await vgwm("migrate", home=tmp_path)
    assert ran.code == 2
    assert ran.out == ""
    assert "migrate" in ran.err
    assert "vgwm --help" in ran.err


async def test_a_group_without_a_command_names_its_commands_in_a_line(tmp_path: Path) -> None:
    ran = await vgwm("cutover", home=tmp_path)
    assert ran.code == 2
    assert ran.err.startswith("vgwm: a command is missing: abort, commit, plan, ")


async def test_errors_are_json_on_stderr_under_json(tmp_path: Path) -> None:
    ran = await vgwm("status", "--json", "-w", str(tmp_path), home=tmp_path)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.error()["code"] == "bad_input"
    assert "vgwm init" in ran.error()["remedy"]


async def test_a_workspace_comes_from_the_environment_too(tmp_path: Path) -> None:
    env = {"VGWM_WORKSPACE": str(tmp_path / "elsewhere")}
    ran = await vgwm("status", home=tmp_path, env=env)
    assert ran.code == 2
    assert "elsewhere" in ran.err


@pytest.mark.parametrize(
    "option", ["--cluster-password=hunter2x", "--table-password=hunter2x", "--table-token=hunter2x"]
)
async def test_i9_a_secret_as_an_argument_is_refused_and_not_repeated(
    option: str, tmp_path: Path
) -> None:
    ran = await vgwm(
        *("init", "-w", str(tmp_path / "ws"), "--source", "posix:/x", "--target", "ipfs", option),
        home=tmp_path,
    )
    assert ran.code == 2
    assert "hunter2x" not in ran.out + ran.err
    assert f"{option.partition('=')[0]}-env" in ran.err
    assert not (tmp_path / "ws").exists()


async def test_i9_credentials_in_a_url_are_refused_and_not_repeated(tmp_path: Path) -> None:
    ran = await vgwm(
        *("init", "-w", str(tmp_path / "ws"), "--source", "posix:/x", "--target", "ipfs"),
        *("--kubo", "http://op:hunter2x@kubo-1:5001"),
        home=tmp_path,
    )
    assert ran.code == 2
    assert "hunter2x" not in ran.out + ran.err


def test_a_reader_that_leaves_is_no_fault(tmp_path: Path) -> None:
    ran = bash(
        f"{sys.executable} -m tui.main --help | true; exit ${{PIPESTATUS[0]}}", home=tmp_path
    )
    assert ran.stderr == ""
    assert ran.returncode in {0, 141}


def test_a_fault_of_ours_is_70_with_a_report_without_locals(tmp_path: Path) -> None:
    script = (
        "import sys, core.cli.jobs as j, core.cli.main as m\n"
        "def stumble(**_rest):\n"
        "    local = 'hunter' + '2x'\n"
        "    raise RuntimeError('inside')\n"
        "j.jobs.callback = stumble\n"
        "sys.exit(m.main(['jobs', '--json']))"
    )
    ran = python(script, home=tmp_path)
    assert ran.returncode == 70
    assert json.loads(ran.stderr)["error"]["code"] == "fault"
    (report,) = (tmp_path / ".local/state/vgwm").iterdir()
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert "RuntimeError" in text
    assert "hunter2x" not in text


async def test_a_command_that_there_is_not_names_what_it_is_close_to(tmp_path: Path) -> None:
    ran = await vgwm("statsu", home=tmp_path)
    assert ran.code == 2
    assert "Did you mean 'status'?" in ran.err
