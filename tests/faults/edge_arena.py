"""Where an engine is killed at every edge: two real HAProxy, two journalled sides, clients, lives.

The journals of both sides say whether two ever wrote.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, Self, TypeVar

from core.ledger import flip_marks
from tests.faults import cutover_edges
from tests.lab.haproxy import Haproxy
from tests.lab.process import Keeper, until
from tests.lab.web import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CLIENT_PAUSE_S: Final = 0.005


class Journalled:
    """A side's server. It refuses writes while `closed` exists; writes `log` for each it takes."""

    def __init__(self, closed: Path | None, log: Path | None) -> None:
        self.taken_ns: list[int] = []
        self._closed = closed
        self._log = log
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def take(self) -> bool:
        """Take a write, if the side is open."""
        if self._closed is not None and self._closed.exists():
            return False
        self.taken_ns.append(time.monotonic_ns())
        if self._log is not None:
            with self._log.open("ab") as file:
                file.write(b"1\n")
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of health checks, which hang up."""


def _handler(side: Journalled) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(200)

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._say(200 if side.take() else 500)

        def _say(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            del words

    return Handler


@dataclass(slots=True)
class Arena:
    """Two load balancers, two sides, clients, and engines that live one after the other."""

    folder: Path
    lbs: tuple[Haproxy, Haproxy]
    blue: Journalled
    green: Journalled
    lives: subprocess.Popen[str]
    ends: threading.Event = field(default_factory=threading.Event)

    def live(self, kill_at: int) -> tuple[int, str]:
        """Let an engine live; return its edges if it came to its end, else where it died."""
        assert self.lives.stdin is not None
        assert self.lives.stdout is not None
        self.lives.stdin.write(f"{kill_at}\n")
        self.lives.stdin.flush()
        count, _, label = self.lives.stdout.readline().rstrip("\n").split(" ", 2)
        return int(count), label

    def renew(self) -> None:
        """Bring everything to its beginning: clients at blue, no ledger, no journal."""
        for lb in self.lbs:
            lb.map.write_text("/ blue_ro\n")
            self.tell(lb, "blue_ro")
        self.drained()
        (self.folder / cutover_edges.FENCED).unlink(missing_ok=True)
        self.forget()
        (self.folder / cutover_edges.ARMED).unlink(missing_ok=True)
        (self.folder / cutover_edges.WRITTEN).write_bytes(b"")
        self.blue.taken_ns.clear()
        self.green.taken_ns.clear()
        for lb in self.lbs:
            lb.map.write_text("/ blue\n")
            self.tell(lb, "blue")

    def forget(self) -> None:
        """Take the ledger away, and the flips beside it."""
        for path in self.folder.glob(f"{cutover_edges.LEDGER}*"):
            path.unlink()
        flip_marks.beside(self.folder / cutover_edges.LEDGER).unlink(missing_ok=True)

    def marked(self) -> list[str]:
        """Return the slices that are at green by what stands beside the ledger."""
        return [one.slice for one in flip_marks.read(self.folder / cutover_edges.LEDGER)]

    def modes(self) -> set[str]:
        return {lb.met("any") for lb in self.lbs}

    def write_on(self, lb: Haproxy) -> None:
        """Write by a load balancer, again and again."""
        api = Api(lb.url)
        while not self.ends.wait(_CLIENT_PAUSE_S):
            api.ask("PUT", "/photos/a", b"x", timeout_s=5)

    def drained(self) -> None:
        """Wait until no write is under way: one that is would stand in the next journal."""
        until("no write under way", lambda: not any(map(_busy, self.lbs)), limit_s=60)

    def tell(self, lb: Haproxy, mode: str) -> None:
        version = lb.ask(f"prepare map {lb.map}").rpartition(" ")[2].strip()
        assert lb.ask(f"add map @{version} {lb.map} / {mode}").strip() == ""
        assert lb.ask(f"commit map @{version} {lb.map}").strip() == ""


def _busy(lb: Haproxy) -> bool:
    """Tell whether a load balancer waits for an answer to a write."""
    rows = [row.split(",") for row in lb.ask("show stat").splitlines()]
    kept = [row for row in rows if row[:2] in (["blue_w", "BACKEND"], ["green_w", "BACKEND"])]
    return len(kept) < 2 or any(row[2] != "0" or row[4] != "0" for row in kept)


A = TypeVar("A", bound=Arena)


@contextmanager
def raised(kind: type[A], folder: Path, program: str, *, log: Path | None) -> Iterator[A]:
    """Yield an arena with clients that write all the while.

    program: the module whose lives `Arena.live` orders. log: what green writes for each it takes.
    """
    with ExitStack() as stack:
        blue = stack.enter_context(Journalled(folder / cutover_edges.FENCED, None))
        green = stack.enter_context(Journalled(None, log))
        keeper = stack.enter_context(Keeper())
        first, second = (
            Haproxy(f"lb-{i}", folder / str(i), blue=blue.address, green=green.address)
            for i in (1, 2)
        )
        for lb in (first, second):
            lb.start(keeper)
            for backend in ("blue_w", "green_w"):
                lb.wait_until_up(backend)
        entries = ", ".join(lb.entry for lb in (first, second))
        (folder / "vgwm.yaml").write_text(
            f'v: 1\nid: "{cutover_edges.WORKSPACE}"\nsource: {{type: posix, path: /data/gw}}\n'
            f"target: {{type: dir, path: /out}}\ntraffic: {{haproxy: [{entries}]}}\n"
        )
        lives = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", program, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        made = kind(folder, (first, second), blue, green, lives)
        clients = [threading.Thread(target=made.write_on, args=(lb,)) for lb in made.lbs]
        for client in clients:
            client.start()
        yield made
        made.ends.set()
        for client in clients:
            client.join()
        assert lives.stdin is not None
        lives.stdin.close()
        assert lives.wait(timeout=60) == 0
        assert lives.stdout is not None
        lives.stdout.close()
