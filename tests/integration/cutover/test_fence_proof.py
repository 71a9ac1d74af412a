"""A fence is proven by refused writes and absent keys; silence and our own faults prove nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.cutover.door import Door
from core.cutover.fence_proof import AT_ONCE, look_fenced, open_doors, prove_fenced, summary
from core.cutover.gateway import Hold
from core.cutover.proof_keys import sweep
from tests.fakes.side import Kept, Side

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.cutover.door import Asker

RUN = "5eed0001-7"
PAUSED = (503, "SlowDown")
READ_ONLY_DISK = (500, "InternalError")
DENIED = (403, "AccessDenied")


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with Side("pool", "empty").serve() as served:
        served.put("pool", "kept/object", b"bytes")
        yield served


def fence(side: Side, put: tuple[int, str], copy: tuple[int, str] | None = None) -> None:
    side.instead = {"PutObject": put, "CopyObject": copy or put}


@pytest.mark.parametrize("refusal", [PAUSED, READ_ONLY_DISK])
async def test_refused_writes_prove_the_fence(
    asker: Asker, side: Side, refusal: tuple[int, str]
) -> None:
    fence(side, refusal)
    assert await prove_fenced(asker, [side.door], ["pool", "empty"], RUN) == []
    assert side.asked.count("PutObject") == 2
    assert side.asked.count("CopyObject") == 1, "an empty bucket has nothing to copy"


async def test_a_gateway_started_read_only_is_no_fence_for_it_copies(
    asker: Asker, side: Side
) -> None:
    side.instead = {"PutObject": DENIED, "DeleteObject": DENIED}
    [unproven] = await prove_fenced(asker, [side.door], ["pool"], RUN, may_write=["side"])
    assert "CopyObject: 200" in unproven.why
    assert "still there: delete it by hand" in unproven.why


async def test_what_got_in_is_taken_away_and_said(asker: Asker, side: Side) -> None:
    [unproven] = await prove_fenced(asker, [side.door], ["empty"], RUN)
    assert "PutObject: 200" in unproven.why
    assert "was written; it was taken away again" in unproven.why
    assert not side.buckets["empty"]


async def test_a_refusal_that_wrote_all_the_same_proves_nothing(asker: Asker, side: Side) -> None:
    side.behind = {"PutObject": PAUSED}
    side.instead = {"CopyObject": PAUSED}
    [unproven] = await prove_fenced(asker, [side.door], ["pool"], RUN)
    assert "was written" in unproven.why
    assert list(side.buckets["pool"]) == ["kept/object"]


@pytest.mark.parametrize("silent", ["PutObject", "CopyObject", "HeadObject", "ListObjectsV2"])
async def test_silence_proves_nothing(asker: Asker, side: Side, silent: str) -> None:
    fence(side, PAUSED)
    side.hangs = {silent}
    [unproven] = await prove_fenced(asker, [side.door], ["pool"], RUN)
    assert "no answer within" in unproven.why


async def test_a_door_that_hangs_is_not_asked_for_each_bucket(asker: Asker) -> None:
    buckets = [f"b{number}" for number in range(5 * AT_ONCE)]
    async with Side(*buckets).serve() as side:
        side.hangs = {"ListObjectsV2", "AbortMultipartUpload"}
        unproven = await prove_fenced(asker, [side.door], buckets, RUN)
        shown = await look_fenced(asker, [side.door], buckets)
    assert len(unproven) == len(shown) == len(buckets)
    assert {one.hold for one in shown} == {Hold.UNKNOWN}
    assert len(side.asked) == 2 * AT_ONCE


async def test_nobody_there_proves_nothing(asker: Asker) -> None:
    [unproven] = await prove_fenced(
        asker, [Door(name="gone", url="http://127.0.0.1:1")], ["b"], RUN
    )
    assert unproven.door == "gone"


async def test_403_counts_only_where_the_account_was_seen_to_write(
    asker: Asker, side: Side
) -> None:
    shown = await look_fenced(asker, [side.door], ["pool"])
    fence(side, DENIED)
    [unproven] = await prove_fenced(asker, [side.door], ["pool"], RUN)
    assert "not seen to have the right to write" in unproven.why
    may = open_doors(shown)
    assert await prove_fenced(asker, [side.door], ["pool"], RUN, may_write=may) == []


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidAccessKeyId"])
async def test_a_wrong_key_of_ours_proves_nothing(asker: Asker, side: Side, code: str) -> None:
    fence(side, (403, code))
    assert await prove_fenced(asker, [side.door], ["pool"], RUN, may_write=["side"])


async def test_a_missing_bucket_proves_nothing(asker: Asker, side: Side) -> None:
    fence(side, PAUSED)
    assert await prove_fenced(asker, [side.door], ["nobody"], RUN)


async def test_no_door_and_no_bucket_prove_nothing(asker: Asker, side: Side) -> None:
    assert await prove_fenced(asker, [], ["pool"], RUN)
    assert await prove_fenced(asker, [side.door], [], RUN)


async def test_what_was_done_late_is_swept_and_nothing_else(asker: Asker, side: Side) -> None:
    side.put("pool", f"vgwm-probe-{RUN}-0-put", b"vgwm")
    side.put("pool", "vgwm-probe-00000000-1-0-put", b"another workspace's")
    told = await sweep(asker, side.door, ["empty", "pool"], RUN[:8])
    assert told == [f"pool/vgwm-probe-{RUN}-0-put was written; it was taken away again"]
    assert set(side.buckets["pool"]) == {"kept/object", "vgwm-probe-00000000-1-0-put"}
    assert await sweep(asker, side.door, ["empty", "pool"], RUN[:8]) == []


async def test_a_sweep_says_what_it_could_not_see(asker: Asker, side: Side) -> None:
    side.instead = {"ListObjectsV2": (403, "AccessDenied")}
    assert "is not listed" in (await sweep(asker, side.door, ["pool"], RUN))[0]
    side.hangs = {"ListObjectsV2"}
    assert "no answer within" in (await sweep(asker, side.door, ["pool"], RUN))[0]


async def test_one_open_door_of_several_is_named(asker: Asker, side: Side) -> None:
    fence(side, PAUSED)
    async with Side("pool").serve() as other:
        doors = [side.door, Door(name="lb-2", url=other.url)]
        unproven = await prove_fenced(asker, doors, ["pool"], RUN)
    assert [one.door for one in unproven] == ["lb-2"]
    assert "lb-2 pool: PutObject: 200" in summary(unproven)


@pytest.mark.parametrize(
    ("answer", "hold"),
    [
        (None, Hold.OPEN),
        (PAUSED, Hold.FENCED),
        (DENIED, Hold.FENCED),
        (READ_ONLY_DISK, Hold.UNKNOWN),
        ((404, "NoSuchBucket"), Hold.UNKNOWN),
        ((404, ""), Hold.UNKNOWN),
        ((403, "SignatureDoesNotMatch"), Hold.UNKNOWN),
    ],
)
async def test_the_harmless_question_changes_nothing(
    asker: Asker, side: Side, answer: tuple[int, str] | None, hold: Hold
) -> None:
    if answer:
        side.instead = {"AbortMultipartUpload": answer}
    [shown] = await look_fenced(asker, [side.door], ["pool"])
    assert shown.hold is hold
    assert side.asked == ["AbortMultipartUpload"]
    assert bool(open_doors([shown])) is (hold is Hold.OPEN)


async def test_the_harmless_question_takes_silence_for_unknown(asker: Asker, side: Side) -> None:
    side.hangs = {"AbortMultipartUpload"}
    [shown] = await look_fenced(asker, [side.door], ["pool"])
    assert shown.hold is Hold.UNKNOWN


@pytest.mark.parametrize(
    ("code", "of_us"),
    [
        ((404, "NoSuchBucket"), True),
        ((403, "InvalidAccessKeyId"), True),
        ((403, "AccessDenied"), False),
        ((500, "InternalError"), False),
    ],
)
async def test_an_answer_about_us_or_a_bucket_that_is_gone_is_told_from_one_about_a_fence(
    asker: Asker,
    side: Side,
    code: tuple[int, str],
    of_us: bool,  # noqa: FBT001 - a case
) -> None:
    side.instead = {"AbortMultipartUpload": code}
    [shown] = await look_fenced(asker, [side.door], ["pool"])
    assert (shown.of_us, shown.hold is Hold.OPEN) == (of_us, False)


class _Huge(bytes):
    """A body that is listed with a gibibyte."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1 << 30


async def test_i10_a_copy_is_tried_where_all_that_there_is_to_copy_is_large(
    asker: Asker, side: Side
) -> None:
    """Such as `--readonly`, which lets a copy by the owner through."""
    side.buckets["pool"] = {"film": Kept(_Huge(b"pictures"))}
    side.instead = {"PutObject": (503, "SlowDown")}
    [unproven] = await prove_fenced(asker, [side.door], ["pool"], RUN)
    assert "CopyObject: 200" in unproven.why
