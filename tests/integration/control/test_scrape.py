"""Metrics by port and by file, where the workspace asks for them."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from core.config.schema import Metrics
from core.control.scrape import exposing
from core.errors import BadInput
from tests.fakes.desk import FakeDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - a file and a log have no event to wait for
        await asyncio.sleep(0)


async def test_a_port_answers_metrics_and_nothing_else() -> None:
    port = free_port()
    async with (
        exposing(Metrics(listen=f"127.0.0.1:{port}"), FakeDesk()),
        httpx.AsyncClient() as raw,
    ):
        found = await raw.get(f"http://127.0.0.1:{port}/metrics")
        other = await raw.post(f"http://127.0.0.1:{port}/v1/jobs", content=b"{}")
    assert "vgwm_objects{" in found.text
    assert other.status_code == 404
    with socket.socket() as again:
        assert again.connect_ex(("127.0.0.1", port)) != 0


async def test_a_file_is_written_whole_for_another_user_to_read(tmp_path: Path) -> None:
    file = tmp_path / "vgwm.prom"
    async with asyncio.timeout(10), exposing(Metrics(textfile=file), FakeDesk()):
        await until(lambda: text_of(file) != "")
    assert file.read_text().endswith("\n")
    assert file.stat().st_mode & 0o777 == 0o644


async def test_a_file_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = tmp_path / "none" / "vgwm.prom"
    async with asyncio.timeout(10), exposing(Metrics(textfile=missing), FakeDesk()):
        await until(lambda: "metrics not written" in caplog.text)


@pytest.mark.parametrize("address", ["9469", "nowhere:", "127.0.0.1:http", "127.0.0.1:99999"])
async def test_an_address_that_is_none_is_bad_input(address: str) -> None:
    with pytest.raises(BadInput, match="metrics cannot be served"):
        async with exposing(Metrics(listen=address), FakeDesk()):
            pass


async def test_a_taken_port_is_bad_input() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput, match="in use"):
            async with exposing(Metrics(listen=f"127.0.0.1:{taken.getsockname()[1]}"), FakeDesk()):
                pass
