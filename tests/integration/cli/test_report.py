"""`vgwm report` over a real migration: every figure is the ledger's, and the lists'."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from core.cli.main import main
from core.config.knobs import Knobs
from core.config.workspace import FILE_NAME, load
from core.control.report.asked import unasked
from core.control.report.gathering import make
from core.engine.acts.skipping import Skipping
from core.engine.acts.wish import Deed, Wish
from core.engine.holding import Hold
from core.engine.reins import Reins
from core.engine.verifying import verifications
from core.ledger import seals
from core.ledger.failure_pages import FailureFilter
from core.model import JobKind
from tests.integration.cli.report_figures import (
    the_counts_are_those_of_the_rows,
    the_lists_are_as_long_as_they_say,
    the_page_says_the_same,
    the_record_is_the_ledgers,
    what_is_left_is_named_and_counted_once,
)
from tests.integration.cli.shell import vgwm
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, run_job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.integration.engine.ground import Ground

pytestmark = pytest.mark.timeout(180)

PLANTED = "r00t-s3cret-planted"


class Steps:
    """A migration at rest, a copy of one that was made once, and `vgwm` run in this process."""

    def __init__(self, ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
        self.ground = ground
        self._capsys = capsys

    def report(self, *words: str, code: int) -> dict[str, Any]:
        """Run `vgwm report --json`, and return its result, or its error."""
        given = ("report", "-w", str(self.ground.workspace), "--json", *words)
        assert main(given) == code
        told = self._capsys.readouterr()
        said: dict[str, Any] = json.loads(told.out or told.err)
        answer: dict[str, Any] = said.get("result") or said["error"]
        return answer

    def run(self, kind: JobKind, **args: str) -> None:
        """Run a job of an engine to its end."""
        asyncio.run(job(self.ground, kind, **args))


async def job(ground: Ground, kind: JobKind, **args: str) -> None:
    async with engine_on(ground) as engine:
        begun = await engine.start_job(kind, args, "tester", os.urandom(8).hex())
        await engine.wait(begun)
        row = await engine.ledger.job(begun)
        assert row is not None
        assert row.state == "done", row.result


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give differences no time to settle: nothing is under way here."""
    monkeypatch.setattr(verifications, "AGAIN_S", 0.0)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """One migration, verified, for all tests."""
    ground = make_ground(tmp_path_factory.mktemp("once"), objects=10)
    make_workspace(ground, Knobs(workers=2, batch_size=10))
    for kind, args in (
        (JobKind.PLAN, {}),
        (JobKind.COPY, {}),
        (JobKind.VERIFY, {"sample": "1000", "seed": "7"}),
    ):
        asyncio.run(job(ground, kind, **args))
    return ground


