"""Where `vgwm report` writes, what it names there, and its chain of events checked by the docs."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.cli.main import main
from core.config.knobs import Knobs
from core.engine.engine import Engine
from core.model import JobKind
from tests.integration.engine.ground import run_job
from tests.integration.engine.living import Living

if TYPE_CHECKING:
    from collections.abc import Callable

    Report = Callable[..., tuple[int, dict[str, Any]]]

DOCS = Path(__file__).parents[3] / "docs"
HISTORY = ("noncurrent_version", "delete_marker")


async def plan(workspace: Path) -> None:
    engine = await Engine.open(workspace)
    try:
        assert (await run_job(engine, JobKind.PLAN)).state == "done"
    finally:
        await engine.close()


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a plan that has old versions and markers."""
    living = Living(tmp_path_factory.mktemp("old"), 5, objects=12)
    living.change(80)
    assert living.done["marker"]
    workspace = living.workspace("out", Knobs(workers=1))
    asyncio.run(plan(workspace))
    return workspace


@pytest.fixture
def report(planned: Path, capsys: pytest.CaptureFixture[str]) -> Report:
    """`vgwm report --offline`: its exit code, and what it says."""

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        code = main(("report", "-w", str(planned), "--offline", "--json", *words))
        told = capsys.readouterr()
        return code, json.loads(told.out or told.err)

    return run


def test_i4_old_versions_and_markers_are_named_one_by_one(report: Report, tmp_path: Path) -> None:
    _, told = report("--output", str(tmp_path / "r"))
    lines = [
        json.loads(line) for line in (tmp_path / "r/not-carried.ndjson").read_bytes().splitlines()
    ]
    counted = {one["why"]: one["n"] for one in told["result"]["left"] if one["why"] in HISTORY}
    assert Counter(one["why"] for one in lines if one["why"] in HISTORY) == counted
    assert counted.keys() == set(HISTORY)
    (first, *_) = (one for one in lines if one["why"] == "noncurrent_version")
    assert "?versionId=" in first["object"]
    assert (first["fate"], first["whole"]) == ("kept in the manifest", False)
    shown = next(one for one in told["result"]["left"] if one["why"] == "noncurrent_version")
    assert first["object"] == shown["first"][0]


def test_the_list_of_what_is_not_carried_names_them_too(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("plan", "show", "--cannot-carry", "--json", "-w", str(planned))) == 0
    named = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["why"] for one in named} >= set(HISTORY)
    assert all(one["version"] for one in named if one["why"] == "noncurrent_version")


def test_a_link_that_somebody_put_in_the_folder_is_not_written_through(
    report: Report, tmp_path: Path
) -> None:
    out, precious = tmp_path / "r", tmp_path / "precious"
    out.mkdir()
    precious.write_text("precious")
    for name in ("not-carried.ndjson", "report.html", "report.json"):
        (out / f".{name}.new").symlink_to(precious)
    assert report("--output", str(out))[0] == 1  # nothing is copied
    assert precious.read_text() == "precious"
    assert not any((out / name).is_symlink() for name in ("not-carried.ndjson", "report.html"))


def test_a_file_system_that_takes_nothing_is_said_and_no_fault_of_ours(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "mkstemp", refused)
    code, told = report("--output", str(tmp_path / "r"))
    assert (code, "Read-only" in told["error"]["what"]) == (6, True)
    assert list((tmp_path / "r").iterdir()) == []


def test_two_reports_are_not_written_into_one_folder_at_once(
    report: Report, tmp_path: Path
) -> None:
    words = ("--output", str(tmp_path), "--force")
    other = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(other, fcntl.LOCK_EX)
        code, told = report(*words)
        assert (code, told["error"]["what"]) == (5, "another report is being written there")
        assert list(tmp_path.iterdir()) == []
    finally:
        os.close(other)
    assert report(*words)[0] == 1  # nothing is copied


def test_what_the_docs_say_of_a_check_by_hand_holds(
    report: Report, planned: Path, tmp_path: Path
) -> None:
    _, told = report("--output", str(tmp_path / "r"))
    (script,) = re.findall(r"```python\n(.*?)```", (DOCS / "report.md").read_text(), re.DOTALL)
    ran = subprocess.run(  # noqa: S603 - our own interpreter, the docs' own lines
        [sys.executable, "-c", script, planned / "ledger.db"], capture_output=True, check=True
    )
    assert ran.stdout.decode().split() == [
        str(told["result"]["ledger"]["events"]),
        told["result"]["ledger"]["head"],
    ]
    names = (tmp_path / "r/not-carried.ndjson").read_bytes()
    assert hashlib.sha256(names).hexdigest() == told["result"]["left_file"]["sha256"]
