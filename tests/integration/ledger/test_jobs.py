from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import WrongState
from core.ledger.rows import EventDraft
from core.model import ENDED, JobKind, JobState

if TYPE_CHECKING:
    from core.ledger.ledger import Ledger


async def test_a_repeated_request_gives_the_same_job(ledger: Ledger) -> None:
    first = await ledger.add_job(JobKind.COPY, {"workers": "4"}, "op1", "r-1")
    assert await ledger.add_job(JobKind.COPY, {"workers": "4"}, "op1", "r-1") == first
    other = await ledger.add_job(JobKind.PLAN, {}, "op1", "r-2")
    assert other != first
    assert [job.id for job in await ledger.jobs()] == [other, first]


async def test_the_newest_of_each_kind_is_shown_however_old_it_is(ledger: Ledger) -> None:
    old = await ledger.add_job(JobKind.COPY, {}, "op1", "r-0")
    copy = await ledger.add_job(JobKind.COPY, {}, "op1", "r-1")
    rest = [await ledger.add_job(JobKind.VERIFY, {}, "op1", f"v-{n}") for n in range(3)]
    shown = [job.id for job in await ledger.shown_jobs(2)]
    assert shown == [rest[2], rest[1], copy]
    assert old not in shown


async def test_a_job_keeps_what_it_was_given_and_when(ledger: Ledger) -> None:
    number = await ledger.add_job(JobKind.COPY, {"a": "ß"}, "op1", "r")
    job = await ledger.job(number)
    assert job
    assert (job.kind, job.state, job.args) == (JobKind.COPY, JobState.QUEUED, {"a": "ß"})
    assert (job.actor, job.request_id) == ("op1", "r")
    assert (job.began_ns, job.ended_ns, job.reason) == (None, None, "")


async def test_a_job_begins_once_and_ends_once(ledger: Ledger) -> None:
    number = await ledger.add_job(JobKind.COPY, {}, "op1", "r")
    await ledger.job_state(number, JobState.RUNNING)
    began = await ledger.job(number)
    await ledger.job_state(number, JobState.PAUSED, reason="by op1")
    await ledger.job_state(number, JobState.RUNNING)
    await ledger.job_state(number, JobState.DONE, result='{"objects":3}')
    ended = await ledger.job(number)
    assert began
    assert ended
    assert ended.began_ns == began.began_ns
    assert ended.ended_ns
    assert (ended.state, ended.result) == (JobState.DONE, '{"objects":3}')


@pytest.mark.parametrize("end", sorted(ENDED))
async def test_an_ended_job_stays_so(ledger: Ledger, end: JobState) -> None:
    number = await ledger.add_job(JobKind.COPY, {}, "op1", "r")
    await ledger.job_state(number, end)
    with pytest.raises(WrongState, match=end):
        await ledger.job_state(number, JobState.RUNNING, event=EventDraft(kind="job", text="again"))
    assert await ledger.last_seq() == 0


async def test_an_unknown_job_is_said_to_be_unknown(ledger: Ledger) -> None:
    assert await ledger.job(7) is None
    with pytest.raises(WrongState, match="no job 7"):
        await ledger.job_state(7, JobState.RUNNING)


async def test_knobs_are_kept_with_who_set_them(ledger: Ledger) -> None:
    await ledger.set_knobs({"workers": "8", "bandwidth": "off"}, "op1")
    await ledger.set_knobs(
        {"workers": "10"}, "op2", EventDraft(kind="knob", text="workers 8 -> 10", actor="op2")
    )
    found = {knob.name: (knob.value, knob.actor) for knob in await ledger.knobs()}
    assert found == {"workers": ("10", "op2"), "bandwidth": ("off", "op1")}
    (event,) = await ledger.events(0, 10)
    assert (event.actor, event.text) == ("op2", "workers 8 -> 10")
