"""A walk's entries against the ledger's rows: what differs, and what is left alone."""

from __future__ import annotations

import pytest

from core.engine.syncing.merge import Differences, Moved, compare
from core.ledger.rows import RACY
from core.ledger.sync_looks import StoredObject
from core.model import Cid, ObjectState, Skip, Unrepresentable

ENTRY = (b"k", b"", 5, 11, 1_000, 2_000)
SKIP = Skip(b"k", b"", Unrepresentable.SYMLINK, "a symlink")


def stored(
    state: ObjectState, *, bundle: int | None = 1, mh: int | None = 7, **other: int
) -> StoredObject:
    values = {"size_bytes": 5, "ino": 11, "mtime_ns": 1_000, "ctime_ns": 2_000} | other
    return StoredObject(b"k", b"", state, **values, cid=Cid(b"c"), mh=mh, bundle=bundle)


def test_what_stands_still_is_no_difference() -> None:
    assert compare([ENTRY], [], [stored(ObjectState.RECORDED)]) == Differences()


@pytest.mark.parametrize("stamp", ["size_bytes", "ino", "mtime_ns", "ctime_ns"])
def test_any_other_stamp_is_a_change_also_an_older_one(stamp: str) -> None:
    row = stored(ObjectState.RECORDED, **{stamp: 9_999})
    assert compare([ENTRY], [], [row]).moved == [Moved(ENTRY, row)]


def test_a_racy_row_is_looked_at_again_and_said_to_be_no_change() -> None:
    (moved,) = compare([ENTRY], [], [stored(ObjectState.RECORDED, ctime_ns=RACY)]).moved
    assert moved.only_racy
    other = stored(ObjectState.RECORDED, ctime_ns=RACY, size_bytes=4)
    assert not compare([ENTRY], [], [other]).moved[0].only_racy


@pytest.mark.parametrize(("since_ns", "looked"), [(2_001, False), (2_000, True), (0, True)])
def test_since_only_widens(since_ns: int, *, looked: bool) -> None:
    found = compare([ENTRY], [], [stored(ObjectState.RECORDED)], since_ns=since_ns)
    assert bool(found.moved) is looked


@pytest.mark.parametrize("state", [ObjectState.PLANNED, ObjectState.DIRTY])
def test_what_is_open_is_left_to_its_bundle(state: ObjectState) -> None:
    row = stored(state, ino=99)
    assert compare([ENTRY], [], [row]) == Differences()
    assert compare([], [], [row]) == Differences()
    assert compare([], [SKIP], [row]) == Differences()


def test_a_tombstone_is_taken_back_only_for_the_object_that_it_was() -> None:
    assert compare([ENTRY], [], [stored(ObjectState.GONE)]).back == [ENTRY]
    assert compare([ENTRY], [], [stored(ObjectState.GONE, ino=99)]).again == [ENTRY]
    assert compare([ENTRY], [], [stored(ObjectState.GONE, mh=None)]).again == [ENTRY]


def test_what_was_gone_for_good_is_new_again() -> None:
    assert compare([ENTRY], [], [stored(ObjectState.GONE_APPLIED)]).added == [ENTRY]


def test_a_failed_object_is_read_again_once_it_changed() -> None:
    assert compare([ENTRY], [], [stored(ObjectState.FAILED)]) == Differences()
    assert compare([ENTRY], [], [stored(ObjectState.FAILED, ino=99)]).again == [ENTRY]


def test_a_walks_skip_that_is_an_object_now_is_new_and_an_operators_stays() -> None:
    assert compare([ENTRY], [], [stored(ObjectState.SKIPPED, bundle=None)]).added == [ENTRY]
    assert compare([ENTRY], [], [stored(ObjectState.SKIPPED, ino=99)]) == Differences()


def test_an_object_that_no_gateway_serves_any_more_is_gone_first_and_a_skip_then() -> None:
    assert compare([], [SKIP], [stored(ObjectState.RECORDED)]).gone == [(b"k", b"")]
    assert compare([], [SKIP], [stored(ObjectState.GONE)]) == Differences()
    assert compare([], [SKIP], [stored(ObjectState.GONE_APPLIED)]).skips == [SKIP]
    assert compare([], [SKIP], []).skips == [SKIP]


@pytest.mark.parametrize("state", [ObjectState.RECORDED, ObjectState.FAILED, ObjectState.SKIPPED])
def test_what_the_ledger_alone_has_is_gone(state: ObjectState) -> None:
    assert compare([], [], [stored(state)]).gone == [(b"k", b"")]
    assert compare([], [], [stored(ObjectState.GONE)]) == Differences()


def test_versions_of_a_key_are_objects_of_their_own() -> None:
    old = (b"k", b"v1", 5, 11, 1_000, 2_000)
    found = compare([ENTRY, old], [], [stored(ObjectState.RECORDED)])
    assert (found.added, found.gone) == ([old], [])
