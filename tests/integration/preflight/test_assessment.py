"""The assessment: every row answered as it comes, the walk in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from msgspec import structs

from core.config.backup import Part, Wanted, keep
from core.config.schema import Cache, DirTarget, Gateway, IpfsTarget, PosixSource, Workspace
from core.config.secret import SecretRef
from core.errors import BadInput, NoAnswer
from core.model import NS_PER_S
from core.preflight import asking
from core.preflight.assessment import Assessment
from core.preflight.grounds import Grounds
from core.preflight.rows import ROWS, From, rows
from core.preflight.survey import Survey
from core.preflight.survey_process import survey_apart
from core.verdict import Answer, Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.source.tree import HandTree

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def grounds(xattr_tree: HandTree) -> Grounds:
    xattr_tree.bucket()
    xattr_tree.put(b"a", b"12345")
    workspace = Workspace(
        id="0a1b2c3d",
        source=PosixSource(path=xattr_tree.root),
        target=DirTarget(path=xattr_tree.base / "out"),
    )
    folder = xattr_tree.base / "ws"
    folder.mkdir()
    return Grounds(workspace=workspace, folder=folder)


async def answered(grounds: Grounds, *only: str) -> dict[str, Answer]:
    assessment = Assessment(grounds, only=frozenset(only))
    return {answer.check: answer async for answer in assessment.answers()}


async def test_every_row_of_a_folder_as_target_is_answered_with_evidence(grounds: Grounds) -> None:
    got = await answered(grounds)
    assert got.keys() == {row.id for row in rows(grounds.workspace)}
    assert all(answer.evidence and answer.at_ns for answer in got.values())
    passed = {"inventory", "read", "versions", "keys", "atime", "source", "workspace"}
    assert {name for name in passed if got[name].verdict is not Verdict.PASS} == set()
    assert all(answer.remedy for answer in got.values() if answer.verdict is not Verdict.PASS)


def test_rows_are_those_that_the_target_has_and_in_the_tables_order(grounds: Grounds) -> None:
    target = IpfsTarget(
        kubo=(NOWHERE,),
        cluster=(NOWHERE,),
        table="sqlite:/t",
        cache=Cache(endpoints=("h:1",)),
    )
    gateway = Gateway(name="g", side="blue", address=NOWHERE)
    whole = Workspace(
        id="0a1b2c3d", source=grounds.workspace.source, target=target, gateways=(gateway,)
    )
    assert rows(whole) == ROWS
    absent = {row.id for row in ROWS} - {row.id for row in rows(grounds.workspace)}
    assert absent == {
        *("cluster", "capacity", "kubo", "redis", "network", "clock", "docker", "gateway")
    }


async def test_rows_that_are_wished_for_alone_are_asked_alone(grounds: Grounds) -> None:
    got = await answered(grounds, "host", "windows")
    assert set(got) == {"host", "windows"}


def test_a_row_that_there_is_not_is_refused_with_those_that_there_are(grounds: Grounds) -> None:
    with pytest.raises(BadInput, match=r"no check clok.*source, inventory"):
        Assessment(grounds, only=frozenset({"clok"}))


async def test_rows_that_need_no_walk_come_before_one_that_hangs(
    grounds: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = asyncio.Event()

    async def hang(*_: object) -> Survey:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    monkeypatch.setattr(asking, "survey_apart", hang)
    assessment = Assessment(grounds)
    seen = set()
    walked = {row.id for row in assessment.rows if row.come in {From.WALK, From.SIZE}}
    answers = assessment.answers()
    async for answer in answers:
        seen.add(answer.check)
        if len(seen) == len(assessment.rows) - len(walked):
            break
    await answers.aclose()
    assert seen.isdisjoint(walked)
    assert left.is_set()


async def test_i7_a_walk_that_dies_is_unknown_in_every_row_that_needs_it(
    grounds: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> Survey:
        raise NoAnswer(what="the walking process ended", where="assess", remedy="See dmesg.")

    monkeypatch.setattr(asking, "survey_apart", die)
    got = await answered(grounds, "inventory", "read", "versions", "keys", "workspace")
    assert {answer.verdict for answer in got.values()} == {Verdict.UNKNOWN}
    assert got["read"].evidence == "the walking process ended"
    assert got["read"].remedy == "See dmesg."


async def test_a_known_survey_spares_the_walk_where_only_sizes_are_asked(
    grounds: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def walk(*_: object) -> Survey:
        raise AssertionError

    monkeypatch.setattr(asking, "survey_apart", walk)
    known = Survey(began_ns=1, ended_ns=2, objects=10**12, size_bytes=1)
    got = await answered(replace(grounds, known=known), "workspace")
    assert got["workspace"].verdict is Verdict.FAIL


async def test_old_versions_that_stay_behind_need_no_room(grounds: Grounds) -> None:
    known = Survey(began_ns=1, ended_ns=2, objects=2, size_bytes=10**18, versions_bytes=10**18)
    skip = replace(
        grounds, known=known, workspace=structs.replace(grounds.workspace, versions="skip")
    )
    assert (await answered(skip, "workspace"))["workspace"].verdict is Verdict.PASS
    kept = replace(grounds, known=known)
    assert (await answered(kept, "workspace"))["workspace"].verdict is Verdict.FAIL


async def test_no_gateway_root_fails_the_source_and_leaves_what_was_not_seen_unknown(
    grounds: Grounds, xattr_tree: HandTree
) -> None:
    xattr_tree.root.rename(xattr_tree.base / "elsewhere")
    got = await answered(grounds, "source", "inventory", "read", "keys", "workspace", "atime")
    assert got.pop("source").verdict is Verdict.FAIL
    assert {answer.verdict for answer in got.values()} == {Verdict.UNKNOWN}


async def test_probes_are_asked_once_and_their_worst_answer_is_a_row(grounds: Grounds) -> None:
    asked = 0

    async def probed() -> Sequence[Answer]:
        nonlocal asked
        asked += 1
        return [
            Answer(check=c, component=k, verdict=v, evidence="e", at_ns=1, remedy="r")
            for c, k, v in (
                ("schema", Component.METADATA, Verdict.FAIL),
                ("lb", Component.LB, Verdict.WARN),
            )
        ]

    got = await answered(replace(grounds, probed=probed), "ydb", "lb")
    assert (got["ydb"].verdict, got["lb"].verdict, asked) == (Verdict.FAIL, Verdict.WARN, 1)


async def test_i7_probes_that_cannot_be_asked_are_unknown_and_a_note_answers_its_item(
    grounds: Grounds,
) -> None:
    async def probed() -> Sequence[Answer]:
        raise NoAnswer(what="no address is known", where="probes", remedy="Name one.")

    notes = {"windows": "Sundays 02:00"}
    got = await answered(replace(grounds, probed=probed, notes=notes), "lb", "windows")
    assert got["lb"].verdict is Verdict.UNKNOWN
    assert got["lb"].evidence == "no address is known"
    assert got["windows"].evidence == "Sundays 02:00"


DAY_NS = 86_400 * NS_PER_S
USERS = b'{"accessAccounts":{"AKAPP":{"access":"AKAPP","secret":"%b","role":"user"}}}'


def backed_up(grounds: Grounds, secret: bytes) -> Path:
    store = grounds.folder / "users.json"
    store.write_bytes(USERS % secret)
    config = grounds.folder / "gw.conf"
    config.write_text("VGW_PORT=:7070\n")
    wanted = [Wanted(part=Part.CONFIG, path=config), Wanted(part=Part.IAM, path=store)]
    made, _ = keep(wanted, grounds.folder / "backups")
    return made


async def test_a_whole_backup_passes_for_a_week_and_one_that_lost_a_file_is_none(
    grounds: Grounds,
) -> None:
    assert (await answered(grounds, "backups"))["backups"].verdict is Verdict.WARN
    made = backed_up(grounds, b"x")
    fresh = (await answered(grounds, "backups"))["backups"]
    assert fresh.verdict is Verdict.PASS
    assert "config, iam" in fresh.evidence
    later = replace(grounds, clock_ns=lambda: time.time_ns() + 8 * DAY_NS)
    assert (await answered(later, "backups"))["backups"].verdict is Verdict.WARN
    next(made.glob("*users.json")).unlink()
    assert "no backup" in (await answered(grounds, "backups"))["backups"].evidence


async def test_i9_accounts_in_the_backup_are_audited_and_no_secret_is_told(
    grounds: Grounds,
) -> None:
    assert (await answered(grounds, "security"))["security"].verdict is Verdict.UNKNOWN
    backed_up(grounds, b"changeme")
    weak = (await answered(grounds, "security"))["security"]
    assert weak.verdict is Verdict.WARN
    assert "AKAPP" in weak.evidence
    assert "changeme" not in f"{weak}"
    backed_up(grounds, b"q7Rk2vLx9TzWn4pYs8Ub")
    assert (await answered(grounds, "security"))["security"].verdict is Verdict.PASS


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


async def test_leaving_early_ends_the_walking_process(grounds: Grounds) -> None:
    before = children()
    walking = asyncio.create_task(survey_apart(grounds.workspace, lambda _entries: None))
    born: set[int] = set()
    while not born:
        await asyncio.sleep(0)
        born = children() - before
    for pid in born:
        os.kill(pid, signal.SIGSTOP)  # as one that waits for a hung disk: it leaves for nobody
    walking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walking
    assert children().isdisjoint(born)


async def test_a_walking_process_that_is_killed_is_no_answer_and_says_how_it_ended(
    grounds: Grounds,
) -> None:
    before = children()
    walking = asyncio.create_task(survey_apart(grounds.workspace, lambda _entries: None))
    born: set[int] = set()
    while not born:
        await asyncio.sleep(0)
        born = children() - before
    for pid in born:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(NoAnswer, match="exit code -9"):
        await walking


async def test_i9_the_walking_process_knows_no_secret(
    grounds: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTER_PASSWORD", "marked-secret-7f3a")
    monkeypatch.setenv("PLAIN", "marked-secret-9c1d")
    target = IpfsTarget(
        kubo=(NOWHERE,),
        cluster=(NOWHERE,),
        cluster_user="u",
        cluster_password_ref=SecretRef.parse("env:PLAIN"),
        table="sqlite:/t",
    )
    workspace = Workspace(id="0a1b2c3d", source=grounds.workspace.source, target=target)
    before = children()
    walking = asyncio.create_task(survey_apart(workspace, lambda _entries: None))
    environment = b""
    while not environment:
        await asyncio.sleep(0)
        environment = _environment_of(children() - before)
    assert (await walking).objects == 1
    assert b"PATH=" in environment
    assert b"marked-secret" not in environment


def _environment_of(pids: set[int]) -> bytes:
    """Return it once the child runs a program of its own; before that it is ours."""
    own = Path("/proc/self/cmdline").read_bytes()
    for pid in pids:
        if Path(f"/proc/{pid}/cmdline").read_bytes() != own:
            return Path(f"/proc/{pid}/environ").read_bytes()
    return b""
