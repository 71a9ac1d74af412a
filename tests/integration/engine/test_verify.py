"""Verifications over a real engine: what is planted is named, and nothing else."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from core.cli.follow import progress_line
from core.config.knobs import Knobs
from core.control import snapshot
from core.control.ledger_desk import ledger_desk
from core.control.wire import verify as wire_verify
from core.display import parse_object_name
from core.engine.verifying import join_lanes, join_pins, standing, verifications
from core.engine.verifying.join_task import PartTask
from core.errors import BadInput, NoPlan, WrongState
from core.ledger import proofs
from core.model import JobKind, JobState
from core.verify import segments
from core.verify.difference import Ill, Listed
from core.verify.list_pages import ListPages
from core.verify.part_files import Joined
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate, run_job
from tests.integration.engine.proved import JOIN, OBJECTS, change, lose, setting, told, verified
from tests.tui import stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from core.engine.engine import Engine
    from core.engine.reins import Reins
    from core.engine.verifying.join_task import JoinMessage, JoinTold
    from tests.integration.engine.ground import Ground

KNOBS = Knobs(workers=2, batch_size=10)


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give differences no time to settle: nothing is under way here."""
    monkeypatch.setattr(verifications, "AGAIN_S", 0.0)


async def migrated(root: Path) -> Ground:
    """Return a tree of two buckets, migrated."""
    ground = make_ground(root, objects=40)
    make_workspace(ground, KNOBS)
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
    return ground


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """One migration for all tests that leave its source alone."""
    return asyncio.run(migrated(tmp_path_factory.mktemp("once")))


@pytest.fixture
def ground(once: Ground, tmp_path: Path) -> Ground:
    """The same migration, in a workspace and a target of the test's own."""
    twin = replace(once, workspace=tmp_path / "ws", target=tmp_path / "out")
    shutil.copytree(once.workspace, twin.workspace)
    shutil.copytree(once.target, twin.target)
    make_workspace(twin, KNOBS)
    return twin


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    async with engine_on(ground) as engine:
        yield engine


async def test_a_migrated_set_is_equal_and_leaves_its_lists_alone(
    engine: Engine, ground: Ground
) -> None:
    figures, found = await verified(engine, {"sample": "10"})
    names = {f"{bucket}/{key}" for bucket, key in ground.bodies}
    assert found == {(Listed.EQUAL, ""): names}
    assert figures.objects == {Listed.EQUAL: len(names)}
    assert (figures.keys, figures.joined, figures.found) == (len(names), len(names), 0)
    assert figures.bytes is not None
    assert (figures.bytes.bad, figures.bytes.whole) == (0, True)
    assert {path.name for path in (engine.path / "reports/verify-3").iterdir()} == {
        *(f"{one}.ndjson" for one in Listed),
        "index",
    }


async def test_what_is_planted_is_named_and_nothing_else(tmp_path: Path) -> None:
    ground = await migrated(tmp_path)
    table = ground.target / "objects.db"
    other = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
    row = "SELECT 'nobody','x/y',cid,size,created_at,updated_at,metadata,pin_status"
    change(
        table,
        setting(f"cid='{other}'", "d1/k0001"),
        setting("size=size+1", "d2/k0002"),
        setting("metadata=json_set(metadata,'$.content_type','x/y')", "d3/k0003"),
        f"INSERT INTO {OBJECTS} {row} FROM {OBJECTS} LIMIT 1",
    )
    lose(table, "d0/k0007")
    (ground.source / "bucket1/d4/k0004").unlink()
    (ground.source / "bucket1/d5/k0005").write_bytes(b"another")
    ground.put("bucket1", "new", b"came later")
    async with engine_on(ground) as engine:
        figures, found = await verified(engine)
    found.pop((Listed.EQUAL, ""))
    assert found == {
        (Listed.MISSING, Ill.NO_ROW): {"bucket0/d0/k0007"},
        (Listed.DIFFER, Ill.WRONG_CID): {"bucket0/d1/k0001"},
        (Listed.DIFFER, Ill.WRONG_SIZE): {"bucket0/d2/k0002"},
        (Listed.DIFFER, Ill.WRONG_METADATA): {"bucket0/d3/k0003"},
        (Listed.EXTRA, Ill.ORPHAN_ROW): {"nobody/x/y"},
        (Listed.EXTRA, Ill.GONE_AT_SOURCE): {"bucket1/d4/k0004"},
        (Listed.MISSING, Ill.SOURCE_MOVED): {"bucket1/d5/k0005"},
        (Listed.MISSING, Ill.NOT_COPIED): {"bucket1/new"},
    }
    assert (figures.dirty, figures.found) == (1, 8)


@pytest.mark.parametrize("harm", ["gone", "cut", "grown", "turned"])
async def test_a_bundles_file_that_is_not_whole_leaves_its_objects_unpinned(
    engine: Engine, ground: Ground, harm: str
) -> None:
    car = min((ground.target / "bundles").iterdir())
    whole = car.read_bytes()
    if harm == "gone":
        car.unlink()
    else:
        # the last byte is the root's own
        car.write_bytes(
            {"cut": whole[:-1], "grown": whole + b"\0", "turned": whole[:-1] + b"\2"}[harm]
        )
    figures, found = await verified(engine)
    assert figures.bundles_unpinned == 1
    assert figures.unpinned == len(found[Listed.DIFFER, Ill.NO_PIN]) > 0
    assert set(found) == {(Listed.DIFFER, Ill.NO_PIN), (Listed.EQUAL, "")}


