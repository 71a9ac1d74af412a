"""The list of failures by the API's means: places, cursors, filters, causes, bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.control.failures import listing as failure_list
from core.control.failures.listing import FailureList
from core.control.wire.failures import FailureQuery
from core.errors import BadInput
from core.ledger.rows import FailureDraft
from core.model import ObjectState, Skip, Unrepresentable
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.ledger.ledger import Ledger

CODES = ("denied", "denied", "bad-checksum", "row_refused")


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """Return a ledger of two buckets with 40 failures each, in bundles of 10, and a skip."""
    made = await scene.opened(tmp_path)
    for bucket in await made.add_buckets([(b"photos", "{}"), (b"phones", "{}")]):
        for first in range(0, 40, 10):
            members = scene.entries(first, 10)
            number = await scene.planned(made, bucket, members)
            await made.record(
                number,
                [scene.row(bucket, entry, ObjectState.FAILED) for entry in members],
                failures=[
                    FailureDraft(
                        key=entry[0],
                        version=b"",
                        phase="record" if code == "row_refused" else "copy",
                        code=code,
                        text="why",
                    )
                    for entry, code in zip(members, CODES * 3, strict=False)
                ],
            )
        await made.plan_page(
            bucket,
            bundles=[],
            skips=[Skip(b"zz", b"", Unrepresentable.SPECIAL_FILE, "a pipe")],
            cursor=(b"zz", b""),
        )
    yield made
    await made.close()


@pytest.fixture
def listed(ledger: Ledger) -> FailureList:
    return FailureList(ledger)


FILTERS = [
    FailureQuery(),
    FailureQuery(code="denied"),
    FailureQuery(phase="copy"),
    FailureQuery(disposition="failed"),
    FailureQuery(disposition="skip"),
    FailureQuery(prefix="pho"),
    FailureQuery(prefix="phones"),
    FailureQuery(prefix="photos/photos/00001"),
    FailureQuery(prefix="photos/photos/00001", code="denied"),
    FailureQuery(bundle=2),
    FailureQuery(bundle=2, code="bad-checksum"),
    FailureQuery(prefix="phx"),
    FailureQuery(code="nonesuch"),
]


def only(query: FailureQuery, **more: object) -> FailureQuery:
    members = {name: getattr(query, name) for name in query.__struct_fields__}
    return FailureQuery(**{**members, **more})


async def whole(ledger: Ledger, query: FailureQuery) -> list[str]:
    """Return what a filter keeps, found without any index."""
    return [
        f"{row.bucket.decode()}/{row.key.decode()}"
        for row in await ledger.failures(limit=1_000)
        if query.code in {"", row.code}
        and query.phase in {"", row.phase}
        and query.disposition in {"", row.disposition}
        and (row.bucket + b"/" + row.key).startswith(query.prefix.encode())
        and query.bundle in {None, row.bundle_id}
    ]


@pytest.mark.parametrize("query", FILTERS, ids=str)
async def test_pages_follow_each_other_both_ways(
    listed: FailureList, ledger: Ledger, query: FailureQuery
) -> None:
    wanted = await whole(ledger, query)
    seen: list[str] = []
    page = await listed.page(only(query, limit=7))
    while True:
        assert (page.total, page.exact) == (len(wanted), True)
        seen += [f"{one.bucket}/{one.key}" for one in page.failures]
        if not page.next:
            break
        page = await listed.page(only(query, limit=7, after=page.next))
    assert seen == wanted
    back = [f"{one.bucket}/{one.key}" for one in page.failures]
    while page.prev:
        page = await listed.page(only(query, limit=7, before=page.prev))
        back = [f"{one.bucket}/{one.key}" for one in page.failures] + back
    assert back == wanted


@pytest.mark.parametrize("query", FILTERS, ids=str)
async def test_any_row_is_found_by_its_place(
    listed: FailureList, ledger: Ledger, query: FailureQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failure_list, "HOP", 8)  # many hops in a short list
    wanted = await whole(ledger, query)
    for at in [0, 70, 3, 17, 16, 8, 81, 82, 200, 40]:
        page = await listed.page(only(query, limit=5, at=at))
        found = [f"{one.bucket}/{one.key}" for one in page.failures]
        assert (found, page.at) == (wanted[at : at + 5], at)
        assert bool(page.next) == (bool(found) and at + len(found) < len(wanted))


async def test_a_row_says_all_that_is_known_of_it(listed: FailureList) -> None:
    (one,) = (await listed.page(FailureQuery(limit=1))).failures
    assert (one.bucket, one.key, one.bundle, one.size_bytes) == ("photos", "photos/000000", 1, 4096)
    assert one.cursor
    assert one.first_ns == one.last_ns > 0


async def test_causes_are_by_class_and_phase_with_an_example(listed: FailureList) -> None:
    causes = (await listed.causes("failed")).causes
    assert [(one.code, one.phase, one.objects) for one in causes] == [
        ("denied", "copy", 48),
        ("bad-checksum", "copy", 16),
        ("row_refused", "record", 16),
    ]
    assert all(one.example is not None and one.remedy for one in causes)
    assert {one.disposition for one in (await listed.causes("")).causes} == {"failed", "skip"}


async def test_bundles_with_failures_are_listed_by_number(listed: FailureList) -> None:
    page = await listed.bundles(6, 5)
    assert ([one.id for one in page.bundles], page.total) == ([7, 8], 8)
    assert page.bundles[0].codes == ["denied", "bad-checksum", "row_refused"]
    assert (page.bundles[0].failed, page.bundles[0].first) == (10, "phones/photos/000020")


async def test_sums_are_by_class_and_by_phase(listed: FailureList) -> None:
    sums = await listed.sums()
    assert sums.by_code == {"denied": 48, "bad-checksum": 16, "row_refused": 16}
    assert sums.by_phase == {"copy": 64, "record": 16}


@pytest.mark.parametrize(
    "query",
    [
        FailureQuery(after="nowhere"),
        FailureQuery(before="1.zz.00"),
        FailureQuery(disposition="lost"),
        FailureQuery(at=3, after="1.61."),
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_refused(listed: FailureList, query: FailureQuery) -> None:
    with pytest.raises(BadInput):
        await listed.page(query)
