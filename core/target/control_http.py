"""One server's control API over HTTP: short calls, each with a limit of its own.

Not for bundles: those go by `kubo_wire`. Foreign errors become ours here and nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from core.errors import BadInput
from core.target.kubo_answers import Answer, place, unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

HEALTH_S = 3.0
"""Limit of a read that says how a server is."""

STATUS_S = 20.0
"""Limit of a status read: above the 15 s that a cluster takes over a hung member."""


@dataclass(frozen=True, slots=True)
class Login:
    """User and password of a cluster's REST API. Its text form never shows the password (I9)."""

    user: str
    password: str = field(repr=False)


def _tls() -> ssl.SSLContext:
    """Return the context that all clients share, for the authorities that are named now."""
    return _of_authorities(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _of_authorities(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Read the authorities once: they are the system's unless OpenSSL's variables name others."""
    del file, folder  # OpenSSL reads its variables by itself
    return ssl.create_default_context()


class ControlHttp:
    """A server by name and base URL.

    Raises NodeUnreachable for every failure of transport; statuses are the caller's to judge.
    """

    def __init__(self, name: str, url: str, login: Login | None = None) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self.place = place(name, url)
        if not _is_plain(url):
            raise self._bad_url()
        self._headers = {"Authorization": _basic(login)} if login else {}
        self._opened: aiohttp.ClientSession | None = None

    @property
    def _session(self) -> aiohttp.ClientSession:
        """Return the connections, made at the first call: they belong to its loop.

        A proxy of the shell's stands between nobody: trust_env is off by default.
        """
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=_tls()),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
            )
        return self._opened

    async def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *, limit_s: float
    ) -> Answer:
        """Return the whole answer, whatever its status. limit_s: of each step of the call."""
        async with self.stream(method, path, query, limit_s=limit_s) as answer:
            return Answer(answer.status, answer.headers.get("Retry-After", ""), await answer.read())

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *, limit_s: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open an answer that is read as it comes. limit_s: longest wait for the next bytes."""
        try:
            async with self._session.request(
                method,
                self.url + path,
                params=query,
                timeout=_limit(limit_s),
                allow_redirects=False,
            ) as answer:
                yield answer
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(error, where=self.where(method, path), node=self.name) from error

    def where(self, method: str, path: str) -> str:
        """Return `GET /id of cluster-1 at http://host:9094`: a call as messages name it."""
        return f"{method} {path} of {self.place}"

    async def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await asyncio.shield(self._opened.close())  # also if its caller is told to end

    def _bad_url(self) -> BadInput:
        return BadInput(
            what=f"{self.place} is no address of a server",
            where="target.kubo or target.cluster",
            remedy="Write it as http://HOST:PORT or https://HOST:PORT, without credentials.",
            node=self.name,
        )


def _is_plain(url: str) -> bool:
    """Tell whether it is an address of HTTP with a host, and without credentials."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    fits = bool(host) and host.isascii() and not set(host) & set(' "<>\\^`{|}%')
    return parts.scheme in {"http", "https"} and fits and "@" not in parts.netloc and port != 0


def _limit(limit_s: float) -> aiohttp.ClientTimeout:
    """Return a limit of each step: to connect, and between two reads. None on the whole."""
    return aiohttp.ClientTimeout(total=None, sock_connect=limit_s, sock_read=limit_s)


def _basic(login: Login) -> str:
    """Return the header of a login, in UTF-8 (RFC 7617)."""
    return f"Basic {b64encode(f'{login.user}:{login.password}'.encode()).decode()}"
