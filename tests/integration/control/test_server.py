"""The API over a stand-in desk: what goes in, what comes out, how it refuses."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from core.control.client import Client
from core.control.server import build_app
from core.control.wire import state as wire
from core.errors import BadInput, NoPlan
from tests.fakes.desk import FakeDesk, asked, job, snapshot


def http(desk: FakeDesk) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=build_app(desk), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://engine")


async def test_snapshot_comes_back_as_it_was() -> None:
    desk = FakeDesk(snapshot(jobs=[job(1, "running")]))
    async with Client(build_app(desk)) as client:
        assert await client.snapshot() == desk.now


async def test_an_error_keeps_its_class_text_and_exit_code() -> None:
    async with Client(build_app(FakeDesk())) as client:
        with pytest.raises(NoPlan) as caught:
            await client.plan()
    assert caught.value.exit_code == 3
    assert caught.value.remedy == "vgwm plan makes it."


async def test_the_same_request_id_begins_one_job() -> None:
    desk = FakeDesk()
    async with Client(build_app(desk)) as client:
        first = await client.start_job("copy", {}, actor="op1", request_id="r1")
        again = await client.start_job("copy", {}, actor="op1", request_id="r1")
        other = await client.start_job("copy", {}, actor="op1", request_id="r2")
    assert first == again != other


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
async def test_an_act_names_job_and_actor(verb: str) -> None:
    desk = FakeDesk()
    async with Client(build_app(desk)) as client:
        await getattr(client, verb)(7, actor="op1")
    assert asked(desk.told) == [(f"{verb} 7", wire.Act(actor="op1"))]


async def test_an_unknown_act_is_refused_by_name_with_what_is_accepted() -> None:
    async with http(FakeDesk()) as raw:
        answer = await raw.post("/v1/jobs/7/explode", content=b'{"actor":"op1"}')
    refusal = msgspec.json.decode(answer.content, type=wire.Refusal)
    assert answer.status_code == 400
    assert "explode" in refusal.error.what
    assert "pause, resume, cancel" in refusal.error.remedy


async def test_an_endpoint_of_another_version_is_told_as_such() -> None:
    async with http(FakeDesk()) as raw:
        answer = await raw.get("/v1/later")
    refusal = msgspec.json.decode(answer.content, type=wire.Refusal)
    assert answer.status_code == 404
    assert "/v1/later" in refusal.error.what


async def test_refused_knobs_change_nothing() -> None:
    desk = FakeDesk()
    async with Client(build_app(desk)) as client:
        with pytest.raises(BadInput):
            await client.set_knobs({"colour": "red"}, actor="op1")
    assert desk.told == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"actor":7}', b'{"kind":"copy"}', b"[]", b'"\x1b[2J"']
)
async def test_a_body_of_another_shape_is_bad_input_and_safe_to_show(body: bytes) -> None:
    async with http(FakeDesk()) as raw:
        answer = await raw.post("/v1/jobs", content=body)
    refusal = msgspec.json.decode(answer.content, type=wire.Refusal)
    assert answer.status_code == 400
    assert refusal.error.exit_code == 2
    assert "\x1b" not in refusal.error.what


@pytest.mark.parametrize("since", ["-1", "x", "1e3", "9" * 30, "٣"])
async def test_a_number_that_is_none_is_bad_input(since: str) -> None:
    async with http(FakeDesk()) as raw:
        answer = await raw.get("/v1/events", params={"since": since})
    assert answer.status_code == 400


async def test_a_body_without_end_is_refused_before_it_fills_memory() -> None:
    async with http(FakeDesk()) as raw:
        answer = await raw.post("/v1/jobs", content=b"x" * (2 << 20))
    assert answer.status_code == 400
    assert b"1048576" in answer.content


async def test_a_fault_of_the_engine_is_told_without_its_inside() -> None:
    desk = FakeDesk()

    async def stumble() -> wire.Snapshot:
        raise RuntimeError("secret-9f")

    desk.snapshot = stumble  # type: ignore[method-assign]
    async with http(desk) as raw:
        answer = await raw.get("/v1/snapshot")
    refusal = msgspec.json.decode(answer.content, type=wire.Refusal)
    assert refusal.error.exit_code == 70
    assert b"secret-9f" not in answer.content


async def test_failures_come_by_pages_in_order() -> None:
    desk = FakeDesk()
    desk.failed = [
        wire.Failure(
            bucket="b",
            key=f"k{n}",
            version="",
            phase="copy",
            code="denied",
            text="no",
            tries=1,
            last_ns=1,
            remedy="chmod",
            disposition="failed",
        )
        for n in range(5)
    ]
    seen: list[str] = []
    async with Client(build_app(desk)) as client:
        after = ""
        while True:
            page = await client.failures(after, limit=2)
            seen += [one.key for one in page.failures]
            after = page.next
            if not after:
                break
    assert seen == ["k0", "k1", "k2", "k3", "k4"]


async def test_metrics_are_prometheus_text() -> None:
    desk = FakeDesk(snapshot(totals=wire.Totals(objects=10, migrated=4, remaining=6)))
    async with Client(build_app(desk)) as client:
        text = await client.metrics()
    assert 'vgwm_objects{workspace="photos",state="migrated"} 4' in text.splitlines()
