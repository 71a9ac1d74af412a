"""What is said of a key, case by case: its list, the kind, what was wanted and what was found."""

from __future__ import annotations

import pytest

from core.ledger.rows import RACY
from core.model import ObjectState
from core.target import profile as profiles
from core.verify.difference import Difference, Ill, Listed
from core.verify.key_judge import Case, KeyJudge, Kind, Said
from core.verify.sides import Look, PinSeen
from tests.unit.verify.joined import BUCKET, PLAN, World

KEY = b"a/b"
GONE = Look(here=False)
OTHER_PLAN = "ffffffff"


@pytest.fixture
def world() -> World:
    world = World()
    world.put(KEY)
    return world


def said(case: Case, *, recorded_only: bool = False) -> Said:
    return KeyJudge(profiles.load("guide"), PLAN, recorded_only=recorded_only).judge(case)


def only(told: Said) -> Difference:
    (line,) = told.lines
    assert told.listed is line.listed
    assert (line.bucket, line.key) == (BUCKET, KEY)
    return line


def in_state(case: Case, state: ObjectState) -> Case:
    assert case.kept is not None
    kept = (*case.kept[:6], int(state), *case.kept[7:])
    return case._replace(kept=kept)


def test_a_key_that_agrees_on_all_sides_is_equal(world: World) -> None:
    assert said(world.case(KEY)) == Said(listed=Listed.EQUAL)


@pytest.mark.parametrize(
    ("state", "ill", "field"),
    [
        (ObjectState.PLANNED, Ill.NOT_COPIED, "planned"),
        (ObjectState.FAILED, Ill.NOT_COPIED, "failed"),
        (ObjectState.DIRTY, Ill.SOURCE_MOVED, "dirty"),
        (ObjectState.GONE, Ill.NOT_COPIED, "gone"),
    ],
)
def test_what_is_under_way_is_missing_and_out_of_what_was_recorded(
    world: World, state: ObjectState, ill: Ill, field: str
) -> None:
    case = in_state(world.case(KEY), state)
    line = only(said(case))
    assert (line.listed, line.ill, line.field) == (Listed.MISSING, ill, field)
    assert said(case, recorded_only=True).kind is Kind.OUT


def test_a_key_that_came_since_the_newest_round_is_dirty_an_older_one_was_missed(
    world: World,
) -> None:
    case = world.case(KEY)._replace(kept=None, row=None)
    profile = profiles.load("guide")
    for began_s, ill in ((-1, Ill.SOURCE_MOVED), (1, Ill.SOURCE_MOVED), (3, Ill.NOT_COPIED)):
        round_ns = case.look.mtime_ns + began_s * 1_000_000_000
        judge = KeyJudge(profile, PLAN, recorded_only=False, round_ns=round_ns)
        assert only(judge.judge(case)).ill is ill
    foreign = case._replace(row=world.case(KEY).row)
    judge = KeyJudge(profile, PLAN, recorded_only=False, round_ns=1)
    assert only(judge.judge(foreign)).ill is Ill.NOT_COPIED, "a row that nobody knows is no lag"


def test_a_key_that_came_after_the_plan_is_missing_and_a_row_of_nobody_extra(world: World) -> None:
    case = world.case(KEY)._replace(kept=None)
    assert only(said(case._replace(row=None))).ill is Ill.NOT_COPIED
    assert only(said(case)).found == "a row that no copy of ours made"
    orphan = only(said(case._replace(look=GONE)))
    assert (orphan.listed, orphan.ill, orphan.found) == (
        Listed.EXTRA,
        Ill.ORPHAN_ROW,
        "a row of ours",
    )
    row = case.row
    assert row is not None
    theirs = (*row[:6], str(row[6]).replace(PLAN, OTHER_PLAN), row[7])
    assert only(said(case._replace(look=GONE, row=theirs))).found == f"of workspace {OTHER_PLAN}"
    bare = (*row[:6], "{}", row[7])
    assert only(said(case._replace(look=GONE, row=bare))).found == "a row of somebody else's"
    markless = KeyJudge(profiles.load("extended"), PLAN, recorded_only=False)
    assert only(markless.judge(case._replace(look=GONE, row=bare))).found == "a row without a mark"


def test_what_the_source_has_no_more_is_extra_while_its_row_is_there(world: World) -> None:
    case = world.case(KEY)._replace(look=GONE)
    line = only(said(case))
    assert (line.listed, line.ill) == (Listed.EXTRA, Ill.GONE_AT_SOURCE)
    for state in (ObjectState.RECORDED, ObjectState.GONE, ObjectState.GONE_APPLIED):
        assert said(in_state(case, state)._replace(row=None)).kind is Kind.GONE
        assert only(said(in_state(case, state))).ill is Ill.GONE_AT_SOURCE


