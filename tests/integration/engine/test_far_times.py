"""A file of the year 2445 or of one before 1677 is carried like any other, and ends no plan."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.verifying import verifications
from core.model import NS_PER_S, JobKind
from core.source.posix.stamps import END_NS, held_ns
from core.verify.difference import Listed
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.proved import verified

if TYPE_CHECKING:
    from pathlib import Path

FAR_NS = 15_000_000_000 * NS_PER_S
FAR = ("d0/k0000", "d1/k0001", "large.bin")


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give differences no time to settle: nothing is under way here."""
    monkeypatch.setattr(verifications, "AGAIN_S", 0.0)


def test_a_time_is_held_as_it_is_or_as_the_nearest_one() -> None:
    for time_ns in (0, -1, END_NS - 1, -END_NS, 1_795_656_865 * NS_PER_S):
        assert held_ns(time_ns) == time_ns
    assert held_ns(FAR_NS) == END_NS - 1
    assert held_ns(-FAR_NS) == -END_NS


@pytest.mark.parametrize("versioned", [False, True])
async def test_i4_files_of_a_far_time_are_carried_and_equal(
    tmp_path: Path, *, versioned: bool
) -> None:
    ground = make_ground(tmp_path, objects=8, buckets=1)
    bucket = ground.source / "bucket0"
    if versioned:
        os.setxattr(bucket, "user.versioning", b"\x01")
    for key in FAR:
        os.utime(bucket / key, ns=(0, FAR_NS))
        if os.stat(bucket / key).st_mtime_ns != FAR_NS:  # noqa: PTH116 - as the source looks
            pytest.skip("this file system holds no time behind 2262")
    make_workspace(ground, Knobs(workers=1, batch_size=4))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        every = {f"{bucket}/{key}" for bucket, key in ground.bodies}
        assert (await verified(engine, {"full": "1"}))[1] == {(Listed.EQUAL, ""): every}
        classes = dict((await engine.ledger.counters()).classes)
        assert classes["timestamp_range"] == len(FAR)
        os.utime(bucket / FAR[0], ns=(0, FAR_NS + NS_PER_S))
        ground.put("bucket0", FAR[1], b"another")
        job = await engine.start_job(JobKind.SYNC, {"mode": "once"}, "op1", "s1")
        await engine.wait(job)
        assert (await verified(engine, {"full": "1"}))[1] == {(Listed.EQUAL, ""): every}
