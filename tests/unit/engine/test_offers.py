"""Which jobs may be at work together, and that a kind nobody offers is refused."""

from __future__ import annotations

import pytest

from core.engine.jobs import _beside
from core.engine.offers import run_of
from core.errors import BadInput
from core.model import JobKind

READERS = {JobKind.ASSESS, JobKind.VERIFY, JobKind.BACKUP}


@pytest.mark.parametrize("other", [JobKind.PLAN, JobKind.COPY, JobKind.RETRY])
def test_a_sync_is_beside_nothing_that_plans_or_carries(other: JobKind) -> None:
    assert not _beside(JobKind.SYNC, other)
    assert not _beside(other, JobKind.SYNC)


@pytest.mark.parametrize("alone", [JobKind.REPAIR, JobKind.REBUILD, JobKind.RESTORE])
@pytest.mark.parametrize("other", [JobKind.PLAN, JobKind.COPY, JobKind.SYNC, JobKind.SKIP])
def test_what_rewrites_the_table_is_beside_no_writer(alone: JobKind, other: JobKind) -> None:
    assert not _beside(alone, other)
    assert not _beside(other, alone)


@pytest.mark.parametrize("reader", sorted(READERS))
def test_readers_are_beside_anything_but_their_own_kind(reader: JobKind) -> None:
    assert all(_beside(reader, other) for other in JobKind if other is not reader)
    assert not _beside(reader, reader)


def test_a_kind_that_nobody_offers_is_refused_and_never_runs_as_another() -> None:
    with pytest.raises(BadInput, match="no job of kind verify"):
        run_of((), JobKind.VERIFY, {})
