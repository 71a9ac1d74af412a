"""A skip that is broken off between its pages goes on behind them, each object once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.schema import DirTarget, PosixSource, Workspace
from core.engine.acts import choosing
from core.engine.acts.plans import ActPlans
from core.engine.acts.progress import ActProgress
from core.engine.acts.skipping import Skipping
from core.engine.acts.wish import Deed, Wish
from core.engine.holding import Hold
from core.engine.reins import JobCancelled, Reins
from core.engine.shelf import KEPT
from core.errors import WrongState
from core.ledger.rows import FailureDraft
from core.model import JobKind, ObjectState
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.ledger.ledger import Ledger

OBJECTS = 9


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    made = await scene.opened(tmp_path)
    (bucket,) = await made.add_buckets([(b"photos", "{}")])
    members = scene.entries(0, OBJECTS)
    number = await scene.planned(made, bucket, members)
    await made.record(
        number,
        [scene.row(bucket, entry, ObjectState.FAILED) for entry in members],
        failures=[
            FailureDraft(key=entry[0], version=b"", phase="copy", code="denied", text="why")
            for entry in members
        ],
    )
    yield made
    await made.close()


class Ending(Reins):
    """Reins that end their job at the third look."""

    looks = 0

    async def checkpoint(self) -> None:
        self.looks += 1
        if self.looks == 3:
            raise JobCancelled


@pytest.mark.parametrize("listed", [False, True])
async def test_i5_a_skip_goes_on_behind_its_last_page(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, *, listed: bool
) -> None:
    monkeypatch.setattr(choosing, "PAGE", 2)
    wish = Wish(deed=Deed.SKIP, code="denied", reason="old")
    if listed:
        wish = wish.of([row.cursor for row in await ledger.failures()])
    for deed, kind in ((wish, JobKind.SKIP), (Wish(deed=Deed.UNSKIP), JobKind.UNSKIP)):
        job = await ledger.add_job(kind, {}, "op1", str(kind))
        skipping = Skipping(ledger, deed, job=job, actor="op1")
        ending = Ending(id=job, kind=kind)
        with pytest.raises(JobCancelled):
            await skipping.run(ending, Hold(ledger, ending))
        assert (await _progress(ledger, job)).taken == 4
        await ledger.recount()
        reins = Reins(id=job, kind=kind)
        await skipping.run(reins, Hold(ledger, reins))
        assert (await _progress(ledger, job)).taken == OBJECTS
        await ledger.recount()
    counted = await ledger.counters()
    assert (counted.failed, counted.skipped) == (OBJECTS, 0)
    assert (counted.skips_made, counted.skips_undone) == (OBJECTS, OBJECTS)
    told = [event.text for event in await ledger.last_events(99) if event.kind == "skip"]
    assert told[0] == "2 failed objects skipped: old"
    assert len(told) == 10


async def test_only_the_last_plans_are_remembered(ledger: Ledger, tmp_path: Path) -> None:
    workspace = Workspace(
        id="9f2c1a7e",
        source=PosixSource(path=tmp_path / "gw"),
        target=DirTarget(path=tmp_path / "out"),
    )
    plans = ActPlans(ledger, workspace)
    made = [await plans.make(Wish(deed=Deed.RETRY), (), patience_s=30) for _ in range(KEPT + 1)]
    with pytest.raises(WrongState, match="forgotten"):
        plans.get(made[0].id)
    assert plans.get(made[1].id).total.objects == OBJECTS
    assert (await plans.confirmed(Deed.RETRY, made[0].hash)).deed is Deed.RETRY
    await plans.close()


async def _progress(ledger: Ledger, job: int) -> ActProgress:
    row = await ledger.job(job)
    assert row is not None
    return ActProgress.parse(row.progress)