async def test_a_difference_that_settles_before_the_second_look_is_equal(
    engine: Engine, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ground.target / "objects.db"
    change(table, setting("size=size+1", "d2/k0002"))
    look = join_pins.Pins.look

    async def mended(self: join_pins.Pins, reins: Reins, *, odd_only: bool = False) -> None:
        if odd_only:
            change(table, setting("size=size-1", "d2/k0002"))
        await look(self, reins, odd_only=odd_only)

    monkeypatch.setattr(join_pins.Pins, "look", mended)
    figures, found = await verified(engine)
    assert figures.found == 0
    assert "bucket0/d2/k0002" in found[Listed.EQUAL, ""]


@pytest.mark.parametrize("kind", [JobKind.VERIFY, JobKind.SYNC])
async def test_a_host_without_processes_ends_a_job_with_its_reason(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: JobKind
) -> None:
    def refuses(_slot: int) -> NoReturn:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(engine.premises.forks, "fork", refuses)
    args = JOIN if kind is JobKind.VERIFY else {"mode": "once"}
    job = await engine.start_job(kind, args, "op1", "one")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state is JobState.FAILED
    assert "no process can be started" in row.result
    assert '"exit_code":4' in row.result


async def test_a_second_look_says_how_many_keys_it_is_at(
    engine: Engine, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("d0/k0000", "d2/k0002"):
        lose(ground.target / "objects.db", key)
    lines: list[str] = []
    store = standing.Standing.store

    async def stored(self: standing.Standing) -> None:
        await store(self)
        (row,) = [one for one in await engine.ledger.jobs() if one.kind is JobKind.VERIFY]
        now = stage.snapshot()
        lines.append(progress_line(now, snapshot.job(row, now.totals, planned=True)))

    monkeypatch.setattr(standing.Standing, "store", stored)
    figures, _ = await verified(engine)
    assert figures.found == 2
    looking = [line for line in lines if line.endswith(" not, a second look at 2")]
    assert looking
    assert lines.index(looking[0]) > 0
    assert "second" not in lines[-1]


async def test_only_the_buckets_that_were_asked_for_are_joined(
    engine: Engine, ground: Ground
) -> None:
    lose(ground.target / "objects.db", "d0/k0007")
    figures, found = await verified(engine, {**JOIN, "bucket": "bucket1"})
    assert figures.found == 0
    assert {parse_object_name(name).bucket for name in found[Listed.EQUAL, ""]} == {b"bucket1"}
    assert figures.keys == len(found[Listed.EQUAL, ""])


async def test_recorded_alone_leaves_out_what_no_copy_has_ended(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=5)
    make_workspace(ground, KNOBS)
    async with engine_on(ground) as engine:
        await migrate(engine)
        ground.put("bucket0", "new", b"came later")
        assert (await verified(engine, {**JOIN, "scope": "recorded"}))[0].found == 0
        _, found = await verified(engine)
    assert found[Listed.MISSING, Ill.NOT_COPIED] == {"bucket0/new"}


async def test_what_makes_no_sense_is_refused_and_begins_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    for wrong in (
        {"bucket": "none"},
        {"seed": "0x1"},
        {"seed": "9" * 30},
        {"scope": "some"},
        {"replicas": "all"},
        {"sample": "-1"},
        {"odd": "1"},
    ):
        with pytest.raises(BadInput):
            await engine.start_job(JobKind.VERIFY, {**JOIN, **wrong}, "op1", "wrong")
    assert await engine.ledger.newest_job(JobKind.VERIFY) is None
    other = make_ground(tmp_path / "other", objects=1)
    make_workspace(other, KNOBS)
    async with engine_on(other) as fresh:
        with pytest.raises(NoPlan):
            await fresh.start_job(JobKind.VERIFY, JOIN, "op1", "early")
        await run_job(fresh, JobKind.PLAN)
        job = await fresh.start_job(JobKind.VERIFY, JOIN, "op1", "no table")
        await fresh.wait(job)
        row = await fresh.ledger.job(job)
        assert row is not None
        assert row.state is JobState.FAILED
        assert "the object table is not there" in row.reason
        assert "wrong_state" in row.result
        assert "Nothing was copied yet: vgwm copy." in row.result


async def test_another_source_in_its_place_is_refused(ground: Ground, tmp_path: Path) -> None:
    other = make_ground(tmp_path / "other", objects=1)
    make_workspace(replace(ground, source=other.source), KNOBS)
    async with engine_on(ground) as engine:
        job = await engine.start_job(JobKind.VERIFY, JOIN, "op1", "moved")
        await engine.wait(job)
        row = await engine.ledger.job(job)
    assert row is not None
    assert "the source is another one" in row.reason


async def test_a_cancelled_verification_lists_what_it_joined_and_says_that_it_is_partial(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "LEAST_KEYS", 10)
    heard = standing.Standing.told

    async def cancels(self: standing.Standing, task: JoinMessage, said: JoinTold) -> None:
        await heard(self, task, said)
        (reins,) = engine.jobs.reins()
        if isinstance(said.done, Joined) and not reins.cancelled:
            await engine.cancel(reins.id, "op1")

    monkeypatch.setattr(standing.Standing, "told", cancels)
    job = await engine.start_job(JobKind.VERIFY, JOIN, "op1", "cut short")
    await engine.wait(job)
    row, proof = await engine.ledger.job(job), await engine.ledger.proof(job)
    assert row is not None
    assert proof is not None
    assert (row.state, proof.state) == (JobState.CANCELLED, proofs.PARTIAL)
    figures, found = await told(engine, job)
    assert figures.partial
    assert 0 < figures.objects[Listed.EQUAL] == len(found[Listed.EQUAL, ""]) < figures.keys
    assert ListPages().contents(engine.path / proof.folder).partial


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from core.engine.engine import Engine
from core.engine.verifying import standing, verifications
from core.model import JobKind
from core.verify import segments
from core.verify.part_files import Joined

verifications.AGAIN_S = 0.0
segments.LEAST_KEYS = 10
heard = standing.Standing.told
left = 3

async def told(self, task, said):
    global left
    await heard(self, task, said)
    if isinstance(said.done, Joined):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

standing.Standing.told = told

async def main():
    engine = await Engine.open(Path(sys.argv[1]))
    job = await engine.start_job(JobKind.VERIFY, {"sample": "5"}, "op1", "proof")
    await engine.wait(job)

asyncio.run(main())
"""


@pytest.mark.timeout(120)
async def test_a_killed_verification_goes_on_and_joins_no_part_twice(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(ground.target / "objects.db", "d0/k0007")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, str(ground.workspace), stdin=subprocess.DEVNULL
    )
    assert await child.wait() == -signal.SIGKILL
    (parts,) = (ground.workspace / "reports").glob("verify-*/parts")
    before = {path.stem for path in parts.glob("*.joined")}
    assert len(before) >= 3
    given: list[str] = []
    run = join_lanes.JoinLanes.run

    async def noted(
        self: join_lanes.JoinLanes, tasks: Sequence[JoinMessage], reins: Reins, told: object
    ) -> None:
        parts = [one for one in tasks if isinstance(one, PartTask) and one.deed == "join"]
        given.extend(str(one.segment.number) for one in parts)
        await run(self, tasks, reins, told)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(join_lanes.JoinLanes, "run", noted)
    async with engine_on(ground) as engine:
        (reins,) = engine.jobs.reins()
        await engine.wait(reins.id)
        row = await engine.ledger.job(reins.id)
        assert row is not None
        assert row.state is JobState.DONE, row.result
        figures, found = await told(engine, reins.id)
        proof = await engine.ledger.proof(reins.id)
    assert given
    assert not before & set(given)
    assert found[Listed.MISSING, Ill.NO_ROW] == {"bucket0/d0/k0007"}
    assert len(found[Listed.EQUAL, ""]) == len(ground.bodies) - 1 == figures.objects[Listed.EQUAL]
    assert proof is not None
    assert figures.bytes is not None
    assert figures.bytes.seed == int(proof.args["seed"])


async def test_proofs_and_their_lists_are_told_without_an_engine(ground: Ground) -> None:
    async with ledger_desk(ground.workspace) as desk:
        assert (await desk.proofs(5)).proofs == []
        with pytest.raises(WrongState, match="nothing was verified yet"):
            await desk.proof(None)
    lose(ground.target / "objects.db", "d0/k0007")
    async with engine_on(ground) as engine:
        await verified(engine, {"sample": "5", "seed": "-3"})
    async with ledger_desk(ground.workspace) as desk:
        proof = await desk.proof(None)
        rows = await desk.view(wire_verify.ViewQuery(name="missing", kind=Ill.NO_ROW))
        equal = await desk.view(wire_verify.ViewQuery(name="equal", at=3, limit=2))
        with pytest.raises(BadInput, match="no list odd"):
            await desk.view(wire_verify.ViewQuery(name="odd"))
        with pytest.raises(WrongState, match="job 99 verified nothing"):
            await desk.view(wire_verify.ViewQuery(name="equal", job=99))
    assert (proof.state, proof.partial, proof.phase) == ("done", False, "done")
    assert (proof.bytes.mode, proof.bytes.seed, proof.bytes.whole) == ("sample", -3, True)
    assert proof.verdict_age_s is not None
    assert [(one.name, one.objects) for one in proof.lists if one.objects] == [
        ("equal", len(ground.bodies) - 1),
        ("missing", 1),
    ]
    assert [(row.object, row.kind) for row in rows.rows] == [("bucket0/d0/k0007", "no_row")]
    assert [row.at for row in equal.rows] == [3, 4]
    assert equal.total == len(ground.bodies) - 1
