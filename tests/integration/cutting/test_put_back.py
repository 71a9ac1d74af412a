"""A ledger from before the flip, put back: no job brings blue's names over what green took (I10).

The world is a stand-in; tests/real/test_cutover_killed.py has real load balancers.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from core.config.schema import Cutover, DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.cutover.cutover_plan import Kind
from core.cutover.fleet import Fleet
from core.cutover.mode import Mode
from core.engine.cutting.looking import look
from core.errors import Refused
from core.ledger import flip_marks, mark
from core.model import ENDED, JobKind, JobState
from tests.integration.cutting.opened import opened
from tests.integration.cutting.scene import Scene, until
from tests.integration.engine.ground import engine_on, make_ground, migrate
from tests.unit.cutover.wobbly import Wobbly

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground

KNOWS: Final = {JobKind.ASSESS, JobKind.VERIFY, JobKind.CHECK, JobKind.BACKUP, JobKind.REVERSE}
"""Jobs that such a ledger hinders from nothing."""


@pytest.fixture(autouse=True)
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene()
    monkeypatch.setattr("core.engine.cutting.outside.Outside", lambda *_: made)
    monkeypatch.setattr("core.cutover.limits.LEAST_PAUSE_S", 600.0)
    return made


def _ground(folder: Path, slices: dict[str, tuple[str, ...]]) -> Ground:
    made = make_ground(folder, objects=3, buckets=2)
    made.workspace.mkdir()
    write(
        made.workspace / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=made.source),
            target=DirTarget(path=made.target),
            cutover=Cutover(slices=slices),
        ),
    )
    return made


async def test_i10_a_ledger_from_before_the_flip_writes_nothing_and_its_remedy_ends_that(
    tmp_path: Path,
) -> None:
    ground = _ground(tmp_path, {})
    before = await _switched(ground, "all")
    async with engine_on(ground) as engine:  # the newest one: it knows
        with pytest.raises(Refused, match="green is live"):
            await engine.start_job(JobKind.SYNC, {}, "ann", "")
    _put_back(ground, before)
    newest = (ground.workspace / "ledger.db.bak").read_bytes()
    async with engine_on(ground) as engine:
        # what was at work when the copy was made does not go on
        await until(lambda: _has_ended(engine, JobKind.SYNC))
        found = (await engine.ledger.jobs())[0]
        assert (found.kind, found.state) == (JobKind.SYNC, JobState.FAILED), found.result
        assert "the ledger is from before that" in found.result
        for kind in JobKind:
            if kind in KNOWS:
                await engine.flips.require(kind, {})
                continue
            with pytest.raises(Refused, match=r"by at-green\.json green serves slice all since"):
                await engine.flips.require(kind, {})
        with pytest.raises(Refused) as raised:
            await engine.start_job(JobKind.SYNC, {}, "ann", "again")
        off = (await look(engine)).off  # an operator sees it before
        assert all("is from before that" in one[0] for one in (off.start, off.rehearse))
        told = [one.text for one in await engine.ledger.events(0, 1_000)]
        assert any("this ledger is from before a flip" in text for text in told)
    assert (ground.workspace / "ledger.db.bak").read_bytes() == newest
    line = raised.value.remedy.partition("in the workspace, ")[2].partition("; then")[0]
    subprocess.run(["sh", "-c", line], cwd=ground.workspace, check=True)  # noqa: S603, S607, ASYNC221 - our own line, and two files
    async with engine_on(ground) as engine:
        assert [row.slice for row in await engine.ledger.cutovers.flips()] == ["all"]
        assert await engine.ledger.cutting.unknown() == ()
        with pytest.raises(Refused, match="green is live"):
            await engine.start_job(JobKind.SYNC, {}, "ann", "now")


async def test_i10_beside_one_slice_that_is_not_known_another_goes_back_and_no_sync_runs(
    tmp_path: Path,
) -> None:
    ground = _ground(tmp_path, {"first": ("bucket0",), "second": ("bucket1",)})
    before = await _switched(ground, "first")
    _put_back(ground, before)
    async with engine_on(ground) as engine:
        require = engine.flips.require
        for kind in (JobKind.SYNC, JobKind.COPY, JobKind.REPAIR, JobKind.CUTOVER):
            with pytest.raises(Refused, match="slice first since"):
                await require(kind, {"slice": "second"})
        with pytest.raises(Refused, match="slice first since"):
            await require(JobKind.ROLLBACK, {"slice": "first"})
        await require(JobKind.ROLLBACK, {"slice": "second"})
        await require(JobKind.CUTOVER, {"slice": "second", "act": "abort"})
        await require(JobKind.CUTOVER, {"slice": "second"}, taken_up=True)
        with pytest.raises(Refused, match="slice first since"):
            await require(JobKind.CUTOVER, {"slice": "first"}, taken_up=True)


async def test_a_flip_of_an_engine_that_marked_none_is_marked_at_the_next_start(
    tmp_path: Path,
) -> None:
    ground = _ground(tmp_path, {})
    await _switched(ground, "all")
    beside = flip_marks.beside(ground.workspace / "ledger.db")
    kept = beside.read_text()
    beside.unlink()
    async with engine_on(ground):
        assert beside.read_text() == kept


async def test_i10_with_no_mark_left_load_balancers_tell_that_green_serves(tmp_path: Path) -> None:
    ground = _ground(tmp_path, {})
    before = await _switched(ground, "all")
    _put_back(ground, before)
    flip_marks.beside(ground.workspace / "ledger.db").unlink()  # the whole workspace is from before
    async with engine_on(ground) as engine:
        await until(lambda: _has_ended(engine, JobKind.SYNC))  # the one that was found
        lbs = (Wobbly("lb-1"), Wobbly("lb-2"))
        engine.balancers._fleet = Fleet(lbs)  # noqa: SLF001 - what vgwm.yaml would name
        lbs[1].mode = Mode.GREEN
        for kind in (JobKind.SYNC, JobKind.COPY, JobKind.RETRY, JobKind.REPAIR, JobKind.RESTORE):
            with pytest.raises(
                Refused, match="lb-2 sends everything to green, and the ledger knows"
            ):
                await engine.start_job(kind, {}, "ann", "")
        lbs[1].mode = Mode.GREEN_RO
        with pytest.raises(Refused, match="lb-2 sends everything to green"):
            await engine.start_job(JobKind.SYNC, {}, "ann", "")
        lbs[1].silent = True
        await engine.flips.require(JobKind.SYNC, {})
        await engine.flips.require(JobKind.VERIFY, {})


async def _switched(ground: Ground, slice_: str) -> Path:
    """Migrate, keep a copy of the ledger with a sync at work, and switch a slice; return it."""
    before = ground.workspace.parent / "before.db"
    async with opened(ground) as engine:
        await migrate(engine)
    async with opened(ground) as engine:
        args = {"mode": "once"}
        job = await engine.ledger.add_job(JobKind.SYNC, args, "ann", "found")
        await engine.ledger.job_state(job, JobState.RUNNING)
        await engine.ledger.back_up()
        shutil.copyfile(ground.workspace / "ledger.db.bak", before)
        await engine.ledger.job_state(job, JobState.DONE)
        plan = await engine.cutovers.plans.compose(Kind.CUTOVER, slice_)
        args = {"plan": plan.hash, "slice": slice_}
        await engine.wait(await engine.start_job(JobKind.CUTOVER, args, "ann", "switch"))
        assert [row.slice for row in await engine.ledger.cutovers.flips()] == [slice_]
    return before


def _put_back(ground: Ground, copy: Path) -> None:
    """Put a ledger in the place of the newest, as an operator does."""
    ledger = ground.workspace / "ledger.db"
    mark.remove(ledger)
    for name in ("ledger.db-wal", "ledger.db-shm"):
        ledger.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(copy, ledger)


async def _has_ended(engine: Engine, kind: JobKind) -> bool:
    return all(row.state in ENDED for row in await engine.ledger.jobs() if row.kind is kind)
