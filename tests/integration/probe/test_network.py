"""The way to a server, asked of real sockets: refused, without TLS, with a bad certificate."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core.probe.endpoints import Endpoint
from core.probe.network import connect, look_up, round_trips, speak
from core.probe.tls import certificate
from core.verdict import Verdict
from tests.lab.authority import Authority

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass(slots=True)
class Web:
    """Answers each request with the same head, and hangs up."""

    head: str = "HTTP/1.1 200 OK\r\nContent-Length: 0"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1 << 16)
            writer.write(f"{self.head}\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    context: ssl.SSLContext | None = None, web: Web | None = None, ca_file: Path | None = None
) -> AsyncIterator[Endpoint]:
    server = await asyncio.start_server(web or Web(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        tls = context is not None
        yield Endpoint("kubo-1", "kubo", "127.0.0.1", port, url, tls=tls, ca_file=ca_file)


def closed_port() -> Endpoint:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        return Endpoint("kubo-1", "kubo", "127.0.0.1", bound.getsockname()[1])


async def test_a_listening_port_passes_and_a_closed_one_fails() -> None:
    async with serving() as endpoint:
        assert (await connect(endpoint)).verdict is Verdict.PASS
    found = await connect(closed_port())
    assert found.verdict is Verdict.FAIL
    assert "refused" in found.evidence


async def test_an_address_and_a_name_resolve_and_a_wrong_name_does_not_pass() -> None:
    assert (await look_up("127.0.0.1")).verdict is Verdict.PASS
    assert "127.0.0.1" in (await look_up("localhost")).evidence
    found = await look_up("no-such-host.invalid")
    assert found.verdict in {Verdict.FAIL, Verdict.UNKNOWN}
    assert "does not resolve" in found.evidence


async def test_round_trips_are_counted_and_i7_none_at_all_is_unknown() -> None:
    async with serving() as endpoint:
        found = await round_trips(endpoint)
    assert (found.verdict, "lost 0 of 10" in found.evidence) == (Verdict.PASS, True)
    assert (await round_trips(closed_port())).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("200 OK", Verdict.PASS), ("403 No", Verdict.PASS), ("503 Wait", Verdict.FAIL)],
)
async def test_any_http_answer_but_a_servers_fault_passes(status: str, verdict: Verdict) -> None:
    web = Web(f"HTTP/1.1 {status}\r\nContent-Length: 0")
    async with serving(web=web) as endpoint:
        found = await speak(endpoint)
    assert found.verdict is verdict
    assert status[:3] in found.evidence


async def test_a_certificate_of_a_known_authority_passes(tmp_path: Path) -> None:
    known = Authority(tmp_path)
    async with serving(known.issue("web").context(), ca_file=known.file) as endpoint:
        found = await certificate(endpoint)
    assert found.verdict is Verdict.PASS
    assert "valid 20" in found.evidence


@pytest.mark.parametrize(
    ("days", "host", "said", "remedy"),
    [
        ((-9, -1), "127.0.0.1", "expired", "Renew"),
        ((5, 90), "127.0.0.1", "not yet valid", "clock"),
        ((-1, 90), "127.0.0.9", "mismatch", "name"),
    ],
)
async def test_a_certificate_that_does_not_hold_fails_with_its_dates(
    tmp_path: Path, days: tuple[int, int], host: str, said: str, remedy: str
) -> None:
    known = Authority(tmp_path)
    pair = known.issue("web", begins_in_days=days[0], ends_in_days=days[1], host=host)
    async with serving(pair.context(), ca_file=known.file) as endpoint:
        found = await certificate(endpoint)
    assert found.verdict is Verdict.FAIL
    assert said in found.evidence
    assert "valid 20" in found.evidence
    assert remedy in found.remedy


async def test_a_certificate_of_a_foreign_authority_fails(tmp_path: Path) -> None:
    async with serving(Authority(tmp_path).issue("web").context()) as endpoint:
        found = await certificate(endpoint)
    assert found.verdict is Verdict.FAIL
    assert "SSL_CERT_FILE" in found.remedy


async def test_a_certificate_that_ends_soon_warns(tmp_path: Path) -> None:
    known = Authority(tmp_path)
    pair = known.issue("web", ends_in_days=5)
    async with serving(pair.context(), ca_file=known.file) as endpoint:
        assert (await certificate(endpoint)).verdict is Verdict.WARN


async def test_a_port_without_tls_fails() -> None:
    async with serving() as endpoint:
        found = await certificate(endpoint)
    assert found.verdict is Verdict.FAIL
    assert "no TLS" in found.evidence
