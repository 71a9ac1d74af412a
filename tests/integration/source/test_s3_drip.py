"""An endpoint that sends a few bytes a second has broken off, though it never stands still."""

from __future__ import annotations

import contextlib
import socket
import threading

from core.source.s3.caller import Caller
from core.source.s3.handle import STALLED, Door
from core.source.s3.request import Request
from tests.fakes.s3_endpoint import config_of


def test_an_answer_of_a_few_bytes_a_second_has_broken_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
                for _ in range(50):
                    connection.sendall(b"x")
                    if ended.wait(0.1):
                        return

        dripping = threading.Thread(target=drip)
        dripping.start()
        caller = Caller(Door(config_of(f"http://127.0.0.1:{port}"), idle_s=1))
        try:
            reply = caller.once(Request("GET", "/bucket/k", ""))
        finally:
            ended.set()
            caller.close()
            dripping.join()
    assert (reply.status, reply.code) == (0, STALLED)
