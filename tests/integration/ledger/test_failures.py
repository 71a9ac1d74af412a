from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.redact import HIDDEN
from core.errors import WrongState
from core.ledger.rows import Disposition, FailureDraft
from core.model import ObjectState, Skip, Unrepresentable
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from core.ledger.ledger import Ledger


ROUND = 7


def draft(key: bytes, code: str) -> FailureDraft:
    return FailureDraft(key=key, version=b"", phase="copy", code=code, text="why")


@pytest.fixture
async def failed(ledger: Ledger, bucket: int) -> int:
    """Give up six objects of three classes, in a bundle of eight; return its number."""
    members = scene.entries(0, 8)
    number = await scene.planned(ledger, bucket, members)
    await scene.pinned(ledger, number)
    codes = ["denied", "denied", "denied", "bad_checksum", "bad_checksum", "read_error"]
    await ledger.record(
        number,
        [scene.row(bucket, entry, ObjectState.FAILED) for entry in members[:6]]
        + [scene.row(bucket, entry) for entry in members[6:]],
        failures=[
            FailureDraft(key=entry[0], version=b"", phase="copy", code=code, text="why")
            for entry, code in zip(members, codes, strict=False)
        ],
    )
    return number


async def test_pages_of_failures_follow_each_other(ledger: Ledger, failed: int) -> None:
    assert failed
    seen = await ledger.failures(limit=4)
    while page := await ledger.failures(seen[-1].cursor, limit=4):
        seen += page
    assert [row.key for row in seen] == [entry[0] for entry in scene.entries(0, 6)]


async def test_failures_are_found_by_class_and_by_prefix(ledger: Ledger, failed: int) -> None:
    assert failed
    assert len(await ledger.failures(code="denied")) == 3
    assert len(await ledger.failures(prefix=b"photos/photos/00000")) == 6
    (row,) = await ledger.failures(code="bad_checksum", prefix=b"photos/photos/000004")
    assert row.key == b"photos/000004"
    assert await ledger.failures(prefix=b"photos/x") == []


async def test_causes_are_counted_the_largest_first(ledger: Ledger, failed: int) -> None:
    assert failed
    causes = await ledger.causes()
    assert [(cause.code, cause.objects) for cause in causes] == [
        ("denied", 3),
        ("bad_checksum", 2),
        ("read_error", 1),
    ]
    assert causes[0].example
    assert causes[0].example.code == "denied"


async def test_failed_objects_can_be_tried_again_as_if_never_tried(
    ledger: Ledger, bucket: int, failed: int
) -> None:
    found = await ledger.failed_entries(bucket, limit=4)
    assert len(found) == 4
    second = await ledger.next_bundle_id()
    assert await ledger.mending.retry(7, bucket, [scene.bundle_of(second, found)]) == 4
    counted = await ledger.counters()
    assert (counted.failed, counted.remaining, counted.migrated) == (2, 4, 2)
    assert counted.remaining_bytes == 4 * 4_096
    old, new = await ledger.bundle(failed), await ledger.bundle(second)
    assert old
    assert new
    assert (old.objects, new.objects, new.tries) == (4, 4, 0)
    assert await ledger.bundle_entries(new) == found
    await ledger.recount()
    await scene.recorded(ledger, bucket, second, found)
    assert len(await ledger.failed_entries(bucket)) == 2
    await ledger.recount()


async def test_what_is_not_failed_is_not_tried_again(
    ledger: Ledger, bucket: int, failed: int
) -> None:
    assert failed
    second = await ledger.next_bundle_id()
    with pytest.raises(WrongState, match="not failed"):
        await ledger.mending.retry(7, bucket, [scene.bundle_of(second, scene.entries(4, 3))])
    assert (await ledger.counters()).failed == 6
    assert await ledger.bundle(second) is None


