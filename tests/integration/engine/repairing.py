"""Checks and repairs over a directory target, as tests ask an engine for them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.dag.car_reading import sections
from core.engine.repairing.progress import RepairProgress
from core.model import JobKind
from core.verify.figures import Figures
from core.verify.report_reading import differences
from tests.integration.engine.keeping import ended

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine
    from core.engine.repairing.plans import PlannedRepair
    from tests.integration.engine.ground import Ground


def table_of(ground: Ground) -> Path:
    return ground.target / "objects.db"


def files(ground: Ground, folder: str) -> list[Path]:
    return sorted((ground.target / folder).iterdir())


async def checked(engine: Engine, ground: Ground) -> tuple[str, dict[str, int]]:
    """Check; the report's name, and what was found by kind."""
    job = await engine.start_job(JobKind.CHECK, {}, "tester", os.urandom(4).hex())
    row = await ended(engine, job)
    assert row.state == "done", row.result
    proof = await engine.ledger.proof(job)
    assert proof is not None
    figures = Figures.parse(proof.figures)
    counted: dict[str, int] = {}
    for one in differences(ground.workspace / proof.folder):
        counted[one.ill] = counted.get(one.ill, 0) + 1
    assert counted == {str(one.ill): one.rows for one in figures.rows}
    return f"check-{job}", counted


async def planned(engine: Engine, report: str = "", *unpin: str) -> PlannedRepair:
    plan = await engine.repairs.plans.make(report, unpin, patience_s=60.0)
    if plan.error is not None:
        raise plan.error
    return plan


async def repaired(engine: Engine, plan: PlannedRepair) -> RepairProgress:
    args = {"plan": plan.plan.hash}
    job = await engine.start_job(JobKind.REPAIR, args, "tester", os.urandom(4).hex())
    row = await ended(engine, job)
    assert row.state == "done", row.result
    return RepairProgress.parse(row.progress)


def flip(path: Path) -> None:
    """Turn one bit in the first block of a CAR that is an object's bytes."""
    with path.open("r+b") as file:
        at = next(
            one.offset for one in sections(file) if one.length and cids.codec(one.cid) == 0x55
        )
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


async def verified(engine: Engine) -> str:
    """Verify every byte; the report's name."""
    args = {"full": "1"}
    job = await engine.start_job(JobKind.VERIFY, args, "tester", os.urandom(4).hex())
    row = await ended(engine, job)
    assert row.state == "done", row.result
    return f"verify-{job}"
