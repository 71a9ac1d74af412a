"""One server process on a leash, and the keeper that ends all of them in reverse order.

Each has a process group of its own, so that a Ctrl-C at the terminal reaches the tests alone and
these end in order. A parent that dies in any way leaves none behind (`leash.py`). Servers end by
their pid, never by a name.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

GRACE_S = 15.0
LEASH = str(Path(__file__).with_name("leash.py"))
# Nothing of the caller's environment decides what a server does, but where programs are found.
INHERITED = ("PATH", "LANG", "TZ")


class Server:
    """A program with its log; it can be ended, killed, stopped, continued and started again."""

    def __init__(
        self, name: str, argv: list[str], *, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.argv = argv
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._environment = {k: os.environ[k] for k in INHERITED if k in os.environ}
        self._environment |= {"HOME": str(folder), **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def set_environment(self, environment: Mapping[str, str]) -> None:
        """Change what it is started with from the next start on."""
        self._environment |= environment

    def start(self) -> None:
        """Start it, appending to its log. Only the main thread may: the leash is tied to it."""
        if threading.current_thread() is not threading.main_thread():
            raise LabError("the kernel ends a server with the thread that started it")
        if self.alive:
            raise LabError(f"{self.name} is running already")
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the laboratory's own programs
                [sys.executable, "-I", "-S", LEASH, str(os.getpid()), *self.argv],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self.stopped = False

    @property
    def pid(self) -> int:
        if self._process is None:
            raise LabError(f"{self.name} was never started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: a crash."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(GRACE_S)

    def stop(self) -> None:
        """SIGSTOP: a server that hangs; its sockets stay open and answer nothing from here on."""
        self._signal(signal.SIGSTOP)
        self.stopped = True
        # the signal is on its way when it was sent: a thread on another core answers once more
        until(f"{self.name} stops", self._stands_still, limit_s=GRACE_S, every_s=0.001)

    def cont(self) -> None:
        """SIGCONT: it goes on."""
        self._signal(signal.SIGCONT)
        self.stopped = False

    def ask_to_end(self) -> None:
        """SIGTERM, and SIGCONT for one that is stopped and could not hear it."""
        self._signal(signal.SIGTERM)
        if self.stopped:
            self.cont()

    def end(self, grace_s: float = GRACE_S) -> None:
        """End it in order; kill it when it takes longer than grace_s. Nothing if it is gone."""
        self.ask_to_end()
        if self._process is None:
            return
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self, size: int = 1_500) -> str:
        """Return the end of its log."""
        if not self.log.exists():
            return "(no log)"
        return self.log.read_bytes()[-size:].decode("utf-8", "replace")

    def wait_for(self, what: str, ready: Callable[[], bool], *, limit_s: float = 60) -> None:
        """Return when ready() is true. Raises LabError when it dies first, or at the limit."""
        until(
            f"{self.name}: {what}",
            ready,
            limit_s=limit_s,
            give_up=lambda: "" if self.alive else f"it ended:\n{self.tail()}",
        )

    def _stands_still(self) -> bool:
        """Tell whether each of its threads is stopped, or it has ended."""
        if not self.alive or self._process is None:
            return True
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/stat")
        return all(one.read_text().rpartition(")")[2].split()[0] == "T" for one in threads)

    def _signal(self, number: signal.Signals) -> None:
        if self.alive and self._process is not None:
            self._process.send_signal(number)


class Keeper:
    """Everything that was started, in order. Leaving the context ends it in reverse order."""

    def __init__(self) -> None:
        self._servers: list[Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self, server: Server) -> Server:
        """Start a server and keep it."""
        self._servers.append(server)
        server.start()
        return server

    def forget(self, server: Server) -> None:
        """End one server now."""
        server.end()
        self._servers.remove(server)

    def close(self) -> None:
        """Ask all to end, last started first; kill those that are left after 15 s in all."""
        servers = [*reversed(self._servers)]
        for server in servers:
            server.ask_to_end()
        deadline = time.monotonic() + GRACE_S
        for server in servers:
            server.end(max(0.1, deadline - time.monotonic()))
        self._servers.clear()


def until(
    what: str,
    ready: Callable[[], bool],
    *,
    limit_s: float,
    every_s: float = 0.02,
    give_up: Callable[[], str] = lambda: "",
) -> None:
    """Return when ready() is true; raise LabError at the limit, or when give_up() has a reason."""
    deadline = time.monotonic() + limit_s
    while not ready():
        reason = give_up()
        if reason:
            raise LabError(f"{what}: {reason}")
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {limit_s:.0f} s")
        time.sleep(every_s)
