from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput, Broken
from core.ledger.rows import BucketState, Disposition, EventDraft, NewBundle
from core.model import BundleKind, Entry, Skip, Unrepresentable
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from core.ledger.ledger import Ledger


async def test_buckets_keep_their_ids_and_order(ledger: Ledger) -> None:
    first = await ledger.add_buckets([(b"b", "{}"), (b"a", "{}")])
    again = await ledger.add_buckets([(b"a", '{"owner":"x"}'), (b"c", "{}")])
    assert again[0] == first[1]
    found = await ledger.buckets()
    assert [(row.name, row.attrs) for row in found] == [
        (b"b", "{}"),
        (b"a", '{"owner":"x"}'),
        (b"c", "{}"),
    ]
    assert {row.state for row in found} == {BucketState.LISTED}


async def test_a_page_moves_the_walk_and_its_end_is_kept(ledger: Ledger, bucket: int) -> None:
    (row,) = await ledger.buckets()
    assert row.cursor is None
    await scene.planned(ledger, bucket, scene.entries(0, 5))
    (row,) = await ledger.buckets()
    assert (row.state, row.cursor) == (BucketState.WALKING, (b"photos/000004", b""))
    await ledger.finish_bucket(bucket, EventDraft(kind="walked", text="walked"))
    (row,) = await ledger.buckets()
    assert row.state is BucketState.DONE


async def test_members_come_back_in_key_order_whatever_the_walks_order(
    ledger: Ledger, bucket: int
) -> None:
    # The walk lists the versions of a key newest first.
    members = [
        Entry(b"a", b"", 10, 1, 2, 3),
        Entry(b"a", b"01NEW", 9, 4, 5, 6),
        Entry(b"a", b"01MID", None, 7, 8, 9),
        Entry(b"b", b"", 0, 1, 1, 1),
    ]
    number = await ledger.next_bundle_id()
    new = NewBundle(
        id=number, first=(b"a", b""), last=(b"b", b""), kind=BundleKind.RANGE, entries=members
    )
    await ledger.plan_page(bucket, bundles=[new], skips=[], cursor=(b"b", b""))
    (bundle,) = await ledger.open_bundles(0, 10)
    assert await ledger.bundle_entries(bundle) == sorted(tuple(entry) for entry in members)
    counted = await ledger.counters()
    assert (counted.objects, counted.versions, counted.markers) == (4, 2, 1)
    assert (bundle.objects, bundle.size_bytes) == (4, 19)


async def test_a_large_object_inside_a_range_stays_out_of_the_ranges_bundle(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 5)
    large = members.pop(2)
    ids = [await ledger.next_bundle_id() for _ in range(2)]
    range_of = scene.bundle_of(ids[0], members)
    alone = NewBundle(
        id=ids[1], first=large[:2], last=large[:2], kind=BundleKind.LARGE, entries=[large]
    )
    await ledger.plan_page(bucket, bundles=[range_of, alone], skips=[], cursor=members[-1][:2])
    around, inside = await ledger.open_bundles(0, 10)
    assert await ledger.bundle_entries(around) == members
    assert await ledger.bundle_entries(inside) == [large]
    assert inside.kind is BundleKind.LARGE


async def test_i4_skipped_keys_are_counted_and_listed_by_name(ledger: Ledger, bucket: int) -> None:
    skips = [
        Skip(b"fifo", b"", Unrepresentable.SPECIAL_FILE, "a pipe"),
        Skip(b"\xff", b"", Unrepresentable.KEY_NOT_UTF8, ""),
        Skip(b"fifo", b"", Unrepresentable.UNREADABLE, "named twice"),
    ]
    await ledger.plan_page(
        bucket,
        bundles=[],
        skips=skips,
        cursor=(b"\xff", b""),
        increments={"class:special_file": 1, "hist:3": 99},
    )
    counted = await ledger.counters(bucket)
    assert (counted.objects, counted.skipped, counted.remaining) == (2, 2, 0)
    assert counted.classes == (("special_file", 1),)
    assert [(row.key, row.code, row.disposition) for row in await ledger.failures()] == [
        (b"fifo", "special_file", Disposition.SKIP),
        (b"\xff", "key_not_utf8", Disposition.SKIP),
    ]
    await ledger.recount()


async def test_what_lies_beside_buckets_is_accounted_for_too(ledger: Ledger) -> None:
    stray = Skip(b"notes.txt", b"", Unrepresentable.SPECIAL_FILE, "not in a bucket")
    await ledger.plan_page(0, bundles=[], skips=[stray], cursor=(b"notes.txt", b""))
    assert (await ledger.counters()).skipped == 1
    (row,) = await ledger.failures(prefix=b"/notes")
    assert (row.bucket, row.key) == (b"", b"notes.txt")
    await ledger.recount()


async def test_a_key_that_comes_twice_stores_nothing_of_its_page(
    ledger: Ledger, bucket: int
) -> None:
    await scene.planned(ledger, bucket, scene.entries(0, 5))
    before = await ledger.counters()
    with pytest.raises(Broken, match=r"already.*photos/000004"):
        await scene.planned(ledger, bucket, scene.entries(4, 5))
    assert await ledger.counters() == before
    assert len(await ledger.open_bundles(0, 10)) == 1
    assert await ledger.last_seq() == 1
    await ledger.recount()


async def test_a_member_outside_of_its_bundles_range_is_refused(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 5)
    new = NewBundle(
        id=1,
        first=members[0][:2],
        last=members[3][:2],
        kind=BundleKind.RANGE,
        entries=members,
    )
    with pytest.raises(Broken, match="out of its range"):
        await ledger.plan_page(bucket, bundles=[new], skips=[], cursor=members[4][:2])
    assert (await ledger.counters()).objects == 0


async def test_a_time_beyond_64_bits_is_bad_input_with_its_place(
    ledger: Ledger, bucket: int
) -> None:
    far = (b"future.txt", b"", 1, 1, 2**63, 1)
    with pytest.raises(BadInput, match=r"64 bits.*future\.txt"):
        await scene.planned(ledger, bucket, [far])
    await ledger.recount()


async def test_the_plan_is_kept_to_the_byte(ledger: Ledger) -> None:
    assert await ledger.plan() is None
    await ledger.store_plan(b'{"id":"1"}', EventDraft(kind="plan", text="plan stored"))
    assert await ledger.plan() == b'{"id":"1"}'


async def test_i4_a_page_whose_predecessor_was_lost_is_refused(ledger: Ledger, bucket: int) -> None:
    with pytest.raises(Broken, match="without the one before"):
        await ledger.plan_page(bucket, bundles=[], skips=[], cursor=(b"m", b""), after=(b"c", b""))
    await ledger.plan_page(bucket, bundles=[], skips=[], cursor=(b"c", b""), after=(b"", b""))
    await ledger.plan_page(bucket, bundles=[], skips=[], cursor=(b"m", b""), after=(b"c", b""))
