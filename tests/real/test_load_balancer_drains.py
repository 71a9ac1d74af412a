"""Draining real load balancers: what was under way is waited for, of a slice and of old workers."""

from __future__ import annotations

import asyncio
import http.client
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.config.workspace import parse
from core.cutover.balancers import balancers
from core.cutover.drain import drain
from core.cutover.fleet import Fleet
from core.cutover.mode import Mode, Side
from tests.lab.haproxy import Haproxy
from tests.lab.process import Keeper
from tests.lab.sides import StandIn
from tests.real.balancer_pair import Pair, at

if TYPE_CHECKING:
    from pathlib import Path

    from core.cutover.reading import Trouble


def half_sent(url: str) -> http.client.HTTPConnection:
    """Begin an upload of two bytes, and send the first."""
    parts = urlsplit(url)
    upload = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    upload.putrequest("PUT", "/photos/big")
    upload.putheader("Content-Length", "2")
    upload.endheaders(b"x")
    return upload


def load(url: str, over: threading.Event) -> None:
    """Write objects of another bucket, one after the other on one connection."""
    parts = urlsplit(url)
    client = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    while not over.is_set():
        client.request("PUT", "/docs/a", b"x")
        assert client.getresponse().read() == b""
    client.close()


async def begun(fleet: Fleet, at: int = 1) -> None:
    """Wait until one, by default the second, has a write in work."""
    end_s = time.monotonic() + 60
    told = await fleet.balancers[at].busy(Side.BLUE)
    while told is None or not told.requests:
        assert time.monotonic() < end_s
        await asyncio.sleep(0.01)
        told = await fleet.balancers[at].busy(Side.BLUE)


async def test_a_drain_waits_for_the_upload_in_flight(pair: Pair) -> None:
    fleet = pair.fleet()
    upload = half_sent(pair.lbs[1].url)
    lb = pair.lbs[1]
    await begun(fleet)
    await at(fleet, Mode.BLUE_RO)
    waiting = await fleet.drain(Side.BLUE, limit_s=0.5)
    assert [(trouble.name, trouble.why) for trouble in waiting.left] == [
        (lb.name, "1 writes are under way")
    ]
    upload.send(b"y")
    assert (await asyncio.to_thread(upload.getresponse)).status == 200
    upload.close()
    assert (await fleet.drain(Side.BLUE, limit_s=10)).ended
    assert [written.path for written in pair.blue.journal] == ["/photos/big"]


async def test_an_old_worker_is_undrained_and_begins_nothing_until_it_has_ended(
    tmp_path: Path,
) -> None:
    """It goes by the map that it had: a client of its could write where the map says no more."""
    with StandIn("blue") as blue, Keeper() as keeper:
        lb = Haproxy("lb-1", tmp_path, blue=blue.address, green=blue.address, master=True)
        lb.start(keeper)
        said: list[Trouble] = []
        text = Pair(keeper, (lb, lb), blue, blue).workspace_text().replace(f", {lb.entry}]", "]")
        fleet = Fleet(balancers(parse(text)), say=said.append)
        assert await fleet.ready("1") == []
        upload = half_sent(lb.url)
        await begun(fleet, 0)
        await fleet.read(())
        await asyncio.to_thread(lb.reload, keeper)
        await at(fleet, Mode.BLUE_RO)
        assert ["it was restarted or reloaded" in one.why for one in said] == [True]
        assert "old worker" in (await fleet.ready("1"))[0].why
        for buckets in ((), ("photos",)):
            waiting = await drain(fleet.balancers, Side.BLUE, buckets, limit_s=0.7)
            assert ["old worker" in one.why for one in waiting.left] == [True]
        upload.send(b"y")
        assert (await asyncio.to_thread(upload.getresponse)).status == 200
        upload.close()
        assert (await fleet.drain(Side.BLUE, limit_s=20)).ended
        assert await fleet.ready("1") == []
        other = Fleet(balancers(parse(text.replace("m.sock", "none.sock"))))
        assert (await other.drain(Side.BLUE, limit_s=0.4)).left, "a silent master is unknown (I7)"


async def test_a_slice_is_drained_beside_the_load_of_others_and_waits_for_its_upload(
    pair: Pair,
) -> None:
    fleet, slice_, over = pair.fleet(), ("photos",), threading.Event()
    upload = half_sent(pair.lbs[1].url)
    await begun(fleet)
    loads = [threading.Thread(target=load, args=(lb.url, over)) for lb in pair.lbs * 2]
    for one in loads:
        one.start()
    try:
        await at(fleet, Mode.BLUE_RO, slice_)
        waiting = await drain(fleet.balancers, Side.BLUE, slice_, limit_s=1.5)
        assert [trouble.name for trouble in waiting.left] == ["lb-2"]
        assert "1 writes that were under way have not ended" in waiting.left[0].why
        upload.send(b"y")
        assert (await asyncio.to_thread(upload.getresponse)).status == 200
        assert (await drain(fleet.balancers, Side.BLUE, slice_, limit_s=10)).ended
        assert not (await drain(fleet.balancers, Side.BLUE, limit_s=0.5)).ended
    finally:
        over.set()
        for one in loads:
            await asyncio.to_thread(one.join)
    upload.close()