@pytest.fixture
def migrated(once: Ground, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Steps:
    twin = replace(once, workspace=tmp_path / "ws", target=tmp_path / "out")
    shutil.copytree(once.workspace, twin.workspace, ignore=shutil.ignore_patterns("*.sock"))
    shutil.copytree(once.target, twin.target)
    make_workspace(twin, Knobs(workers=2, batch_size=10))
    return Steps(twin, capsys)


def states(told: Mapping[str, Any]) -> dict[str, str]:
    return {item["id"]: item["state"] for item in told["items"]}


def change(ws: Path, statement: str) -> None:
    """Change the ledger behind its engine's back."""
    with closing(sqlite3.connect(ws / "ledger.db", isolation_level=None)) as db:
        seals.register(db)
        db.execute(statement)


async def a_migration_of_every_kind(ground: Ground) -> None:
    """Leave objects behind in each way, and prove what is there."""
    photos = ground.source / "bucket0"
    os.mkfifo(photos / "pipe")
    (photos / os.fsdecode(b"n\xff")).write_bytes(b"no text")
    for name in ("f1", "f2", "f3"):
        ground.put("bucket1", name, b"will fail")
    os.setxattr(photos / "large.bin", "user.foreign", b"other software's")
    async with engine_on(ground) as engine:
        assert (await run_job(engine, JobKind.PLAN)).state == "done"
        for name in ("f1", "f2", "f3"):
            (ground.source / "bucket1" / name).unlink()
            (ground.source / "bucket1" / name).symlink_to(name)
        assert (await run_job(engine, JobKind.COPY)).state == "done"
        (first, *_) = await engine.ledger.failed.page(FailureFilter(disposition="failed"), 9)
        number = await engine.ledger.add_job(JobKind.SKIP, {}, "op1", "skip")
        wish = Wish(deed=Deed.SKIP, code=first.code, reason="lost in 2019").of([first.cursor])
        reins = Reins(id=number, kind=JobKind.SKIP)
        await Skipping(engine.ledger, wish, job=number, actor="op1").run(
            reins, Hold(engine.ledger, reins)
        )
        for name in ("f1", "f2", "f3"):
            (ground.source / "bucket1" / name).unlink()
            ground.put("bucket1", name, b"there again")
        assert (await run_job(engine, JobKind.VERIFY)).state == "done"
        assert (await run_job(engine, JobKind.CHECK)).state == "done"


def test_every_figure_of_a_report_is_the_ledgers_and_the_lists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ground = make_ground(tmp_path, objects=10)
    make_workspace(ground, Knobs(workers=2, batch_size=10))
    asyncio.run(a_migration_of_every_kind(ground))
    ws, out = ground.workspace, tmp_path / "report"
    told = Steps(ground, capsys).report("--output", str(out), code=1)
    assert (told["totals"]["waived"], told["totals"]["failed"]) == (1, 2)
    assert json.loads((out / "report.json").read_text())["report"] == told
    the_counts_are_those_of_the_rows(ws, told)
    what_is_left_is_named_and_counted_once(ws, told, out)
    the_record_is_the_ledgers(ws, told)
    the_lists_are_as_long_as_they_say(ws, told)
    the_page_says_the_same(told, (out / "report.html").read_text())
    assert states(told)["migrated"] == "fail"
    assert {n for n, c in told["states"].items() if c} == {"pass", "fail", "unknown", "not offered"}
    assert states(told)["at-rest"] == "not offered"


def test_a_clean_migration_passes_what_was_looked_at_and_nothing_else(migrated: Steps) -> None:
    told = migrated.report("--offline", code=4)  # what nobody asked is no pass
    by = states(told)
    passed = {name for name, state in by.items() if state == "pass"}
    assert passed == {"migrated", "checksums", "metadata", "corruption"}
    assert told["states"] == {"pass": 4, "fail": 0, "unknown": 12, "not offered": 1}
    assert (told["versions"], told["left"], told["left_file"]) == ([], [], None)
    told = migrated.report(code=4)
    assert [one["component"] for one in told["versions"]] == ["metadata"]
    assert "SQLite" in told["versions"][0]["text"]
    assert told["engine"] == "down", "none was begun"


def test_i7_what_was_proved_before_the_target_changed_is_unknown_again(
    migrated: Steps,
) -> None:
    ws, n = migrated.ground.workspace, len(migrated.ground.bodies)
    migrated.run(JobKind.SYNC, mode="once")
    assert states(migrated.report("--offline", code=4))["migrated"] == "pass", "nothing was found"
    new = migrated.ground.source / "bucket0/new"
    new.write_bytes(b"later")
    try:
        migrated.run(JobKind.SYNC, mode="once")
        told = migrated.report("--offline", code=4)
        by = {item["id"]: item for item in told["items"]}
        for name in ("migrated", "checksums", "metadata", "corruption"):
            assert by[name]["state"] == "unknown"
        assert "the target changed since" in by["checksums"]["evidence"]
        assert told["sync"]["last"][0]["added"] == 1
        assert told["totals"]["migrated"] == n + 1
        the_record_is_the_ledgers(ws, told)
        the_counts_are_those_of_the_rows(ws, told)
        migrated.run(JobKind.VERIFY, sample="0")
        now = states(migrated.report("--offline", code=4))
        assert now["migrated"] == now["metadata"] == "pass"
        assert now["checksums"] == now["corruption"] == "unknown", "no byte was read since"
    finally:
        new.unlink()


def test_a_sample_that_is_too_small_for_the_policy_is_no_pass(migrated: Steps) -> None:
    migrated.run(JobKind.VERIFY, sample="5")
    told = migrated.report("--offline", code=4)
    by = {item["id"]: item for item in told["items"]}
    assert by["migrated"]["state"] == by["metadata"]["state"] == "pass"
    for name in ("checksums", "corruption"):
        assert by[name]["state"] == "unknown"
        assert "more than cutover.max_bound, 0.0500%" in by[name]["evidence"]
        assert "--sample-size 6000, or --full" in by[name]["remedy"]


def test_lists_that_are_gone_or_shorter_than_they_were_counted_are_said(migrated: Steps) -> None:
    told = migrated.report("--offline", code=4)
    job, folder = told["verified"]["job"], migrated.ground.workspace / told["verified"]["folder"]
    assert told["lists"] == [{"job": job, "state": "there"}]
    contents = folder / "index/lists.json"
    contents.write_text(
        contents.read_text().replace(f'"rows":{len(migrated.ground.bodies)}', '"rows":1')
    )
    assert migrated.report("--offline", code=4)["lists"] == [{"job": job, "state": "other"}]
    contents.write_text("{")
    assert migrated.report("--offline", code=4)["lists"] == [{"job": job, "state": "other"}]
    contents.unlink()
    assert migrated.report("--offline", code=4)["lists"] == [{"job": job, "state": "gone"}]


def test_a_fault_that_was_found_fails_its_item_alone(migrated: Steps) -> None:
    with closing(
        sqlite3.connect(migrated.ground.target / "objects.db", isolation_level=None)
    ) as db:
        db.execute("UPDATE versitygw_objects SET size=size+1 WHERE s3_key='large.bin'")
    migrated.run(JobKind.VERIFY, sample="1000")
    told = migrated.report("--offline", code=1)
    by = states(told)
    assert (by["checksums"], by["migrated"], by["corruption"]) == ("fail", "pass", "pass")
    (item,) = (one for one in told["items"] if one["id"] == "checksums")
    assert "2 wrong_size" in item["evidence"]
    assert f"--from {told['verified']['folder']}" in item["remedy"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE counters SET n=n+1 WHERE scope=0 AND name='migrated'", "counted"),
        ("UPDATE events SET actor='nobody' WHERE seq=3", "break at number 3"),
    ],
)
def test_a_ledger_that_contradicts_itself_is_said_and_ends_with_7(
    migrated: Steps, statement: str, said: str
) -> None:
    change(migrated.ground.workspace, statement)
    told = migrated.report("--offline", code=7)
    by = {item["id"]: item for item in told["items"]}
    assert by["corruption"]["state"] == by["migrated"]["state"] == "fail"
    assert said in by["corruption"]["evidence"]


