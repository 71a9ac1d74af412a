from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.errors import Broken, WrongState
from core.ledger.rows import Disposition, EventDraft, FailureDraft
from core.model import BundleState, ObjectState
from tests.integration.ledger import scene
from tests.integration.ledger.scene import row

if TYPE_CHECKING:
    from pathlib import Path

    from core.ledger.ledger import Ledger

ALL_STATES = tuple(BundleState)


def draft(key: bytes, code: str = "source_changed") -> FailureDraft:
    return FailureDraft(key=key, version=b"", phase="copy", code=code, text="what happened")


async def bundle_state(ledger: Ledger, number: int) -> BundleState:
    found = await ledger.bundle(number)
    assert found
    return found.state


async def test_a_bundle_goes_all_the_way_and_is_counted(ledger: Ledger, bucket: int) -> None:
    members = scene.entries(0, 10)
    number = await scene.planned(ledger, bucket, members)
    await ledger.copying([number], "worker 3")
    assert await bundle_state(ledger, number) is BundleState.COPYING
    await ledger.copied(number, scene.ROOT, scene.PEERS, scene.COUNTS)
    (copied,) = await ledger.in_states(BundleState.COPIED, BundleState.PINNED)
    assert (copied.root, copied.allocations) == (scene.ROOT, scene.PEERS)
    await ledger.pinned([number])
    await ledger.record(number, [row(bucket, entry) for entry in members])
    assert await bundle_state(ledger, number) is BundleState.RECORDED
    counted = await ledger.counters()
    assert (counted.migrated, counted.migrated_bytes) == (10, 40_960)
    assert (counted.remaining, counted.remaining_bytes) == (0, 0)
    assert (counted.bundles, counted.bundles_recorded) == (1, 1)
    assert await ledger.counters(bucket) == counted
    await ledger.recount()


