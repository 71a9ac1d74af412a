"""What stays behind, by class: counted once, and called what it is."""

from __future__ import annotations

import pytest

from core.control.report.left import HIDDEN, KEPT, NO_OBJECT, left, shown_fate
from core.model import Unrepresentable

TALLIES = {
    ("skip", "plan", "special_file"): 3,
    ("skip", "plan", "unreadable"): 2,
    ("failed", "copy", "denied"): 4,
    ("failed", "pin", "denied"): 1,
    ("waived", "copy", "denied"): 6,
    ("requeued", "copy", "changed"): 9,
}


def test_objects_are_gathered_by_fate_and_class_and_what_waits_is_none() -> None:
    rows = left(TALLIES, [], archive=True)
    assert {(one.fate, one.why): one.n for one in rows} == {
        ("never an object", "special_file"): 3,
        ("left behind", "unreadable"): 2,
        ("failed", "denied"): 5,
        ("given up", "denied"): 6,
    }
    assert all(one.whole for one in rows)


def test_a_tally_that_holds_the_walks_skips_counts_the_rest_alone() -> None:
    classes = [("special_file", 5), ("unreadable", 2), ("content_disposition", 7)]
    rows = [one for one in left(TALLIES, classes, archive=True) if not one.whole]
    assert {(one.fate, one.why): one.n for one in rows} == {
        ("never an object", "special_file"): 2,
        ("not shown", "content_disposition"): 7,
    }


def test_sums_that_do_not_fit_are_carried_and_not_left() -> None:
    assert left({}, [("integrity:bad-checksum", 2)], archive=True) == []


@pytest.mark.parametrize(
    ("archive", "fate"), [(True, "kept in the manifest"), (False, "left behind")]
)
def test_old_versions_are_left_behind_unless_they_are_archived(*, archive: bool, fate: str) -> None:
    assert shown_fate("noncurrent_version", archive=archive) == fate
    assert shown_fate("posix_owner_mode", archive=archive) == "kept in the manifest"


def test_no_class_has_two_fates() -> None:
    assert len(HIDDEN | KEPT | NO_OBJECT) == len(HIDDEN) + len(KEPT) + len(NO_OBJECT)
    assert set(Unrepresentable) >= HIDDEN | KEPT | NO_OBJECT
