"""The merge of ledger and table: each key once, whatever the pages, and looked at twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger.rows import BucketRow, BucketState
from core.target.profile import load
from core.verify import check_join
from core.verify.check_rows import RowCheck
from core.verify.difference import Ill
from tests.unit.verify.test_check_rows import KEPT, WS, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from core.ledger.checking import CheckLooks, KeptRow
    from core.target.objects import ObjectTable
    from core.target.shape import Row, RowKey

BUCKETS = [
    BucketRow(id=2, name=b"a", state=BucketState.DONE, cursor=None, attrs="{}"),
    BucketRow(id=1, name=b"a-b", state=BucketState.DONE, cursor=None, attrs="{}"),
]
names = st.text("ab/", min_size=1, max_size=3)
keys = st.sets(st.tuples(st.sampled_from(["a", "a-b", "c"]), names))


class Ledger:
    """What is recorded."""

    def __init__(self, places: set[tuple[str, str]]) -> None:
        names = {bucket.id: bucket.name.decode() for bucket in BUCKETS}
        self.kept = {
            number: sorted(key.encode() for bucket, key in places if bucket == name)
            for number, name in names.items()
        }

    async def page(self, bucket_id: int, after: bytes, limit: int) -> list[KeptRow]:
        found = [key for key in self.kept[bucket_id] if key > after]
        return [KEPT._replace(key=key) for key in found[:limit]]

    async def rows(self, bucket_id: int, keys: Sequence[bytes]) -> dict[bytes, KeptRow]:
        return {key: KEPT._replace(key=key) for key in keys if key in self.kept[bucket_id]}


class Table:
    """Rows of ours; late: rows that come between the first look and the second."""

    def __init__(self, places: set[tuple[str, str]], late: set[tuple[str, str]]) -> None:
        self.first = sorted(places)
        self.then = places | late

    async def scan(self, after: RowKey, limit: int) -> list[Row]:
        return [_row(place) for place in self.first if place > after][:limit]

    async def read(self, keys: Sequence[RowKey]) -> list[Row]:
        return [_row(place) for place in keys if place in self.then]


def sides(ledger: Ledger, table: Table) -> check_join.Sides:
    return check_join.Sides(cast("CheckLooks", ledger), BUCKETS, cast("ObjectTable", table))


def _row(place: tuple[str, str]) -> Row:
    return (*place, *row()[2:])


@settings(max_examples=40)
@given(keys, keys, keys, st.integers(1, 4))
async def test_each_key_of_either_side_is_judged_once_and_only_what_stays_wrong_is_said(
    kept: set[tuple[str, str]],
    there: set[tuple[str, str]],
    late: set[tuple[str, str]],
    page: int,
) -> None:
    kept = {place for place in kept if place[0] != "c"}
    joined = check_join.join_rows(
        sides(Ledger(kept), Table(there, late & kept)),
        RowCheck(load("guide"), WS),
        again_s=lambda: 0.0,
        page=page,
    )
    found: list[tuple[str, str, Ill]] = []
    sound: list[tuple[str, str]] = []
    async for stretch in joined:
        found += [(one.bucket.decode(), one.key.decode(), one.ill) for one in stretch.found]
        sound += [(str(one[0]), str(one[1])) for one in stretch.sound]
    missing = {(*place, Ill.NO_ROW) for place in kept - there - late}
    extra = {(*place, Ill.ORPHAN_ROW) for place in there - kept}
    assert sorted(found) == sorted(missing | extra)
    assert sorted(sound) == sorted(kept & there)


async def test_what_differs_waits_for_its_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("core.verify.check_join.asyncio.sleep", sleep)
    joined = check_join.join_rows(
        sides(Ledger({("a", "k")}), Table(set(), {("a", "k")})),
        RowCheck(load("guide"), WS),
        again_s=lambda: 5.0,
    )
    assert [stretch.found async for stretch in joined] == [[]]
    assert waited == [5.0]
