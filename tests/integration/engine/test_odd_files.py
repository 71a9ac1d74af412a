"""Something else at the place of a bundle's file: named, waited for by nobody, mended or left."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.dag.car_reading import read_header, sections
from core.dag.varint import encode
from core.engine.verifying import verifications
from core.model import JobKind
from core.verify.difference import Ill, Listed
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.keeping import ended
from tests.integration.engine.proved import verified

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine
    from tests.integration.engine.ground import Ground

KNOBS = Knobs(workers=1, batch_size=10)
FULL = {"full": "1"}


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give differences no time to settle: nothing is under way here."""
    monkeypatch.setattr(verifications, "AGAIN_S", 0.0)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """One migration for all."""
    ground = make_ground(tmp_path_factory.mktemp("once"), objects=19, buckets=1)
    make_workspace(ground, KNOBS)

    async def migrated() -> None:
        async with engine_on(ground) as engine:
            assert (await migrate(engine)).state == "done"

    asyncio.run(migrated())
    return ground


@pytest.fixture
def ground(once: Ground, tmp_path: Path) -> Ground:
    """The same migration, in a workspace and a target of the test's own."""
    twin = replace(once, workspace=tmp_path / "ws", target=tmp_path / "out")
    shutil.copytree(once.workspace, twin.workspace)
    shutil.copytree(once.target, twin.target)
    make_workspace(twin, KNOBS)
    return twin


def replaced(path: Path, by: str) -> None:
    path.unlink()
    if by == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()


def files(ground: Ground) -> dict[str, bytes]:
    """The files of bundles and manifests that are some."""
    folders = (ground.target / "bundles", ground.target / "manifests")
    return {
        path.name: path.read_bytes() for one in folders for path in one.iterdir() if path.is_file()
    }


async def repaired(engine: Engine) -> str:
    """Mend what the newest verification found; return what was left."""
    job = await engine.ledger.newest_job(JobKind.VERIFY)
    assert job is not None
    plan = await engine.repairs.plans.make(f"reports/verify-{job.id}", (), patience_s=60.0)
    assert plan.error is None
    args = {"plan": plan.plan.hash}
    row = await ended(engine, await engine.start_job(JobKind.REPAIR, args, "op1", "mend"))
    assert row.state == "done", row.result
    left = engine.path / f"reports/repair-{row.id}/left.ndjson"
    return left.read_text() if left.exists() else ""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("by", ["fifo", "folder"])
async def test_what_is_no_file_is_named_and_nobody_waits_for_it(ground: Ground, by: str) -> None:
    before = files(ground)
    one, *_, other = sorted((ground.target / "bundles").iterdir())
    replaced(one, by)
    replaced(ground.target / "manifests" / f"{other.stem}.ndjson", by)
    async with engine_on(ground) as engine:
        _, found = await asyncio.wait_for(verified(engine, {"sample": "1000"}), 20)
        assert {ill for _, ill in found} - {""} == {Ill.NO_PIN, Ill.LOST_BLOCK}
        _, found = await asyncio.wait_for(verified(engine, FULL), 20)
        assert {ill for _, ill in found} - {""} == {Ill.NO_PIN, Ill.LOST_BLOCK, Ill.NO_MANIFEST}
        left = await asyncio.wait_for(repaired(engine), 20)
    assert left.count("Is a directory") == (2 if by == "folder" else 0)
    assert (files(ground) == before) == (by == "fifo")


async def test_blocks_of_a_file_in_another_order_are_no_pin_and_are_written_again(
    ground: Ground,
) -> None:
    before = files(ground)
    car = min((ground.target / "bundles").iterdir(), key=lambda path: path.stat().st_size)
    held = io.BytesIO(car.read_bytes())
    read_header(held)
    head = held.getvalue()[: held.tell()]
    held.seek(0)
    framed = [
        encode(len(one.cid) + one.length)
        + one.cid
        + held.getvalue()[one.offset : one.offset + one.length]
        for one in sections(held)
    ]
    car.write_bytes(head + b"".join(reversed(framed)))
    async with engine_on(ground) as engine:
        _, found = await verified(engine, FULL)
        found.pop((Listed.EQUAL, ""), None)
        assert set(found) == {(Listed.DIFFER, Ill.NO_PIN)}
        assert await repaired(engine) == ""
        _, found = await verified(engine, FULL)
        assert set(found) == {(Listed.EQUAL, "")}
    assert files(ground) == before
