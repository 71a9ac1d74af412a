"""One keep-alive connection to a Kubo node that takes an import as bytes come.

Sockets without a library between: a client library costs more per request than the import of a
bundle's bytes, and hides when a kept connection has gone stale.
"""

from __future__ import annotations

import http.client
import select
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.errors import BadInput
from core.target.kubo_answers import Answer, place

if TYPE_CHECKING:
    from core.target.sink import KuboEndpoint, Piece

BOUNDARY = "vgwm-car-0b7f"
PROLOGUE = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bundle.car"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
EPILOGUE = f"\r\n--{BOUNDARY}--\r\n".encode()

_QUESTION = "/api/v0/version"
_QUERY = "/api/v0/dag/import?pin-roots=false&stats=true&fast-provide-root=false"
_BODY_MAX = 1 << 16

ASK_S = 10.0
"""A node without progress for so long is asked whether it lives; it may be at work on its disk."""

ANSWER_S = 3.0
_ASKED = 2
"""Questions in a row without an answer that make it a hung one."""


class NoProgress(TimeoutError):
    """A node took no byte and said no word for as long as we wait for that."""


class ImportWire:
    """A connection to one node. idle_s: longest wait for any progress, in seconds.

    A node without progress for ask_s is asked something small on a connection of its own; one that
    does not answer that either is hung, and not waited for any longer.
    Raises OSError or http.client.HTTPException when the node cannot be reached or breaks off.
    """

    def __init__(
        self,
        endpoint: KuboEndpoint,
        *,
        idle_s: float,
        ask_s: float = ASK_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        parts = urlsplit(endpoint.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise BadInput(
                what=f"{place(*endpoint)} is no Kubo RPC address",
                where="target.kubo",
                remedy="Write it as http://HOST:PORT or https://HOST:PORT, without credentials.",
                node=endpoint.name,
            )
        self.name = endpoint.name
        self.where = place(*endpoint)
        self.reused = False
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host = parts.hostname
        self._port = parts.port or (443 if self._tls else 80)
        self._idle_s = idle_s
        self._ask_s = min(ask_s, idle_s)
        self._answer_s = answer_s
        self._ask_head = (
            f"POST {parts.path.rstrip('/')}{_QUESTION} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "User-Agent: vgwm\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ).encode("ascii")
        self._head = (
            f"POST {parts.path.rstrip('/')}{_QUERY} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"User-Agent: vgwm\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        )
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Have a live connection: the kept one, unless the node has closed it meanwhile."""
        if self._socket is not None and not _stale(self._socket):
            self.reused = True
            return
        self.close()
        self._socket = self._connect(self._ask_s)

    def head(self, length: int | None) -> None:
        """Send the request's head; length: of the body in bytes, None for a chunked body."""
        framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        self.send(f"{self._head}{framing}\r\n\r\n".encode("ascii"))

    def send(self, piece: Piece) -> None:
        """Send all of piece; idle_s bounds each step, not the whole."""
        sock = self._live()
        view = memoryview(piece)
        idle_s = 0.0
        while view:
            try:
                view = view[sock.send(view) :]
                idle_s = 0.0
            except TimeoutError:
                idle_s += self._ask_s
                self._require_life(idle_s)

    def answer(self) -> Answer:
        """Return the node's answer; the connection stays open when the node keeps it."""
        sock = self._live()
        self._await_words(sock)
        sock.settimeout(self._idle_s)
        response = http.client.HTTPResponse(sock, method="POST")
        try:
            response.begin()
            body = response.read(_BODY_MAX)
            whole = response.isclosed() or not response.read(1)
            retry_after = response.getheader("Retry-After") or ""
            if not whole or response.will_close:
                self.close()
            else:
                sock.settimeout(self._ask_s)
            return Answer(response.status, retry_after, body)
        finally:
            response.close()

    def close(self) -> None:
        """Let the connection go; with a request open on it, the node drops that request."""
        self.reused = False
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self, limit_s: float) -> socket.socket:
        raw = socket.create_connection((self._host, self._port), timeout=limit_s)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._tls.wrap_socket(raw, server_hostname=self._host) if self._tls else raw
        except OSError:
            raw.close()
            raise

    def _await_words(self, sock: socket.socket) -> None:
        """Wait for the beginning of an answer: Kubo says nothing until an import is done."""
        idle_s = 0.0
        while not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            if select.select([sock], [], [], self._ask_s)[0]:
                return
            idle_s += self._ask_s
            self._require_life(idle_s)

    def _require_life(self, idle_s: float) -> None:
        """Raise NoProgress if a node that made none for idle_s is waited for no longer."""
        if idle_s >= self._idle_s:
            raise NoProgress(f"timed out: no progress for {idle_s:.3g} s")
        if not any(self._lives() for _ in range(_ASKED)):
            raise NoProgress(
                f"timed out: no progress for {idle_s:.3g} s, nor an answer to a question"
            )

    def _lives(self) -> bool:
        try:
            with self._connect(self._answer_s) as asked:
                asked.sendall(self._ask_head)
                return bool(asked.recv(1))
        except OSError:
            return False

    def _live(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionError("the connection is closed")
        return self._socket


def _stale(kept: socket.socket) -> bool:
    """Tell whether an idle connection has something to read: only its end can come unasked."""
    return bool(select.select([kept], [], [], 0)[0])
