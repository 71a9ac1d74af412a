"""Which jobs may be at work together, and that a kind nobody offers is refused."""

from __future__ import annotations

import pytest

from core.engine.jobs import beside, may_begin
from core.engine.offers import run_of
from core.errors import BadInput
from core.model import JobKind

READERS = {JobKind.ASSESS, JobKind.VERIFY, JobKind.BACKUP}


@pytest.mark.parametrize("other", [JobKind.PLAN, JobKind.COPY, JobKind.RETRY])
def test_a_sync_isbeside_nothing_that_plans_or_carries(other: JobKind) -> None:
    assert not beside(JobKind.SYNC, other)
    assert not beside(other, JobKind.SYNC)


@pytest.mark.parametrize("alone", [JobKind.REPAIR, JobKind.REBUILD, JobKind.RESTORE])
@pytest.mark.parametrize("other", [JobKind.PLAN, JobKind.COPY, JobKind.SYNC, JobKind.SKIP])
def test_what_rewrites_the_table_isbeside_no_writer(alone: JobKind, other: JobKind) -> None:
    assert not beside(alone, other)
    assert not beside(other, alone)


@pytest.mark.parametrize("switch", [JobKind.CUTOVER, JobKind.REHEARSE, JobKind.ROLLBACK])
@pytest.mark.parametrize(
    "other",
    [JobKind.PLAN, JobKind.COPY, JobKind.RETRY, JobKind.SYNC, JobKind.REPAIR, JobKind.RESTORE],
)
def test_what_switches_traffic_is_beside_no_writer(switch: JobKind, other: JobKind) -> None:
    assert not beside(switch, other)
    assert not beside(other, switch)


def test_a_switch_is_beside_no_other_switch_but_the_copy_back_runs_on() -> None:
    assert not beside(JobKind.CUTOVER, JobKind.ROLLBACK)
    assert not beside(JobKind.REHEARSE, JobKind.CUTOVER)
    assert beside(JobKind.REVERSE, JobKind.ROLLBACK)
    assert beside(JobKind.CUTOVER, JobKind.REVERSE)
    assert not beside(JobKind.REVERSE, JobKind.REPAIR)


@pytest.mark.parametrize("reader", sorted(READERS))
def test_readers_arebeside_anything_but_their_own_kind(reader: JobKind) -> None:
    assert all(beside(reader, other) for other in JobKind if other is not reader)
    assert not beside(reader, reader)


def test_a_kind_that_nobody_offers_is_refused_and_never_runs_as_another() -> None:
    with pytest.raises(BadInput, match="no job of kind verify"):
        run_of((), JobKind.VERIFY, {})


@pytest.mark.parametrize("other", [JobKind.PLAN, JobKind.COPY, JobKind.RETRY, JobKind.SYNC])
def test_a_way_back_waits_for_nothing_that_goes_forward_but_they_wait_for_it(
    other: JobKind,
) -> None:
    assert may_begin(JobKind.ROLLBACK, other)
    assert not may_begin(other, JobKind.ROLLBACK)


@pytest.mark.parametrize(
    "other", [JobKind.CUTOVER, JobKind.REHEARSE, JobKind.REPAIR, JobKind.ROLLBACK]
)
def test_a_way_back_waits_for_what_steers_or_rewrites(other: JobKind) -> None:
    assert not may_begin(JobKind.ROLLBACK, other)
