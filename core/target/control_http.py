"""One server's control API over HTTP: short calls, each with a limit of its own.

Not for bundles: those go by `kubo_wire`. Foreign errors become ours here and nowhere else.
"""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import httpx

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


@cache
def _tls() -> ssl.SSLContext:
    """Return the context that all clients share: httpx would load the authorities for each."""
    return ssl.create_default_context()


class ControlHttp:
    """A server by name and base URL.

    transport: stands in for the network in tests.
    Raises NodeUnreachable for every failure of transport; statuses are the caller's to judge.
    """

    def __init__(
        self,
        name: str,
        url: str,
        login: Login | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self.place = place(name, url)
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise self._bad_url() from error
        if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
            raise self._bad_url()
        self._client = httpx.AsyncClient(
            base_url=self.url,
            auth=httpx.BasicAuth(login.user, login.password) if login else None,
            trust_env=False,  # a proxy of the shell's must not stand between us and a private net
            transport=transport,
            verify=_tls(),
        )

    async def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *, limit_s: float
    ) -> Answer:
        """Return the whole answer, whatever its status. limit_s: of each step of the call."""
        try:
            answer = await self._client.request(method, path, params=query, timeout=limit_s)
        except httpx.HTTPError as error:
            raise unreachable(error, where=self.where(method, path), node=self.name) from error
        return Answer(answer.status_code, answer.headers.get("Retry-After", ""), answer.content)

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *, limit_s: float
    ) -> AsyncIterator[httpx.Response]:
        """Open an answer that is read as it comes. limit_s: longest wait for the next bytes."""
        try:
            async with self._client.stream(method, path, params=query, timeout=limit_s) as answer:
                yield answer
        except httpx.HTTPError as error:
            raise unreachable(error, where=self.where(method, path), node=self.name) from error

    def where(self, method: str, path: str) -> str:
        """Return `GET /id of cluster-1 at http://host:9094`: a call as messages name it."""
        return f"{method} {path} of {self.place}"

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _bad_url(self) -> BadInput:
        return BadInput(
            what=f"{self.place} is no address of a server",
            where="target.kubo or target.cluster",
            remedy="Write it as http://HOST:PORT or https://HOST:PORT, without credentials.",
            node=self.name,
        )
