"""The rows of `cutover`: where slices stand, which flips stand, which runs there were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.ledger.cutovers import FLIP, CutoverDraft
from core.ledger.ledger import Ledger
from core.ledger.rows import EventDraft, LedgerIdentity
from core.model import JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    identity = LedgerIdentity(workspace="9f2c1a7e", source_dev=1, source_ino=2, profile="p")
    opened = await Ledger.open(tmp_path / "ledger.db", identity)
    yield opened
    await opened.close()


async def add(  # noqa: PLR0913, PLR0917 - what a row is
    ledger: Ledger,
    run: str,
    slice_: str,
    state: str,
    step: str,
    phase: str,
    plan: bytes | None = None,
) -> int:
    draft = CutoverDraft(
        run=run, slice=slice_, state=state, step=step, phase=phase, actor="ann", plan=plan
    )
    event = EventDraft(kind="cutover", text=f"{state} {step} {phase}")
    return await ledger.cutting.append(draft, event)


async def test_a_row_stands_with_its_event_and_is_read_as_it_was_written(ledger: Ledger) -> None:
    number = await add(ledger, "w-1", "all", "PLANNED", "plan", "done", b"{}")
    row = (await ledger.cutovers.of_run("w-1"))[0]
    assert (row.seq, row.state, row.step, row.phase) == (number, "PLANNED", "plan", "done")
    assert (row.actor, row.plan, row.data) == ("ann", b"{}", "")
    assert [one.text for one in await ledger.events(0, 10)][-1] == "PLANNED plan done"
    assert await ledger.cutovers.of_run("w-1", after=number) == []


async def test_each_slice_stands_in_its_newest_row_whatever_its_run(ledger: Ledger) -> None:
    await add(ledger, "w-1", "one", "FENCE", "proof", "done")
    await add(ledger, "w-2", "two", "FENCE", "proof", "done")
    await add(ledger, "w-3", "one", "FENCE_GREEN", "lb-green_ro", "intent")
    newest = [(row.slice, row.run, row.state) for row in await ledger.cutovers.newest()]
    assert newest == [("one", "w-3", "FENCE_GREEN"), ("two", "w-2", "FENCE")]
    runs = await ledger.cutovers.runs(2)
    assert [(first.run, last.run) for first, last in runs] == [("w-3", "w-3"), ("w-2", "w-2")]


async def test_a_flip_stands_until_it_is_taken_back_and_its_first_row_counts(
    ledger: Ledger,
) -> None:
    await add(ledger, "w-1", "one", "SWITCH_WRITES", FLIP, "intent")
    assert await ledger.cutovers.flips() == []
    first = await add(ledger, "w-1", "one", "SWITCH_WRITES", FLIP, "done")
    await add(ledger, "w-1", "one", "SWITCH_WRITES", FLIP, "done")
    other = await add(ledger, "w-2", "two", "SWITCH_WRITES", FLIP, "done")
    assert [row.seq for row in await ledger.cutovers.flips()] == [first, other]
    await add(ledger, "w-3", "one", "SWITCH_BACK", FLIP, "undone")
    assert [row.seq for row in await ledger.cutovers.flips()] == [other]
    again = await add(ledger, "w-4", "one", "SWITCH_WRITES", FLIP, "done")
    assert [row.seq for row in await ledger.cutovers.flips()] == [again, other]


async def test_i9_what_a_program_said_is_stored_without_its_secrets(ledger: Ledger) -> None:
    said = '{"deadline_ns":17,"why":"hook ended with 1: token=pl4ntedT0ken"}'
    for data in (said, "hook ended with 1: token=pl4ntedT0ken"):
        draft = CutoverDraft(
            run="w-1",
            slice="all",
            state="FENCE",
            step="proof",
            phase="undone",
            actor="ann",
            data=data,
        )
        await ledger.cutting.append(draft)
    first, second = await ledger.cutovers.of_run("w-1")
    assert first.data == '{"deadline_ns":17,"why":"hook ended with 1: token=[secret]"}'
    assert second.data == "hook ended with 1: token=[secret]"


async def test_i9_a_job_s_end_is_stored_without_secrets(ledger: Ledger) -> None:
    job = await ledger.add_job(JobKind.CUTOVER, {}, "ann", "r", EventDraft(kind="job", text="-"))
    result = '{"code":"refused","what":"hook ended with 1: token=pl4ntedT0ken"}'
    await ledger.job_state(job, JobState.FAILED, reason="token=pl4ntedT0ken", result=result)
    row = await ledger.job(job)
    assert row is not None
    assert row.result == '{"code":"refused","what":"hook ended with 1: token=[secret]"}'
    assert row.reason == "token=[secret]"
