"""What every object table promises, on SQLite and on a stand-in for YDB (not on YDB)."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from core.target.bucket_rows import BucketFacts, bucket_row
from core.target.objects import START
from core.target.row_check import RowsRefused
from core.target.shape import Source
from tests.integration.target_table.making import keys_of, make_rows, with_value

if TYPE_CHECKING:
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

HOSTILE = [
    "a",
    "a\x00b",
    "a/b",
    "a b",
    "line\u2028separator",
    "\ufffd",
    "\U0001f600",
    "\uffff",  # behind the emoji in UTF-16, before it in bytes
    "é",
    "e\u0301",
    "'; DROP TABLE x; --",
    "`$b`",
    "x" * 1024,
]


async def test_ensure_creates_what_check_approves_and_repeats(table: ObjectTable) -> None:
    await table.ensure()
    assert {finding.verdict for finding in await table.check()} <= {"pass", "warn"}


async def test_check_names_each_absent_table_and_creates_none(
    fresh: ObjectTable, profile: Profile
) -> None:
    for _ in range(2):
        findings = await fresh.check()
        assert [f.subject for f in findings] == [shape.name for shape in profile.tables]
        assert {f.verdict for f in findings} == {"fail"}


async def test_rows_come_back_as_they_went_in(table: ObjectTable, profile: Profile) -> None:
    rows = make_rows(profile, "b", ["one"])
    await table.upsert(rows)
    assert await table.scan(START, 10) == rows


async def test_json_is_kept_verbatim(table: ObjectTable, profile: Profile) -> None:
    source = Source.METADATA if Source.METADATA in profile.objects.sources else Source.USER
    text = '{ "b":1,  "a":"\\u00e9"}'
    row = with_value(profile, make_rows(profile, "b", ["one"])[0], source, text)
    await table.upsert([row])
    assert await table.read([("b", "one")]) == [row]


async def test_absent_values_stay_absent(table: ObjectTable, profile: Profile) -> None:
    row = with_value(profile, make_rows(profile, "b", ["one"])[0], Source.CREATED, None)
    await table.upsert([row])
    assert await table.read([("b", "one")]) == [row]


async def test_hostile_keys_come_back_exact_and_in_byte_order(
    table: ObjectTable, profile: Profile
) -> None:
    await table.upsert(make_rows(profile, "b", HOSTILE))
    keys = [key for _, key in keys_of(await table.scan(START, 100))]
    assert keys == sorted(HOSTILE, key=str.encode)


async def test_buckets_and_keys_do_not_run_into_each_other(
    table: ObjectTable, profile: Profile
) -> None:
    for bucket, key in (("a", "b/c"), ("a/b", "c"), ("ab", "c"), ("a", "bc")):
        await table.upsert(make_rows(profile, bucket, [key]))
    assert await table.count() == 4
    assert keys_of(await table.scan(("a", "bc"), 10)) == [("a/b", "c"), ("ab", "c")]


async def test_an_upsert_twice_leaves_one_row(table: ObjectTable, profile: Profile) -> None:
    rows = make_rows(profile, "b", ["one", "two"])
    await table.upsert(rows)
    await table.upsert(rows)
    assert await table.scan(START, 10) == sorted(rows)


async def test_the_last_upsert_of_a_key_stands(table: ObjectTable, profile: Profile) -> None:
    await table.upsert(make_rows(profile, "b", ["one"], cid="bafy-old"))
    new = make_rows(profile, "b", ["one"], cid="bafy-new")
    await table.upsert(new)
    assert await table.read([("b", "one")]) == new


async def test_an_empty_call_does_nothing(table: ObjectTable) -> None:
    await table.upsert([])
    await table.delete("b", [])
    assert await table.read([]) == []
    assert await table.replace_if([], []) == []
    assert await table.delete_if([]) == []
    assert await table.count() == 0


async def test_pages_join_without_a_gap_or_a_repeat(table: ObjectTable, profile: Profile) -> None:
    rows = make_rows(profile, "b", [f"{n:05d}" for n in range(250)])
    await table.upsert(rows)
    seen, after = [], START
    while page := await table.scan(after, 64):
        seen += page
        after = keys_of(page)[-1]
    assert seen == rows


async def test_a_page_may_be_longer_than_a_thousand_rows(
    table: ObjectTable, profile: Profile
) -> None:
    await table.upsert(make_rows(profile, "b", [f"{n:05d}" for n in range(2_500)]))
    assert len(await table.scan(START, 2_400)) == 2_400
    assert await table.count() == 2_500


async def test_calls_at_once_all_arrive(table: ObjectTable, profile: Profile) -> None:
    batches = [make_rows(profile, f"b{n:02d}", ["x", "y"]) for n in range(40)]
    async with asyncio.TaskGroup() as group:
        for batch in batches:
            group.create_task(table.upsert(batch))
    assert keys_of(await table.scan(START, 100)) == [k for batch in batches for k in keys_of(batch)]


async def test_read_gives_what_exists_in_key_order(table: ObjectTable, profile: Profile) -> None:
    await table.upsert(make_rows(profile, "b", ["1", "2"]) + make_rows(profile, "a", ["9"]))
    found = await table.read([("b", "2"), ("b", "absent"), ("a", "9"), ("b", "2"), ("zz", "1")])
    assert keys_of(found) == [("a", "9"), ("b", "2")]


async def test_delete_takes_only_those_keys(table: ObjectTable, profile: Profile) -> None:
    await table.upsert(make_rows(profile, "b", ["1", "2", "3"]) + make_rows(profile, "c", ["1"]))
    await table.delete("b", ["1", "3", "absent"])
    await table.delete("b", ["1"])
    assert keys_of(await table.scan(START, 10)) == [("b", "2"), ("c", "1")]


async def test_delete_takes_more_keys_than_one_call_may_carry(
    table: ObjectTable, profile: Profile
) -> None:
    keys = [f"{n:05d}" for n in range(1_500)]
    await table.upsert(make_rows(profile, "b", keys))
    await table.delete("b", keys)
    assert await table.count() == 0


async def test_i10_replace_if_leaves_what_somebody_changed(
    table: ObjectTable, profile: Profile
) -> None:
    old = make_rows(profile, "b", ["changed", "gone", "new", "same"], cid="bafy-old")
    changed = with_value(profile, old[0], Source.CID, "bafy-theirs")
    await table.upsert([changed, old[3], *make_rows(profile, "b", ["appeared"])])
    ours = make_rows(profile, "b", ["appeared", "changed", "gone", "new", "same"], cid="bafy-ours")
    moved = await table.replace_if(ours, [None, old[0], old[1], None, old[3]])
    assert sorted(moved) == [("b", "appeared"), ("b", "changed"), ("b", "gone")]
    assert await table.read([("b", "changed")]) == [changed]
    assert await table.read([("b", "new"), ("b", "same")]) == ours[3:]
    assert await table.read([("b", "gone")]) == []


async def test_replace_if_overlooks_what_a_gateway_counts_by_itself(
    table: ObjectTable, profile: Profile
) -> None:
    old = make_rows(profile, "b", ["one"])[0]
    await table.upsert([with_value(profile, old, Source.PIN_STATUS, 6)])
    new = make_rows(profile, "b", ["one"], cid="bafy-new")
    assert await table.replace_if(new, [old]) == []
    assert await table.read([("b", "one")]) == new


async def test_i10_delete_if_leaves_what_somebody_changed(
    table: ObjectTable, profile: Profile
) -> None:
    old = make_rows(profile, "b", ["changed", "gone", "same"]) + make_rows(profile, "c", ["same"])
    changed = with_value(profile, old[0], Source.CID, "bafy-theirs")
    kept = make_rows(profile, "b", ["other"])
    await table.upsert([changed, *old[2:], *kept])
    assert await table.delete_if(old) == [("b", "changed")]
    assert await table.scan(START, 10) == [changed, *kept]
    assert await table.delete_if(old[1:]) == []


async def test_delete_if_overlooks_what_a_gateway_counts_by_itself(
    table: ObjectTable, profile: Profile
) -> None:
    old = make_rows(profile, "b", ["one"])[0]
    await table.upsert([with_value(profile, old, Source.PIN_STATUS, 6)])
    assert await table.delete_if([old]) == []
    assert await table.count() == 0


async def test_delete_if_takes_more_rows_than_one_call_may_carry(
    table: ObjectTable, profile: Profile
) -> None:
    rows = make_rows(profile, "b", [f"{n:05d}" for n in range(1_500)])
    await table.upsert(rows)
    assert await table.delete_if(rows) == []
    assert await table.count() == 0


async def test_a_row_that_delete_if_took_can_come_back(
    table: ObjectTable, profile: Profile
) -> None:
    """The CID table's entry goes with its row: the next upsert finds no rest of it."""
    rows = make_rows(profile, "b", ["one"], cid="bafy-one")
    await table.upsert(rows)
    await table.delete_if(rows)
    again = make_rows(profile, "b", ["one"], cid="bafy-two")
    await table.upsert(again)
    assert await table.scan(START, 10) == again


