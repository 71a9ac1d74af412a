"""The API on a real unix socket: its mode, a long path, a dead socket, silence, the end."""

from __future__ import annotations

import asyncio
import socket
import stat
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from core.control.client import Client
from core.control.serve import serve
from core.errors import BadInput, Denied, EngineDown, NoAnswer
from tests.fakes.desk import FakeDesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@asynccontextmanager
async def serving(workspace: Path, desk: FakeDesk) -> AsyncIterator[None]:
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(workspace, desk, ending=desk.ending, ready=ready.set))
        await ready.wait()
        try:
            yield
        finally:
            desk.answer_may_come.set()
            desk.ending.set()


async def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeDesk()):
        assert stat.S_IMODE((tmp_path / "engine.sock").stat().st_mode) == 0o600


async def test_a_path_longer_than_a_socket_address_works(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    desk = FakeDesk()
    async with serving(deep, desk), Client(deep) as client:
        assert await client.snapshot() == desk.now


async def test_a_dead_engines_socket_is_replaced(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "engine.sock"))
    dead.close()
    async with Client(tmp_path) as client:
        with pytest.raises(EngineDown):
            await client.snapshot()
        async with serving(tmp_path, FakeDesk()):
            await client.snapshot()


async def test_nothing_is_left_where_the_engine_was(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeDesk()):
        assert names(tmp_path) == ["engine.sock"]
    assert names(tmp_path) == []
    async with Client(tmp_path) as client:
        with pytest.raises(EngineDown, match="vgwm engine start"):
            await client.snapshot()


async def test_it_ends_when_asked_and_answers_that_before(tmp_path: Path) -> None:
    desk = FakeDesk()
    async with asyncio.timeout(10), serving(tmp_path, desk), Client(tmp_path) as client:
        await client.stop_engine(actor="op1")
        await desk.ending.wait()


async def test_a_silent_engine_is_no_answer_and_not_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.control.client.LOOK_S", 0.2)
    desk = FakeDesk()
    desk.answer_may_come.clear()
    async with serving(tmp_path, desk), Client(tmp_path) as client:
        with pytest.raises(NoAnswer) as caught:
            await client.snapshot()
        assert not isinstance(caught.value, EngineDown)


async def test_no_workspace_is_bad_input(tmp_path: Path) -> None:
    async with Client(tmp_path / "none") as client:
        with pytest.raises(BadInput):
            await client.snapshot()


async def test_many_clients_poll_at_once(tmp_path: Path) -> None:
    desk = FakeDesk()

    async def poll() -> None:
        async with Client(tmp_path) as client:
            for _ in range(5):
                assert await client.snapshot() == desk.now

    async with serving(tmp_path, desk), asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(poll())


async def test_another_users_socket_is_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "engine.sock"))
    dead.close()
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    async with Client(tmp_path) as client:
        with pytest.raises(Denied):
            await client.snapshot()


async def test_a_client_that_leaves_within_its_request_is_no_fault_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, FakeDesk()):
        _, leaving = await asyncio.open_unix_connection(tmp_path / "engine.sock")
        leaving.write(b"POST /v1/jobs HTTP/1.1\r\nHost: e\r\nContent-Length: 99\r\n\r\n{")
        await leaving.drain()
        leaving.close()
        async with Client(tmp_path) as client:  # the answers come in turn: the first was given up
            await client.snapshot()
            await client.snapshot()
    assert [record for record in caplog.records if record.exc_info] == []
