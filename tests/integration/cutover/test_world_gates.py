"""Gates that ask a side: canary, uploads, shadow reads, reading back. Unknown is not green (I7)."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from core.cutover.canary import canary
from core.cutover.door import Door, asking
from core.cutover.mode import Mode
from core.cutover.samples import Sample, read_back, sample_of
from core.cutover.shadow import compare, shadow
from core.cutover.uploads import uploads
from core.ledger.picks import Pick
from core.verdict import Verdict
from tests.fakes.side import MODIFIED, Side

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

    from core.cutover.door import Asker

RUN = "5eed0001-7"


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with Side("pool").serve() as served:
        yield served


@pytest.fixture
async def other() -> AsyncIterator[Side]:
    async with Side("pool").serve() as served:
        yield served


async def test_a_canary_is_put_read_listed_and_deleted(asker: Asker, side: Side) -> None:
    gate = await canary(asker, side.door, "pool", RUN)
    assert gate.verdict is Verdict.PASS, gate.evidence
    assert gate.is_open(time.time_ns())
    assert not side.buckets["pool"]
    assert {"PutObject", "GetObject", "ListObjectsV2", "DeleteObject"} <= set(side.asked)


@pytest.mark.parametrize(
    ("op", "verdict", "told"),
    [
        ("PutObject", Verdict.FAIL, "PUT: 500 InternalError"),
        ("GetObject", Verdict.FAIL, "GET: 500 InternalError; pool/vgwm-probe-"),
        ("ListObjectsV2", Verdict.FAIL, "LIST: 500 InternalError"),
        ("DeleteObject", Verdict.FAIL, "is still there: delete it by hand"),
    ],
)
async def test_each_part_of_a_canary_can_fail(
    asker: Asker, side: Side, op: str, verdict: Verdict, told: str
) -> None:
    side.instead = {op: (500, "InternalError")}
    gate = await canary(asker, side.door, "pool", RUN)
    assert gate.verdict is verdict
    assert told in gate.evidence
    assert bool(side.buckets["pool"]) is (op == "DeleteObject")


@pytest.mark.parametrize("header", ["x-amz-meta-vgwm-canary", "ETag", "Content-Type"])
async def test_a_canary_that_comes_back_otherwise_fails(
    asker: Asker, side: Side, header: str
) -> None:
    def spoil(op: str, response: web.Response) -> None:
        if op == "GetObject":
            response.headers[header] = "other/thing"

    side.more = spoil
    gate = await canary(asker, side.door, "pool", RUN)
    assert gate.verdict is Verdict.FAIL
    assert "came back otherwise" in gate.evidence
    assert not side.buckets["pool"]


async def test_a_silent_side_has_no_verdict(asker: Asker, side: Side) -> None:
    side.hangs = {"GetObject"}
    gate = await canary(asker, side.door, "pool", RUN)
    assert gate.verdict is Verdict.UNKNOWN
    assert not gate.is_open(time.time_ns())
    assert not side.buckets["pool"], "the canary is taken away all the same"


async def test_uploads_in_progress_warn_by_name(asker: Asker, side: Side) -> None:
    assert (await uploads(asker, side.door, ["pool"])).verdict is Verdict.PASS
    side.uploads = {"pool": ["a\x1b[2Jb".replace("\x1b", "?"), "video"]}
    gate = await uploads(asker, side.door, ["pool"])
    assert gate.verdict is Verdict.WARN
    assert "2 in progress" in gate.evidence
    assert "pool/video" in gate.evidence
    assert not gate.is_open(time.time_ns()), "to be acknowledged by name"


async def test_uploads_that_nobody_lists_are_unknown(asker: Asker, side: Side) -> None:
    side.instead = {"ListMultipartUploads": (403, "AccessDenied")}
    assert (await uploads(asker, side.door, ["pool"])).verdict is Verdict.UNKNOWN
    side.hangs = {"ListMultipartUploads"}
    assert (await uploads(asker, side.door, ["pool"])).verdict is Verdict.UNKNOWN


def fill(*sides: Side) -> list[Sample]:
    for one in sides:
        one.put("pool", "a b/+ü&", b"first", **{"x-amz-meta-Colour": "red"})
        one.put("pool", "second", b"second" * 100)
    return [Sample("pool", "a b/+ü&", 5), Sample("pool", "second", 600)]


async def test_equal_sides_pass_with_their_times(asker: Asker, side: Side, other: Side) -> None:
    gate = await shadow(asker, side.door, other.door, fill(side, other))
    assert gate.verdict is Verdict.PASS, gate.evidence
    assert "2 keys, HEAD GET LIST equal" in gate.evidence
    assert side.asked.count("GetObject") == other.asked.count("GetObject") == 2


@pytest.mark.usefixtures("asker")  # its account
async def test_late_answers_are_asked_for_again_and_silence_has_no_verdict(
    side: Side, other: Side
) -> None:
    samples = fill(side, other)
    other.hangs = {"GetObject"}
    async with asking(limit_s=0.5) as hasty, asyncio.TaskGroup() as group:
        looking = group.create_task(shadow(hasty, side.door, other.door, samples))
        while other.asked.count("GetObject") < len(samples):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)
        other.hangs.clear()
        gate = await looking
        assert gate.verdict is Verdict.PASS, gate.evidence
        other.hangs.add("GetObject")
        gate = await shadow(hasty, side.door, other.door, samples)
        assert gate.verdict is Verdict.UNKNOWN, gate.evidence


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"body": b"zweite" * 100}, "HEAD: ETag"),
        ({"headers": {"x-amz-meta-extra": "1"}}, "HEAD: x-amz-meta-extra none and 1"),
        ({"headers": {"Content-Language": "de"}}, "HEAD: Content-Language none and de"),
        ({"gone": True}, "HEAD: 200 and 404"),
    ],
)
async def test_a_side_that_serves_otherwise_is_named(
    asker: Asker, side: Side, other: Side, fault: dict[str, object], told: str
) -> None:
    samples = fill(side, other)
    if fault.get("gone"):
        del other.buckets["pool"]["second"]
    else:
        headers = fault.get("headers", {})
        assert isinstance(headers, dict)
        body = fault.get("body", b"second" * 100)
        assert isinstance(body, bytes)
        other.put("pool", "second", body, **headers)
    gate = await shadow(asker, side.door, other.door, samples)
    assert gate.verdict is Verdict.FAIL
    assert "1 of 2 keys differ: pool/second" in gate.evidence
    assert told in gate.evidence


async def test_other_bytes_under_the_same_headers_are_found(
    asker: Asker, side: Side, other: Side
) -> None:
    samples = fill(side, other)
    etag = side.buckets["pool"]["second"].etag
    other.put("pool", "second", b"secons" * 100, ETag=etag)
    gate = await shadow(asker, side.door, other.door, samples)
    assert gate.verdict is Verdict.FAIL
    assert "GET: other bytes" in gate.evidence


async def test_a_key_that_is_not_listed_is_found(asker: Asker, side: Side, other: Side) -> None:
    samples = fill(side, other)
    other.instead = {"ListObjectsV2": (200, "")}  # no listing at all
    assert (await shadow(asker, side.door, other.door, samples)).verdict is Verdict.UNKNOWN
    other.instead = {}
    other.put("pool", "second", b"second" * 100)
    side.put("pool", "second", b"second" * 100)
    side.put("pool", "second-a", b"")
    gate = await shadow(asker, side.door, other.door, samples)
    assert "LIST: listed otherwise" in gate.evidence


async def test_what_blue_took_since_its_copy_is_no_difference(
    asker: Asker, side: Side, other: Side
) -> None:
    samples = fill(side, other)
    side.put("pool", "second", b"written again")
    gate = await shadow(asker, side.door, other.door, samples)
    assert gate.verdict is Verdict.PASS, gate.evidence
    assert "1 keys, HEAD GET LIST equal, 1 have changed on blue since" in gate.evidence
    del side.buckets["pool"]["second"]
    assert (await shadow(asker, side.door, other.door, samples)).verdict is Verdict.PASS
    side.put("pool", "a b/+ü&", b"all of it")
    moved = await shadow(asker, side.door, other.door, samples)
    assert moved.verdict is Verdict.UNKNOWN, "nothing that was compared is no proof"


async def test_what_blue_took_again_with_the_same_bytes_is_told_by_its_time(
    asker: Asker, side: Side, other: Side
) -> None:
    first, *others = fill(side, other)
    other.buckets[first.bucket][first.key].headers["Content-Type"] = "text/other"
    found = parsedate_to_datetime(MODIFIED).timestamp()
    as_copied, earlier = (first._replace(modified_s=int(found) - age) for age in (0, 60))
    gate = await shadow(asker, side.door, other.door, [as_copied, *others])
    assert gate.verdict is Verdict.FAIL, gate.evidence
    gate = await shadow(asker, side.door, other.door, [earlier, *others])
    assert gate.verdict is Verdict.PASS, gate.evidence


async def test_shadow_reads_of_nothing_and_of_silence_are_unknown(
    asker: Asker, side: Side, other: Side
) -> None:
    assert (await shadow(asker, side.door, other.door, [])).verdict is Verdict.UNKNOWN
    samples = fill(side, other)
    other.hangs = {"HeadObject"}
    gate = await shadow(asker, side.door, other.door, samples)
    assert gate.verdict is Verdict.UNKNOWN
    assert "HEAD at side" in gate.evidence


async def test_a_slow_green_is_measured_once_more_one_by_one(
    asker: Asker, side: Side, other: Side
) -> None:
    samples = fill(side, other)
    other.delay_s, other.quick_after = 0.3, len(samples) * 3
    gate = await shadow(asker, side.door, other.door, samples)
    assert len(other.asked) == 2 * other.quick_after, "once more"
    assert float(gate.evidence.split()[-2]) < 300, "and the quick times count"
    other.quick_after = len(other.asked) * 9
    gate = await shadow(asker, side.door, other.door, samples)
    assert gate.verdict is Verdict.FAIL, gate.evidence


async def test_either_side_is_asked_first_in_turn(asker: Asker, side: Side, other: Side) -> None:
    asked: list[str] = []
    for name, one in (("blue", side), ("green", other)):
        one.more = lambda op, _, name=name: asked.append(f"{name} {op}")  # type: ignore[misc]
    samples = fill(side, other)
    for sample in samples:
        await shadow(asker, side.door, other.door, [sample])
    first = asked[::2]
    assert first[:3] == ["blue HeadObject", "green GetObject", "blue ListObjectsV2"]
    asked.clear()
    await compare(asker, side.door, other.door, samples, at_once=1)
    assert asked[::2][3:] == ["green HeadObject", "blue GetObject", "green ListObjectsV2"]


async def test_a_second_look_ends_once_it_has_asked_for_enough(
    asker: Asker, side: Side, other: Side
) -> None:
    samples = fill(side, other)[:1] * 160
    found = await compare(asker, side.door, other.door, samples, at_once=1, limit_s=0)
    assert found.keys == 150


async def test_large_objects_are_compared_by_their_beginning(
    asker: Asker, side: Side, other: Side
) -> None:
    body = bytes(9 << 20)
    for one in (side, other):
        one.put("pool", "large", body)
    gate = await shadow(asker, side.door, other.door, [Sample("pool", "large", len(body))])
    assert gate.verdict is Verdict.PASS, gate.evidence


async def test_reading_back_holds_answers_against_the_ledger(asker: Asker, side: Side) -> None:
    side.put("pool", "second", b"second")
    right = Sample("pool", "second", 6, side.buckets["pool"]["second"].etag.strip('"'))
    assert await read_back(asker, [side.door], [right]) == []
    wrong = [right._replace(size_bytes=7), right._replace(etag="0" * 32), Sample("pool", "no", 1)]
    whys = [trouble.why for trouble in await read_back(asker, [side.door], wrong)]
    assert ["6 bytes, not 7" in whys[0], "ETag" in whys[1], "404" in whys[2]] == [True] * 3


async def test_reading_back_wants_each_balancer_to_name_the_mode(asker: Asker, side: Side) -> None:
    side.put("pool", "second", b"second")
    samples = [Sample("pool", "second", 6)] * 3
    side.route = "green_ro"
    assert await read_back(asker, [side.door], samples, Mode.GREEN_RO) == []
    side.route = "blue_ro"
    [trouble] = await read_back(asker, [side.door], samples, Mode.GREEN_RO)
    assert trouble.why == "it routes by blue_ro, not green_ro"


async def test_a_silent_door_is_one_trouble(asker: Asker) -> None:
    samples = [Sample("pool", f"k{n}", 6) for n in range(20)]
    assert len(await read_back(asker, [Door(name="x", url="http://127.0.0.1:1")], samples)) == 1


def test_what_the_ledger_keeps_of_an_etag_is_shown_as_the_gateway_does() -> None:
    plain = sample_of(Pick(b"pool", b"k", 1, bytes(range(16))))
    parts = sample_of(Pick(b"pool", b"k", 1, b"aa-2"))
    assert (plain.etag, parts.etag) == (bytes(range(16)).hex(), "aa-2")
