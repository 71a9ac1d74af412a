"""A small HTTP/1.1 server on loopback, in threads of its own; what it says is a function."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    authorization: str
    body: bytes = b""
    chunked: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """close: the server ends the connection after it, without having said so."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False


class Hangup(Exception):
    """Break the connection off with a reset, instead of an answer."""


class _Server(ThreadingHTTPServer):
    """The socket server. early: may answer before the body is read."""

    daemon_threads = True

    def __init__(
        self, answer: Callable[[Request], Reply], early: Callable[[Request], Reply | None]
    ) -> None:
        self.answer = answer
        self.early = early
        self.connections = 0
        self.received = 0
        self.counting = threading.Lock()
        self.sockets: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        self.server.connections += 1
        self.server.sockets.add(self.request)
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.server.sockets.discard(self.request)

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        del format, args

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(self.command, parts.path, query, self.headers.get("Authorization", ""))
        reply = self.server.early(request)
        try:
            if reply is None:
                chunked = self.headers.get("Transfer-Encoding") == "chunked"
                body = self._chunks() if chunked else self._fixed()
                reply = self.server.answer(replace(request, body=body, chunked=chunked))
            else:
                self.close_connection = True
            self._say(reply)
        except Hangup:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

    def _fixed(self) -> bytes:
        return self._counted(int(self.headers.get("Content-Length", "0")))

    def _chunks(self) -> bytes:
        parts = []
        while length := int(self.rfile.readline() or b"-1", 16):
            parts.append(self._counted(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _counted(self, length: int) -> bytes:
        """Read so much of a body; count it as it comes."""
        parts = []
        while length and (part := self.rfile.read1(min(length, 1 << 16))):
            with self.server.counting:
                self.server.received += len(part)
            length -= len(part)
            parts.append(part)
        if length:
            raise Hangup  # the caller has gone in the middle of it
        return b"".join(parts)

    def _say(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        if reply.close:
            self.close_connection = True


class HttpServer:
    """Answers until it is closed. early: may answer before the body is read, and then closes."""

    def __init__(
        self,
        answer: Callable[[Request], Reply],
        early: Callable[[Request], Reply | None] = lambda _request: None,
    ) -> None:
        self._server = _Server(answer, early)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many were made so far."""
        return self._server.connections

    @property
    def received(self) -> int:
        """How many bytes of bodies have come so far, those on their way too."""
        return self._server.received

    def drop_connections(self) -> None:
        """Close every connection that is open now, as a restart does."""
        for one in list(self._server.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self.drop_connections()
        self._server.server_close()
