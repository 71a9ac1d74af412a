"""Wishes and the hash of what they come to: stored and read back, and different for each world."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.acts.progress import ActProgress, RetryFigures
from core.engine.acts.wish import CORRUPT, Deed, Wish, WishHash
from core.ledger.failure_looks import Standing
from core.ledger.rows import Disposition
from core.model import ObjectState

PLACES = st.tuples(st.integers(0, 2**40), st.binary(max_size=40), st.binary(max_size=26))
WISHES = st.builds(
    Wish,
    deed=st.sampled_from(Deed),
    code=st.text(max_size=10),
    phase=st.text(max_size=10),
    prefix=st.binary(max_size=20),
    places=st.none() | st.lists(PLACES, max_size=5).map(tuple),
    reason=st.text(max_size=30),
    max_attempts=st.integers(0, 100),
)

ONE = Standing(
    bucket_id=1,
    key=b"a",
    version=b"",
    state=ObjectState.FAILED,
    size_bytes=5,
    disposition="failed",
    phase="copy",
    code="denied",
    tries=1,
    last_ns=7,
    ino=1,
    mtime_ns=1,
    ctime_ns=1,
)


@given(WISHES)
def test_a_wish_reads_back_as_its_job_stores_it(wish: Wish) -> None:
    assert Wish.parse(wish.stored()) == wish


@given(
    st.builds(
        ActProgress,
        taken=st.integers(0),
        taken_bytes=st.integers(0),
        last=st.none() | PLACES,
        whole=st.booleans(),
        migrated=st.integers(0),
        gone=st.integers(0),
        figures=st.none()
        | st.builds(
            RetryFigures,
            queued=st.integers(0),
            recovered=st.integers(0),
            gone=st.integers(0),
            waiting=st.integers(0),
        ),
    )
)
def test_progress_reads_back_as_its_job_stores_it(progress: ActProgress) -> None:
    assert ActProgress.parse(progress.text()) == progress


def hash_of(*objects: Standing, wish: Wish, workspace: str = "9f2c1a7e") -> str:
    made = WishHash(workspace, wish)
    for one in objects:
        made.add(one)
    return made.text


SKIP = Wish(deed=Deed.SKIP, reason="old")


@pytest.mark.parametrize(
    "other",
    [
        ONE._replace(bucket_id=2),
        ONE._replace(key=b"b"),
        ONE._replace(version=b"1"),
        ONE._replace(code="io_error"),
        ONE._replace(tries=2),
        ONE._replace(last_ns=8),
    ],
)
def test_i8_an_object_that_stands_otherwise_is_another_plan(other: Standing) -> None:
    assert hash_of(other, wish=SKIP) != hash_of(ONE, wish=SKIP)


@pytest.mark.parametrize(
    "other",
    [
        replace(SKIP, reason="new"),
        replace(SKIP, deed=Deed.UNSKIP),
        Wish(deed=Deed.RETRY, reason="old", max_attempts=3),
    ],
)
def test_i8_another_act_or_reason_is_another_plan(other: Wish) -> None:
    assert hash_of(ONE, wish=other) != hash_of(ONE, wish=SKIP)


def test_i8_one_object_more_is_another_plan_and_each_workspace_has_its_own() -> None:
    assert hash_of(ONE, ONE._replace(key=b"b"), wish=SKIP) != hash_of(ONE, wish=SKIP)
    assert hash_of(ONE, wish=SKIP, workspace="other") != hash_of(ONE, wish=SKIP)
    assert hash_of(ONE, wish=SKIP) == hash_of(ONE, wish=SKIP)
    assert len(hash_of(wish=SKIP)) == 8


def test_what_a_wish_looks_at() -> None:
    corrupt = Wish(deed=Deed.SKIP, code=CORRUPT).filter
    assert (corrupt.code, corrupt.disposition) == ("", Disposition.FAILED)
    assert Wish(deed=Deed.UNSKIP, code="denied").filter.disposition == Disposition.WAIVED
    assert Wish(deed=Deed.RETRY, code="denied").filter.code == "denied"