def test_a_skipped_key_has_its_reason_elsewhere_and_may_have_no_row(world: World) -> None:
    case = in_state(world.case(KEY), ObjectState.SKIPPED)
    assert said(case._replace(row=None)).kind is Kind.SKIPPED
    assert only(said(case)).ill is Ill.ORPHAN_ROW


@pytest.mark.parametrize("field", ["size", "ino", "mtime_ns", "ctime_ns"])
def test_a_stamp_that_moved_is_dirty_and_nothing_else_is_said(world: World, field: str) -> None:
    case = world.case(KEY)
    look = case.look._replace(**{field: 7})  # type: ignore[arg-type] # a stamp is a number
    pin = PinSeen("x", ills=(("kubo-1", "unpinned"),))
    line = only(said(case._replace(look=look, pin=pin, row=None)))
    assert (line.listed, line.ill, line.found) == (Listed.MISSING, Ill.SOURCE_MOVED, "7")


def test_a_racy_row_goes_by_its_attributes(world: World) -> None:
    case = world.case(KEY)
    assert case.kept is not None
    racy = case._replace(kept=(*case.kept[:5], RACY, *case.kept[6:]))
    assert said(racy).listed is Listed.EQUAL
    moved = racy._replace(look=racy.look._replace(mh=racy.look.mh ^ 1))
    assert only(said(moved)).field == "metadata"


def test_each_member_that_differs_is_named_with_both_values(world: World) -> None:
    case = world.case(KEY)
    row = case.row
    assert row is not None
    text = str(row[6]).replace('"name":"u"', '"name":"w"').replace('"v":1', '"v":2')
    told = said(case._replace(row=(*row[:3], 11, *row[4:6], text, 0)))
    assert told.listed is Listed.DIFFER
    assert {(one.ill, one.field, one.wanted, one.found) for one in told.lines} == {
        (Ill.WRONG_SIZE, "size", "10", "11"),
        (Ill.WRONG_METADATA, "user", '{"name":"u"}', '{"name":"w"}'),
        (Ill.WRONG_METADATA, "v", "1", "2"),
    }


def test_metadata_that_is_no_json_differs_and_a_hostile_value_is_made_safe(world: World) -> None:
    case = world.case(KEY)
    row = case.row
    assert row is not None
    line = only(said(case._replace(row=(*row[:6], "\x1b[2J", row[7]))))
    assert (line.field, line.found) == ("metadata", "\\u{1b}[2J")
    null = only(said(case._replace(row=(*row[:6], None, row[7]))))
    assert (null.ill, null.found) == (Ill.WRONG_METADATA, "")


def test_i7_what_nobody_could_look_at_is_an_error_beside_what_is_known(world: World) -> None:
    case = world.case(KEY)
    unread = PinSeen(case.pin.root if case.pin else "", unread=(("kubo-2", "silent"),))
    line = only(said(case._replace(pin=unread)))
    assert (line.listed, line.ill, line.where) == (Listed.ERROR, Ill.UNREAD, "kubo-2")
    told = said(case._replace(pin=unread, row=None))
    assert told.listed is Listed.MISSING
    assert {one.ill for one in told.lines} == {Ill.NO_ROW, Ill.UNREAD}
    assert only(said(case._replace(pin=None))).ill is Ill.UNREAD
    assert only(said(case._replace(look=Look(here=True, unread="EIO")))).where == "source"


def test_each_allocation_without_the_pin_is_a_line_and_the_key_counts_once(world: World) -> None:
    case = world.case(KEY)
    root = case.pin.root if case.pin else ""
    pin = PinSeen(root, ills=(("kubo-1", "unpinned"), ("kubo-3", "pin_error")))
    told = said(case._replace(pin=pin))
    assert told.unpinned
    assert told.listed is Listed.DIFFER
    assert [(one.where, one.found) for one in told.lines] == list(pin.ills)


def test_bytes_that_a_look_found_bad_move_a_key_to_their_list(world: World) -> None:
    bad = Difference(Listed.DIFFER, BUCKET, KEY, b"", Ill.BAD_BYTES, where="kubo-1", bundle=1)
    told = said(world.case(KEY)._replace(found=[bad]))
    assert (told.listed, told.lines) == (Listed.DIFFER, [bad])


def test_a_version_and_a_marker_have_no_row(world: World) -> None:
    world.put(KEY, b"01V", size=3)
    world.put(b"gone", size=None)
    assert said(world.case(KEY, b"01V")).listed is Listed.EQUAL
    marker = world.case(b"gone")
    assert said(marker).listed is Listed.EQUAL
    row = world.rows[KEY]
    (line,) = said(marker._replace(row=(row[0], "gone", *row[2:]))).lines
    assert (line.listed, line.ill) == (Listed.EXTRA, Ill.ORPHAN_ROW)
