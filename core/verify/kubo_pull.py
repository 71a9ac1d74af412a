"""One keep-alive connection to a Kubo node that blocks are read over: all offline, all unhashed.

`dag/export` of a root is one request for a thousand objects; its errors come only behind the body,
so what came is judged by its hashes and by what is missing. Synchronous, for worker processes.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from core.errors import BadInput, NodeUnreachable
from core.target.kubo_answers import HTTP_OK, Answer, kubo_error, place, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.target.sink import KuboEndpoint

IDLE_S: Final = 60.0
_CONNECT_S: Final = 10.0
_SERVER_ERROR: Final = 500
_ABSENT: Final = (b"could not find", b"not found locally", b"block was not found")
_WRONG: Final = b"different hash than requested"
_FAULTS: Final = (OSError, http.client.HTTPException)


class WrongBlock(Exception):
    """The node itself says that it holds other bytes: its `Datastore.HashOnRead` is on."""


class Stream(NamedTuple):
    """A body as it comes: chunked, so that its end is no proof of its being whole."""

    response: http.client.HTTPResponse

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer; 0 at the end, and where the node broke off."""
        try:
            return self.response.readinto(buffer)
        except http.client.IncompleteRead as error:
            return len(error.partial)  # it is in the buffer
        except _FAULTS:
            return 0


class KuboPull:
    """Reads blocks of one node.

    Raises NodeUnreachable, NodeBusy, Denied, BadInput (no Kubo RPC).
    """

    def __init__(self, endpoint: KuboEndpoint, *, idle_s: float = IDLE_S) -> None:
        parts = urlsplit(endpoint.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise BadInput(
                what=f"{place(*endpoint)} is no Kubo RPC address",
                where="target.kubo",
                remedy="Write it as http://HOST:PORT or https://HOST:PORT, without credentials.",
                node=endpoint.name,
            )
        self.name = endpoint.name
        self._place = place(*endpoint)
        self._path = parts.path.rstrip("/")
        self._idle_s = idle_s
        self._connection = (
            http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=_CONNECT_S, context=ssl.create_default_context()
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(parts.hostname, parts.port, timeout=_CONNECT_S)
        )

    @contextmanager
    def export(self, cid: str) -> Iterator[Stream]:
        """Open the CAR of everything below a CID; it ends where the node lacks a block."""
        with self._asked(f"dag/export?arg={cid}&offline=true&progress=false") as response:
            if response.status != HTTP_OK:
                body = response.read(1 << 16)
                if not _is_absent(response.status, body) and _WRONG not in body:
                    raise self._error(response, body, "dag/export")
            yield Stream(response)

    def block(self, cid: str) -> bytes | None:
        """Return a block, unhashed; None if the node does not hold it. Raises WrongBlock."""
        with self._asked(f"block/get?arg={cid}&offline=true") as response:
            try:
                body = response.read()
            except _FAULTS as error:
                raise self._broke(error, "block/get") from error
            if response.status == HTTP_OK:
                return body
            if _is_absent(response.status, body):
                return None
            if _WRONG in body:
                raise WrongBlock
            raise self._error(response, body, "block/get")

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    @contextmanager
    def _asked(self, call: str) -> Iterator[http.client.HTTPResponse]:
        """Send a request; once more on a new connection if a kept one had gone stale."""
        response = self._send(call)
        try:
            yield response
        finally:
            # what was not read to its end cannot be followed by another answer
            if not response.isclosed():
                response.close()
                self._connection.close()

    def _send(self, call: str) -> http.client.HTTPResponse:
        kept = self._connection.sock is not None
        try:
            return self._try(call)
        except _FAULTS as error:
            self._connection.close()
            if not kept or isinstance(error, TimeoutError):
                raise self._broke(error, call) from error
        try:
            return self._try(call)
        except _FAULTS as error:
            self._connection.close()
            raise self._broke(error, call) from error

    def _try(self, call: str) -> http.client.HTTPResponse:
        connection = self._connection
        if connection.sock is None:
            connection.timeout = _CONNECT_S
            connection.connect()
            _tune(connection.sock, self._idle_s)
        connection.request("POST", f"{self._path}/api/v0/{call}", headers={"User-Agent": "vgwm"})
        return connection.getresponse()

    def _broke(self, error: Exception, call: str) -> NodeUnreachable:
        return unreachable(error, where=self._where(call), node=self.name)

    def _error(self, response: http.client.HTTPResponse, body: bytes, call: str) -> Exception:
        answer = Answer(response.status, response.getheader("Retry-After") or "", body)
        return kubo_error(answer, where=self._where(call), node=self.name)

    def _where(self, call: str) -> str:
        return f"{call.partition('?')[0]} of {self._place}"


def _tune(opened: socket.socket | None, idle_s: float) -> None:
    """Wait for no more bytes before a request goes, and for so long for an answer."""
    if opened is not None:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(idle_s)


def _is_absent(status: int, body: bytes) -> bool:
    return status == _SERVER_ERROR and any(mark in body for mark in _ABSENT)
