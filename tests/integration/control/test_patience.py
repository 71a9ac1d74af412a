"""Clients that do not read, or say half a sentence: bounded, and cut off."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import psutil
import pytest

from core.control import patience
from core.control.client import Client
from core.control.wire import state as wire
from tests.fakes.desk import FakeDesk, snapshot
from tests.integration.cli.desk import serving

if TYPE_CHECKING:
    from pathlib import Path

ASK = b"GET /v1/events HTTP/1.1\r\nhost: engine\r\n\r\n"
LONG = [
    wire.Event(seq=seq, ts_ns=0, kind="test", level="info", who="x", text="x" * 1_000)
    for seq in range(1, 1_001)
]


def dial(ws: Path) -> socket.socket:
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(0)
    link.connect(str(ws / "engine.sock"))
    return link


async def stuff(link: socket.socket, rounds: int) -> None:
    """Send requests and read no answer, until the engine reads no more either."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(0.5):
            for _ in range(rounds):
                await loop.sock_sendall(link, ASK * 100)
    except TimeoutError:
        pass


async def cut_off(link: socket.socket) -> None:
    """Return when the engine has closed the other end."""
    loop = asyncio.get_running_loop()
    try:
        while await loop.sock_recv(link, 1 << 20):
            pass
    except ConnectionResetError:
        pass


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "STILL_S", 0.3)
    monkeypatch.setattr(patience, "LOOK_S", 0.05)


async def test_twenty_clients_that_never_read_cost_an_answer_each(tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(events=LONG))
    async with serving(tmp_path, desk):
        links = [dial(tmp_path) for _ in range(20)]
        try:
            before = psutil.Process().memory_info().rss
            async with asyncio.TaskGroup() as group:
                for link in links:
                    group.create_task(stuff(link, 100))
            grown = psutil.Process().memory_info().rss - before
            async with Client(tmp_path) as client:
                assert await client.snapshot() == desk.now
        finally:
            for link in links:
                link.close()
    # 2,000 requests a link for 1.1 MB each would be 2 GB a link
    assert grown < 20 * 8 << 20


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /v1/sna",
        b"POST /v1/engine/stop HTTP/1.1\r\nhost: e\r\ncontent-length: 90\r\n\r\n{",
    ],
    ids=["nothing", "half a line", "half a body"],
)
async def test_a_client_that_does_not_move_is_cut_off(said: bytes, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(events=LONG))
    async with serving(tmp_path, desk), asyncio.timeout(20):
        with dial(tmp_path) as link:
            await asyncio.get_running_loop().sock_sendall(link, said)
            await cut_off(link)
        async with Client(tmp_path) as client:
            await client.snapshot()
    assert desk.told == []


@pytest.mark.usefixtures("hasty")
async def test_a_client_that_asks_and_does_not_read_is_cut_off(tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(events=LONG))
    async with serving(tmp_path, desk), asyncio.timeout(20):
        with dial(tmp_path) as link, pytest.raises((BrokenPipeError, ConnectionResetError)):
            # more than every buffer holds: it ends by the engine's hand alone
            await asyncio.get_running_loop().sock_sendall(link, ASK * 100_000)
        async with Client(tmp_path) as client:
            await client.snapshot()


@pytest.mark.usefixtures("hasty")
async def test_an_answer_that_takes_long_to_make_is_waited_for(tmp_path: Path) -> None:
    desk = FakeDesk()
    desk.answer_may_come.clear()
    loop = asyncio.get_running_loop()
    async with serving(tmp_path, desk), Client(tmp_path) as client:
        asked = asyncio.create_task(client.snapshot())
        loop.call_later(1.0, desk.answer_may_come.set)
        assert await asked == desk.now


async def test_the_quietest_makes_room_and_the_newcomer_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "MOST_CLIENTS", 5)
    async with serving(tmp_path, FakeDesk()), asyncio.timeout(20):
        links = [dial(tmp_path) for _ in range(8)]
        try:
            async with Client(tmp_path) as client:
                for _ in range(3):
                    await client.snapshot()
            for link in links[:3]:
                await cut_off(link)
        finally:
            for link in links:
                link.close()