async def test_i10_delete_buckets_if_leaves_what_somebody_changed(
    table: ObjectTable, profile: Profile
) -> None:
    facts = [BucketFacts(name=n, document="{}", made_ns=1_000) for n in ("a", "b", "c")]
    old = [bucket_row(profile, one) for one in facts]
    theirs = bucket_row(profile, BucketFacts(name="b", document='{"owner":"x"}', made_ns=1_000))
    await table.upsert_buckets([old[0], theirs])
    assert await table.delete_buckets_if(old) == ["b"]
    assert await table.scan_buckets() == [theirs]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (Source.SIZE, "text"),
        (Source.SIZE, 2**65),
        (Source.CID, "\udcff"),
        (Source.KEY, "\udcff"),
        (Source.KEY, None),
    ],
)
async def test_a_row_that_does_not_fit_is_named_and_the_others_can_go_on(
    table: ObjectTable, profile: Profile, source: Source, value: str | int | None
) -> None:
    rows = make_rows(profile, "b", ["1", "bad", "2"])
    rows[1] = with_value(profile, rows[1], source, value)
    with pytest.raises(RowsRefused) as caught:
        await table.upsert(rows)
    assert caught.value.exit_code == 2
    bad = set(caught.value.keys)
    assert len(bad) == 1
    await table.upsert([row for row in rows if (str(row[0]), str(row[1])) not in bad])
    assert keys_of(await table.scan(START, 10)) == [("b", "1"), ("b", "2")]


async def test_bucket_rows_come_back_by_name(table: ObjectTable, profile: Profile) -> None:
    document = json.dumps({"acl": {"Owner": "bob"}, "owner": "bob"}, separators=(",", ":"))
    rows = [
        bucket_row(profile, BucketFacts(name=name, document=document, made_ns=1_000, objects=3))
        for name in ("zz", "aa")
    ]
    await table.upsert_buckets(rows)
    await table.upsert_buckets(rows)
    assert await table.scan_buckets() == sorted(rows)


async def test_build_index_repeats_and_check_stays_content(table: ObjectTable) -> None:
    await table.build_index()
    await table.build_index()
    assert {finding.verdict for finding in await table.check()} == {"pass"}


async def test_close_repeats(table: ObjectTable) -> None:
    await table.close()
    await table.close()