async def test_a_retrys_bundles_are_a_round_of_their_own(
    ledger: Ledger, bucket: int, failed: int
) -> None:
    assert failed
    planned = await scene.planned(ledger, bucket, scene.entries(100, 2))
    members = [scene.entries(0, 1)[0], scene.entries(5, 1)[0]]  # their range encloses four others
    second, third = await ledger.next_bundle_id(), await ledger.next_bundle_id()
    await ledger.mending.retry(ROUND, bucket, [scene.bundle_of(second, members)])
    assert [one.id for one in await ledger.open_bundles(0, 9, ROUND)] == [second]
    assert [one.id for one in await ledger.open_bundles(0, 9)] == [planned, second]
    (retried,) = await ledger.open_bundles(0, 9, ROUND)
    assert await ledger.bundle_entries(retried) == members
    await scene.pinned(ledger, second)
    await ledger.record(
        second,
        [scene.row(bucket, members[0])],
        failures=[draft(members[1][0], "source_changed")],
        requeued=[scene.bundle_of(third, members[1:])],
    )
    (again,) = await ledger.open_bundles(0, 9, ROUND)
    assert (again.id, again.tries) == (third, 1)
    assert await ledger.bundle_entries(again) == members[1:]
    waiting = [row for row in await ledger.failures() if row.bundle_id == third]
    assert [row.disposition for row in waiting] == [Disposition.REQUEUED]
    await ledger.recount()
    await ledger.record(
        third,
        [scene.row(bucket, members[1], ObjectState.FAILED)],
        failures=[draft(members[1][0], "source_changed")],
    )
    last = [row for row in await ledger.failures() if row.key == members[1][0]]
    assert [(row.tries, row.disposition) for row in last] == [(3, Disposition.FAILED)]
    assert (await ledger.counters()).failed == 5
    assert await ledger.failed.ever() == {
        ("copy", "denied"): 3,  # one of them came through since
        ("copy", "bad_checksum"): 2,
        ("copy", "read_error"): 1,
        ("copy", "source_changed"): 1,
    }
    await ledger.recount()


async def test_a_retried_bundle_that_is_given_up_fails_its_own_members_alone(
    ledger: Ledger, bucket: int, failed: int
) -> None:
    assert failed
    members = [scene.entries(0, 1)[0], scene.entries(5, 1)[0]]
    second = await ledger.next_bundle_id()
    await ledger.mending.retry(ROUND, bucket, [scene.bundle_of(second, members)])
    assert await ledger.fail_bundle(second, code="io_error", text="no") == 2
    assert [row.key for row in await ledger.failures(code="io_error")] == [m[0] for m in members]
    assert (await ledger.counters()).failed == 6
    await ledger.recount()


async def test_i4_a_skip_that_is_taken_back_leaves_the_failure_as_it_was(
    ledger: Ledger, bucket: int, failed: int
) -> None:
    assert failed
    before = await ledger.failures()
    places = {bucket: [entry[:2] for entry in scene.entries(0, 2)]}
    await ledger.mending.waive(places, who="op1", why="old")
    assert await ledger.mending.unwaive(places) == 2
    assert await ledger.failures() == before
    counted = await ledger.counters()
    assert (counted.failed, counted.skips_made, counted.skips_undone) == (6, 2, 2)
    with pytest.raises(WrongState):
        await ledger.mending.unwaive(places)
    await ledger.recount()


async def test_a_skip_of_the_walk_is_no_operators_to_take_back(ledger: Ledger, bucket: int) -> None:
    await ledger.plan_page(
        bucket,
        bundles=[],
        skips=[Skip(b"zz", b"", Unrepresentable.SPECIAL_FILE, "a pipe")],
        cursor=(b"zz", b""),
    )
    with pytest.raises(WrongState):
        await ledger.mending.unwaive({bucket: [(b"zz", b"")]})
    await ledger.recount()


async def test_i4_skipped_by_the_operator_is_an_end_state_with_its_reason(
    ledger: Ledger, bucket: int, failed: int
) -> None:
    assert failed
    places = [entry[:2] for entry in scene.entries(3, 2)]
    done = await ledger.mending.waive({bucket: places}, who="op1", why="broken since 2019")
    assert done == 2
    counted = await ledger.counters()
    assert (counted.failed, counted.skipped, counted.remaining) == (4, 2, 0)
    assert counted.remaining_bytes == 0
    skipped = await ledger.failures(code="bad_checksum")
    assert {(row.disposition, row.who, row.why) for row in skipped} == {
        (Disposition.WAIVED, "op1", "broken since 2019")
    }
    await ledger.recount()
    with pytest.raises(WrongState, match="not failed"):
        await ledger.mending.waive({bucket: places}, who="op1", why="twice")


async def test_i9_a_secret_in_an_error_body_is_not_stored(ledger: Ledger, bucket: int) -> None:
    members = scene.entries(0, 1)
    number = await scene.planned(ledger, bucket, members)
    text = "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/2024, Signature=00ff00ff"
    await ledger.fail_bundle(number, code="denied", text=text)
    await ledger.plan_page(
        bucket,
        bundles=[],
        skips=[Skip(b"zz", b"", Unrepresentable.UNREADABLE, text)],
        cursor=(b"zz", b""),
    )
    for row in await ledger.failures():
        assert "00ff00ff" not in row.text
        assert HIDDEN in row.text