async def test_i4_while_a_copy_writes_each_report_is_of_one_commit(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=300)
    make_workspace(ground, Knobs(workers=2, batch_size=10))
    workspace = load(ground.workspace / FILE_NAME)
    seen = []
    async with engine_on(ground) as engine:
        assert (await run_job(engine, JobKind.PLAN)).state == "done"
        begun = await engine.start_job(JobKind.COPY, {}, "tester", "copy")
        copying = asyncio.create_task(engine.wait(begun))
        while not copying.done():
            made = await asyncio.to_thread(
                make, ground.workspace, workspace, unasked(workspace), live=True, output=None
            )
            assert made.ledger.sound, made.ledger.difference
            seen.append(made.totals.migrated)
            assert made.totals.migrated + made.totals.remaining == made.totals.objects
        await copying
    assert seen == sorted(seen)
    assert any(0 < n < len(ground.bodies) for n in seen), "no report came between two commits"


def test_files_are_private_kept_and_never_in_the_way(migrated: Steps, tmp_path: Path) -> None:
    out, ground = tmp_path / "a/b", migrated.ground
    words = ("--offline", "--output", str(out))
    migrated.report(*words, code=4)
    files = {"report.html", "report.json", "not-carried.ndjson"}
    assert {path.name for path in out.iterdir()} == files
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert migrated.report(*words, code=5)["code"] == "refused"
    migrated.report(*words, "--force", code=4)
    assert len(list(out.glob("*.backup"))) == 3
    for place in (ground.source / "bucket0", ground.target):
        migrated.report("--offline", "--output", str(place), code=5)
        assert not (place / "report.json").exists()


async def test_it_is_read_beside_an_engine_too(migrated: Steps, tmp_path: Path) -> None:
    ws = str(migrated.ground.workspace)
    assert (await vgwm("engine", "start", "-w", ws, home=tmp_path)).code == 0
    ran = await vgwm("report", "-w", ws, "--json", home=tmp_path)
    await vgwm("engine", "stop", "-w", ws, home=tmp_path)
    assert (ran.code, ran.result()["engine"]) == (4, "ok")


def test_without_a_ledger_there_is_nothing_to_report(migrated: Steps) -> None:
    (migrated.ground.workspace / "ledger.db").unlink()
    assert migrated.report(code=3)["code"] == "no_plan"


def test_another_workspaces_ledger_is_refused(migrated: Steps) -> None:
    make_workspace(migrated.ground, Knobs(), "99999999")
    assert migrated.report(code=5)["code"] == "foreign_plan"


def test_i9_no_secret_passes_into_any_answer_or_file(
    migrated: Steps,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPLANTED")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED)
    ws, out = migrated.ground.workspace, tmp_path / "report"
    change(ws, f"UPDATE jobs SET actor='x {PLANTED}' WHERE id=1")  # noqa: S608 - the test's own
    gateway = "{name: green1, side: green, address: 'http://127.0.0.1:9'}"
    config = ws / "vgwm.yaml"
    config.write_text(f"{config.read_text()}gateways:\n- {gateway}\n")
    assert main(("report", "-w", str(ws), "--output", str(out))) in {1, 4}
    told = capsys.readouterr()
    assert PLANTED not in told.out + told.err
    assert "plain HTTP" in told.out
    assert len(list(out.iterdir())) == 3
    for path in out.iterdir():
        assert PLANTED not in path.read_text()
    assert "[secret]" in (out / "report.json").read_text()
