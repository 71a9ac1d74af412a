"""Checks over a directory target: what they must not do, and how they end before their end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.repairing.check_run import CheckRun
from core.engine.verifying.progress import VerifyProgress
from core.model import JobKind
from core.verify.check_pins import DirPins
from core.verify.list_pages import ListPages
from core.verify.report_reading import differences
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.keeping import change, ended
from tests.integration.engine.repairing import checked, files, table_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from core.engine.engine import Engine
    from core.model import Bundle
    from core.verify.check_pins import Amiss
    from tests.integration.engine.ground import Ground


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=25, buckets=2)
    make_workspace(made, Knobs(workers=1, batch_size=10))
    return made


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    async with engine_on(ground) as running:
        row = await migrate(running)
        assert row.state == "done", row.result
        yield running


async def test_neither_a_check_nor_a_backup_makes_a_table_where_none_is(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    for path in ground.target.glob("objects.db*"):
        path.unlink()
    for kind, args in ((JobKind.CHECK, {}), (JobKind.BACKUP, {"output": f"{tmp_path}/backup"})):
        row = await ended(engine, await engine.start_job(kind, args, "tester", kind))
        assert (row.state, "no object table" in row.result) == ("failed", True)
        assert '"exit_code":3' in row.result
    assert not table_of(ground).exists()


async def test_what_a_check_has_found_is_counted_while_it_goes_on(
    engine: Engine, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(
        table_of(ground),
        "DELETE FROM versitygw_objects WHERE s3_key IN ('d1/k0001','d2/k0002')",
        "INSERT INTO versitygw_objects SELECT bucket,s3_key||'~',cid,size,created_at,updated_at,"
        "metadata,pin_status FROM versitygw_objects WHERE s3_key='large.bin'",
    )
    told: list[VerifyProgress] = []
    note = CheckRun._note  # noqa: SLF001 - what is stored on the way

    async def noted(self: CheckRun) -> None:
        told.append(VerifyProgress.of(self._figures))
        await note(self)

    monkeypatch.setattr(CheckRun, "_note", noted)
    await checked(engine, ground)
    joined = [one.figures for one in told if one.phase == "join"][-1]
    assert (joined["missing"], joined["extra"]) == (4, 2)
    assert joined == told[-1].figures


async def test_a_check_whose_report_has_no_place_is_the_disks_fault_and_not_ours(
    engine: Engine, ground: Ground
) -> None:
    (ground.workspace / "reports").write_text("")
    row = await ended(engine, await engine.start_job(JobKind.CHECK, {}, "tester", "nowhere"))
    assert row.state == "failed"
    assert "Not a directory at" in row.result


async def test_a_check_leaves_its_lists_and_nothing_that_they_were_made_of(
    engine: Engine, ground: Ground
) -> None:
    change(table_of(ground), "DELETE FROM versitygw_objects WHERE s3_key LIKE 'd1/%'")
    report, found = await checked(engine, ground)
    assert found
    kept = {path.name for path in (ground.workspace / "reports" / report).iterdir()}
    assert "missing.ndjson" in kept
    assert not [name for name in kept if name.startswith("bytes.db")]


async def test_a_check_that_is_cancelled_says_that_its_lists_are_not_whole(
    engine: Engine, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(table_of(ground), "DELETE FROM versitygw_objects")
    gate = held(monkeypatch)
    job = await engine.start_job(JobKind.CHECK, {}, "tester", "cancelled")
    await gate.reached.wait()
    await engine.cancel(job, "tester")
    gate.open.set()
    row = await ended(engine, job)
    proof = await engine.ledger.proof(job)
    assert proof is not None
    assert (row.state, proof.state) == ("cancelled", "partial")
    assert ListPages().contents(ground.workspace / proof.folder).partial
    assert list(differences(ground.workspace / proof.folder)) == []


async def test_a_check_whose_engine_ends_begins_anew_with_the_next(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine_on(ground) as first:
        assert (await migrate(first)).state == "done"
        for path in files(ground, "manifests"):
            path.unlink()
        gate = held(monkeypatch)
        job = await first.start_job(JobKind.CHECK, {}, "tester", "broken-off")
        await gate.reached.wait()
    monkeypatch.undo()
    async with engine_on(ground) as second:
        assert (await ended(second, job)).state == "done"
        proof = await second.ledger.proof(job)
        assert proof is not None
        assert proof.state == "done"
        found = list(differences(ground.workspace / proof.folder))
    assert len(found) == len(files(ground, "bundles"))


class Gate:
    """Where a check stands before it has looked at the bundles."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()


def held(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Hold checks once they are about to look at bundles."""
    gate, look = Gate(), DirPins.look

    async def waits(self: DirPins, bundles: Sequence[Bundle]) -> list[Amiss]:
        gate.reached.set()
        await gate.open.wait()
        return await look(self, bundles)

    monkeypatch.setattr(DirPins, "look", waits)
    return gate
