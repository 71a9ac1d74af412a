"""Whose a row is: ours by mark and content, or by content and time."""

from __future__ import annotations

import json

import pytest

from core.target import profile as profiles
from core.target.ours import Mark, Ours
from core.target.shape import Source
from tests.integration.target_table.making import MTIME_NS, WORKSPACE, make_rows, with_value

GUIDE = profiles.load("guide")
EXTENDED = profiles.load("extended")
MARK = Mark("bafy-one", MTIME_NS)


@pytest.mark.parametrize("profile", [GUIDE, EXTENDED], ids=["guide", "extended"])
def test_a_row_as_it_was_written_is_ours_and_with_other_content_it_is_not(
    profile: profiles.Profile,
) -> None:
    (row,) = make_rows(profile, "b", ["k"], cid="bafy-one")
    ours = Ours(profile, WORKSPACE)
    assert ours.still(row, MARK)
    assert ours.cid(row) == "bafy-one"
    assert not ours.still(with_value(profile, row, Source.CID, "bafy-two"), MARK)
    assert not ours.still(with_value(profile, row, Source.CID, None), MARK)


def test_a_row_without_metadata_is_told_by_its_time() -> None:
    (row,) = make_rows(EXTENDED, "b", ["k"], cid="bafy-one")
    ours = Ours(EXTENDED, WORKSPACE)
    assert not ours.still(with_value(EXTENDED, row, Source.MODIFIED, 1), MARK)
    assert not ours.wrote(row)
    assert ours.root(row) is None


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        "",
        "no json",
        "[]",
        "{}",
        '{"vgwm":"9f2c1a7e"}',
        '{"vgwm":{"plan":"00000000","bundle":1}}',
        '{"user":{"vgwm":"{\\"plan\\":\\"9f2c1a7e\\"}"}}',
    ],
)
def test_i10_a_row_with_another_mark_is_not_ours(metadata: str | None) -> None:
    (row,) = make_rows(GUIDE, "b", ["k"], cid="bafy-one")
    theirs = with_value(GUIDE, row, Source.METADATA, metadata)
    assert not Ours(GUIDE, WORKSPACE).wrote(theirs)
    assert not Ours(GUIDE, WORKSPACE).still(theirs, MARK)
    assert Ours(GUIDE, WORKSPACE).root(theirs) is None


def test_another_workspace_is_somebody_else() -> None:
    (row,) = make_rows(GUIDE, "b", ["k"], cid="bafy-one")
    assert not Ours(GUIDE, "00000000").still(row, MARK)


def test_a_moved_row_names_its_new_root_and_nothing_else_changes() -> None:
    (row,) = make_rows(GUIDE, "b", ["k"], cid="bafy-one")
    ours = Ours(GUIDE, WORKSPACE)
    moved = ours.moved(row, "bafynew", "000004", 99)
    assert ours.root(moved) == "bafynew"
    at = GUIDE.objects.sources.index(Source.METADATA)
    before, after = json.loads(str(row[at])), json.loads(str(moved[at]))
    assert after.pop("pin") == {"path": "000004", "root": "bafynew"}
    assert after.pop("vgwm") == {"bundle": 99, "plan": WORKSPACE}
    del before["pin"], before["vgwm"]
    assert after == before
    assert [*moved[:at], *moved[at + 1 :]] == [*row[:at], *row[at + 1 :]]
    # to the byte the text that a copy would have written
    assert ours.moved(moved, str(json.loads(str(row[at]))["pin"]["root"]), "000000", 17) == row