async def test_what_a_worker_found_is_stored_with_the_object(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    (entry,) = members = scene.entries(0, 1)
    number = await scene.planned(ledger, bucket, members)
    await scene.pinned(ledger, number)
    found = (1, scene.LEAF, b"e" * 16, 77, 5, 6, 7, -9, bucket, entry[0], entry[1])
    await ledger.record(number, [found])
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as conn:
        stored = conn.execute(
            "SELECT st,cid,etag,size,ino,mt,ct,mh,bid,key,ver,bun FROM objects"
        ).fetchall()
    assert stored == [(*found, number)]


@pytest.mark.parametrize("until", [BundleState.PLANNED, BundleState.COPYING, BundleState.COPIED])
async def test_i1_no_object_is_recorded_before_its_bundle_was_seen_pinned(
    ledger: Ledger, bucket: int, until: BundleState
) -> None:
    members = scene.entries(0, 3)
    number = await scene.planned(ledger, bucket, members)
    if until >= BundleState.COPYING:
        await ledger.copying([number], "worker 0")
    if until >= BundleState.COPIED:
        await ledger.copied(number, scene.ROOT, scene.PEERS, scene.COUNTS)
    before = await ledger.counters()
    with pytest.raises(WrongState, match=until.name.lower()):
        await ledger.record(number, [row(bucket, entry) for entry in members])
    assert await bundle_state(ledger, number) is until
    assert await ledger.counters() == before


async def test_i1_only_a_copied_bundle_can_be_pinned(ledger: Ledger, bucket: int) -> None:
    number = await scene.planned(ledger, bucket, scene.entries(0, 3))
    with pytest.raises(WrongState, match="planned"):
        await ledger.pinned([number])


async def test_i4_a_record_that_leaves_a_member_out_stores_nothing(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 5)
    number = await scene.planned(ledger, bucket, members)
    await scene.pinned(ledger, number)
    before, seq = await ledger.counters(), await ledger.last_seq()
    with pytest.raises(Broken, match="holds 5 open objects, its record names 4"):
        await ledger.record(
            number,
            [row(bucket, entry) for entry in members[:4]],
            event=EventDraft(kind="recorded", text="not so"),
        )
    assert (await ledger.counters(), await ledger.last_seq()) == (before, seq)
    await ledger.record(number, [row(bucket, entry) for entry in members])
    await ledger.recount()


async def test_i4_a_member_of_another_bundle_cannot_stand_in(ledger: Ledger, bucket: int) -> None:
    mine, others = scene.entries(0, 3), scene.entries(3, 3)
    number = await scene.planned(ledger, bucket, mine)
    await scene.planned(ledger, bucket, others)
    await scene.pinned(ledger, number)
    with pytest.raises(Broken):
        await ledger.record(number, [row(bucket, entry) for entry in [*mine[:2], others[0]]])
    with pytest.raises(Broken):
        await ledger.record(number, [row(bucket, entry) for entry in [*mine[:2], mine[0]]])
    await ledger.recount()
    assert (await ledger.counters()).migrated == 0


async def test_i3_a_doubled_answer_is_refused_and_changes_nothing(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 3)
    number = await scene.planned(ledger, bucket, members)
    await scene.recorded(ledger, bucket, number, members)
    before = await ledger.counters()
    with pytest.raises(WrongState, match="recorded"):
        await ledger.record(number, [row(bucket, entry) for entry in members])
    with pytest.raises(WrongState, match="recorded"):
        await ledger.copied(number, scene.ROOT, scene.PEERS, scene.COUNTS)
    await ledger.copying([number], "late")
    assert await bundle_state(ledger, number) is BundleState.RECORDED
    assert await ledger.counters() == before


async def test_an_object_that_grew_moves_the_totals_and_the_histogram(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 3)
    number = await scene.planned(ledger, bucket, members)
    await scene.pinned(ledger, number)
    rows = [row(bucket, members[0]), row(bucket, members[1], size=0), row(bucket, members[2])]
    await ledger.record(number, rows)
    counted = await ledger.counters()
    assert counted.size_bytes == counted.migrated_bytes == 8_192
    assert counted.histogram[0] == (1, 0)
    assert counted.histogram[2] == (2, 8_192)
    await ledger.recount()


async def test_objects_that_end_otherwise_are_counted_and_named(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 4)
    number = await scene.planned(ledger, bucket, members)
    await scene.pinned(ledger, number)
    states = [
        ObjectState.RECORDED,
        ObjectState.FAILED,
        ObjectState.GONE_APPLIED,
        ObjectState.RECORDED,
    ]
    await ledger.record(
        number,
        [row(bucket, entry, state) for entry, state in zip(members, states, strict=True)],
        failures=[draft(members[1][0], "denied")],
    )
    counted = await ledger.counters()
    assert (counted.migrated, counted.failed, counted.gone, counted.remaining) == (2, 1, 1, 0)
    assert counted.remaining_bytes == 0
    (failure,) = await ledger.failures()
    assert (failure.key, failure.code, failure.tries) == (members[1][0], "denied", 1)
    assert failure.disposition is Disposition.FAILED
    await ledger.recount()


async def test_i4_a_failed_object_needs_a_reason(ledger: Ledger, bucket: int) -> None:
    members = scene.entries(0, 1)
    number = await scene.planned(ledger, bucket, members)
    with pytest.raises(Broken, match="no reason"):
        await ledger.record(number, [row(bucket, members[0], ObjectState.FAILED)])
    assert (await ledger.counters()).failed == 0


async def test_a_bundle_of_which_nothing_is_left_needs_no_root(ledger: Ledger, bucket: int) -> None:
    members = scene.entries(0, 2)
    number = await scene.planned(ledger, bucket, members)
    await ledger.record(number, [row(bucket, entry, ObjectState.GONE_APPLIED) for entry in members])
    counted = await ledger.counters()
    assert (counted.gone, counted.bundles_recorded) == (2, 1)
    await ledger.recount()


async def test_changed_objects_go_round_again_in_a_bundle_one_try_older(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 10)
    number = await scene.planned(ledger, bucket, members)
    await scene.pinned(ledger, number)
    # seen with another size and fingerprint when they were read
    changed = [(*entry[:2], 10_000, 1, 2, 3) for entry in members[3:5]]
    second = await ledger.next_bundle_id()
    await ledger.record(
        number,
        [row(bucket, entry) for entry in members if entry not in members[3:5]],
        requeued=[scene.bundle_of(second, changed)],
        failures=[draft(changed[0][0]), draft(changed[1][0])],
    )
    counted = await ledger.counters()
    assert (counted.migrated, counted.remaining, counted.requeued) == (8, 2, 2)
    assert counted.remaining_bytes == 20_000
    assert (counted.bundles, counted.bundles_recorded) == (2, 1)
    (again,) = await ledger.open_bundles(0, 10)
    assert (again.id, again.tries, again.objects, again.size_bytes) == (second, 1, 2, 20_000)
    assert await ledger.bundle_entries(again) == changed
    first = await ledger.bundle(number)
    assert first
    assert (first.objects, first.size_bytes) == (8, 8 * 4_096)
    assert {row.disposition for row in await ledger.failures()} == {Disposition.REQUEUED}
    await ledger.recount()


async def test_an_object_that_came_through_at_last_is_no_failure_any_more(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 2)
    number = await scene.planned(ledger, bucket, members)
    second, third = await ledger.next_bundle_id(), await ledger.next_bundle_id()
    drafts = [draft(entry[0]) for entry in members]
    await ledger.record(number, [], requeued=[scene.bundle_of(second, members)], failures=drafts)
    assert len(await ledger.failures()) == 2
    await scene.pinned(ledger, second)
    await ledger.record(
        second,
        [row(bucket, members[0])],
        requeued=[scene.bundle_of(third, members[1:])],
        failures=drafts[1:],
    )
    (waiting,) = await ledger.failures()
    assert (waiting.key, waiting.tries, waiting.disposition) == (
        members[1][0],
        2,
        Disposition.REQUEUED,
    )
    await ledger.record(
        third, [row(bucket, members[1], ObjectState.FAILED)], failures=[draft(members[1][0])]
    )
    (failed,) = await ledger.failures()
    assert (failed.tries, failed.disposition) == (3, Disposition.FAILED)
    assert failed.first_ns == waiting.first_ns
    await ledger.recount()


async def test_after_a_restart_what_workers_had_is_planned_again(
    ledger: Ledger, bucket: int
) -> None:
    ids = [await scene.planned(ledger, bucket, scene.entries(10 * n, 3)) for n in range(4)]
    await ledger.copying(ids[:2], "worker 0")
    await ledger.copying([ids[2]], "worker 1")
    await ledger.copied(ids[2], scene.ROOT, scene.PEERS, scene.COUNTS)
    assert await ledger.reset_copying() == 2
    states = [await bundle_state(ledger, number) for number in ids]
    assert states == [
        BundleState.PLANNED,
        BundleState.PLANNED,
        BundleState.COPIED,
        BundleState.PLANNED,
    ]


async def test_a_whole_bundle_can_go_back_and_loses_its_root(ledger: Ledger, bucket: int) -> None:
    number = await scene.planned(ledger, bucket, scene.entries(0, 3))
    await scene.pinned(ledger, number)
    assert await ledger.requeue(number, "manifest unreadable") == 1
    found = await ledger.bundle(number)
    assert found
    assert (found.state, found.tries) == (BundleState.PLANNED, 1)
    assert (found.root, found.allocations) == (None, ())


async def test_a_bundle_given_up_fails_its_open_members_by_name(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 3)
    number = await scene.planned(ledger, bucket, members)
    assert await ledger.fail_bundle(number, code="too_large", text="no room anywhere") == 3
    counted = await ledger.counters()
    assert (counted.failed, counted.failed_bytes, counted.remaining) == (3, 12_288, 0)
    assert await bundle_state(ledger, number) is BundleState.FAILED
    assert [failure.key for failure in await ledger.failures()] == [e[0] for e in members]
    await ledger.recount()


async def test_pages_of_open_bundles_follow_each_other(ledger: Ledger, bucket: int) -> None:
    ids = [await scene.planned(ledger, bucket, scene.entries(10 * n, 1)) for n in range(7)]
    seen: list[int] = []
    while page := await ledger.open_bundles(seen[-1] if seen else 0, 3):
        seen += [bundle.id for bundle in page]
    assert seen == ids
    assert [bundle.id for bundle in await ledger.in_states(*ALL_STATES, limit=2)] == ids[:2]


async def test_an_unknown_bundle_is_said_to_be_unknown(ledger: Ledger) -> None:
    assert await ledger.bundle(99) is None
    with pytest.raises(Broken, match="no bundle 99"):
        await ledger.requeue(99, "why")
