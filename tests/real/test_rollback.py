"""Back to blue with one key: real VersityGW, two real HAProxys, green's lab front."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Self

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from core.cutover.rollback_plan import Green
from core.cutover.states import State
from core.engine.engine import Engine
from core.errors import Refused, WrongState
from core.ledger.greenlog import GreenState
from core.model import JobKind, JobState
from tests.real.rollback_scene import BUCKET, OTHER, Traffics, flipped, get, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.lab.tools import Tools

log = logging.getLogger(__name__)


@pytest.fixture
async def live(tools: Tools, tmp_path: Path) -> AsyncIterator[Traffics]:
    async with flipped(tmp_path, tools) as made:
        yield made


class Writers:
    """Clients that write without end, retry when they are refused, and keep a journal."""

    def __init__(self, live: Traffics) -> None:
        self._live = live
        self._stop = threading.Event()
        self.acknowledged: dict[str, bytes] = {}
        self.refused = 0
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(4)]

    def __enter__(self) -> Self:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()

    def _work(self, number: int) -> None:
        with self._live.client(number % 2) as client:
            at = 0
            while not self._stop.is_set():
                at += 1
                key, body = f"w{number}/{at % 40}", b"%d of %d" % (at, number)
                while not self._stop.is_set():
                    try:
                        put(client, key, body)
                    except (ClientError, BotoCoreError):
                        self.refused += 1
                        time.sleep(0.02)
                    else:
                        self.acknowledged[key] = body
                        break


async def test_one_key_brings_every_acknowledged_write_back_while_clients_write(
    live: Traffics,
) -> None:
    with Writers(live) as writers:
        while len(writers.acknowledged) < 40:  # noqa: ASYNC110 - threads tell nobody
            await asyncio.sleep(0.02)
        began_s = time.monotonic()
        row = await live.back()
        took_s = time.monotonic() - began_s
        seen = dict(writers.acknowledged)
        while writers.acknowledged == seen:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)  # they go on, on blue
    assert row.state is JobState.DONE, row.result
    assert live.modes() == ["blue", "blue"]
    assert await live.state() == State.CATCHUP
    with live.scene.blue.client() as blue:
        lost = [key for key, body in writers.acknowledged.items() if get(blue, key) != body]
        assert lost == []
        assert get(blue, "old/03") == b"blue 3"
    log.info("back on blue in %.2f s, %d refusals", took_s, writers.refused)


async def test_back_and_forth_and_back_again(live: Traffics) -> None:
    for turn in (1, 2):
        with live.client() as client:
            put(client, f"turn{turn}", b"green %d" % turn)
            client.delete_object(Bucket=BUCKET, Key=f"old/{turn:02}")
        row = await live.back()
        assert row.state is JobState.DONE, row.result
        with live.scene.blue.client() as blue:
            assert get(blue, f"turn{turn}") == b"green %d" % turn
            with pytest.raises(ClientError, match="NoSuchKey"):
                get(blue, f"old/{turn:02}")
        if turn == 1:
            await live.flip()
    assert live.modes() == ["blue", "blue"]


async def test_a_folder_in_a_deleted_key_s_place_is_no_key(live: Traffics) -> None:
    with live.client() as client:
        client.delete_object(Bucket=BUCKET, Key="old/rich")
        put(client, "old/rich/below", b"a key's name is a folder by now")
        put(client, "folder/", b"")
        put(client, "folder/kept", b"1")
        put(client, "folder/gone", b"2")
        client.delete_object(Bucket=BUCKET, Key="folder/")
        client.delete_object(Bucket=BUCKET, Key="folder/gone")
    row = await live.back()
    assert row.state is JobState.DONE, row.result
    with live.scene.blue.client() as blue:
        found = [one["Key"] for one in blue.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert [key for key in found if not key.startswith("old/0")] == [
        "folder/kept",
        "old/10",
        "old/11",
        "old/rich/below",
    ]


async def test_green_s_own_gateway_refuses_writes_from_the_fence_on(
    tools: Tools, tmp_path: Path
) -> None:
    async with flipped(tmp_path, tools, fences=True) as live:
        with live.client() as client:
            put(client, "a", b"green")
        row = await live.back()
        assert row.state is JobState.DONE, row.result
        assert live.modes() == ["blue", "blue"]
        with live.scene.green.client() as direct, pytest.raises(ClientError, match="SlowDown"):
            put(direct, "late", b"nobody would carry it")
        with live.client() as client:
            assert get(client, "a") == b"green"


async def test_with_green_s_gateway_killed_its_writes_come_back_from_table_and_blocks(
    live: Traffics,
) -> None:
    with live.client() as client:
        put(client, "last", b"before it died")
    live.scene.green.server.kill()
    plan = await live.plan()
    assert plan.facts.green is Green.GATEWAY_DEAD
    row = await live.ended(await live.begin(plan.hash))
    assert row.state is JobState.DONE, row.result
    with live.client(1) as client:
        assert get(client, "last") == b"before it died"
        put(client, "after", b"on blue")


async def test_with_all_of_green_gone_traffic_goes_back_and_what_is_lost_was_named_before(
    tools: Tools, tmp_path: Path
) -> None:
    async with flipped(tmp_path, tools, mode="log") as live:
        with live.client() as client:
            put(client, "stays/behind", b"green only")
        while not await live.engine.ledger.greenlog.page(GreenState.WAITING):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        live.scene.green.server.kill()
        live.scene.target.rename(tmp_path / "gone")
        plan = await live.plan()
        assert plan.facts.green is Green.DEAD
        assert plan.lost_names == (f"{BUCKET}/stays/behind",)
        row = await live.ended(await live.begin(plan.hash))
        assert row.state is JobState.DONE, row.result
        assert live.modes() == ["blue", "blue"]
        (left,) = await live.engine.ledger.greenlog.page(GreenState.WAITING)
        assert left.key == b"stays/behind"
        with live.client() as client:
            assert get(client, "old/05") == b"blue 5"


async def test_a_load_balancer_that_is_dead_leaves_green_serving_and_one_more_key_works(
    live: Traffics,
) -> None:
    with live.client() as client:
        put(client, "a", b"green")
    live.balancers[1].server.kill()
    row = await live.back()
    assert row.state is JobState.FAILED
    assert "lb-2" in row.result
    assert await live.state() == State.GREEN_LIVE
    assert live.balancers[0].met(BUCKET) == "green"
    live.balancers[1].restart()
    row = await live.back()
    assert row.state is JobState.DONE, row.result
    assert live.modes() == ["blue", "blue"]


async def test_two_operators_press_at_once_and_it_is_done_once(live: Traffics) -> None:
    plan = await live.plan()
    both = await asyncio.gather(
        live.begin(plan.hash), live.begin(plan.hash), return_exceptions=True
    )
    jobs = [one for one in both if isinstance(one, int)]
    assert len(jobs) == 1, both
    assert any(isinstance(one, WrongState | Refused) for one in both), both
    assert (await live.ended(jobs[0])).state is JobState.DONE
    with pytest.raises(Refused, match="green does not serve it"):
        await live.begin(plan.hash)


async def test_a_tampered_hash_does_nothing(live: Traffics) -> None:
    plan = await live.plan()
    wrong = f"{int(plan.hash, 16) ^ 1:08x}"
    with pytest.raises(Refused, match="nothing was done"):
        await live.begin(wrong)
    assert live.modes() == ["green", "green"]


async def test_an_engine_that_ends_in_the_middle_goes_on_to_blue_when_it_starts(
    live: Traffics,
) -> None:
    job = await live.begin((await live.plan()).hash)
    while await live.state() != State.FENCE_GREEN:  # noqa: ASYNC110 - a row tells nobody
        await asyncio.sleep(0.01)
    live.scene.private.kill()  # nothing gets to blue any more: R2 waits
    with live.scene.green.client() as client:  # by green's own address, which nobody fences here
        put(client, "b", b"green")
    while live.modes() != ["green_ro", "green_ro"]:  # noqa: ASYNC110 - HAProxy tells nobody
        await asyncio.sleep(0.05)
    await live.engine.close()
    live.scene.private.start()
    live.engine = await Engine.open(live.scene.workspace)
    row = await live.ended(job)
    assert row.state is JobState.DONE, row.result
    assert live.modes() == ["blue", "blue"]
    with live.scene.blue.client() as blue:
        assert get(blue, "b") == b"green"


async def test_a_slice_goes_back_alone_and_waits_for_no_sync_of_the_others(
    tools: Tools, tmp_path: Path
) -> None:
    async with flipped(tmp_path, tools, slice_="moved") as live:
        assert [one.met(OTHER) for one in live.balancers] == ["blue", "blue"]
        with live.client() as client:
            put(client, "a", b"green")
            client.put_object(Bucket=OTHER, Key="b", Body=b"blue")
        sync = await live.engine.start_job(JobKind.SYNC, {"mode": "watch"}, "tester", "")
        row = await live.back()
        assert row.state is JobState.DONE, row.result
        ended = await live.engine.ledger.job(sync)
        assert ended is not None
        assert ended.state is JobState.CANCELLED
        assert live.modes() == ["blue", "blue"]
        with live.scene.blue.client() as blue:
            assert get(blue, "a") == b"green"
            assert blue.get_object(Bucket=OTHER, Key="b")["Body"].read() == b"blue"
