"""A real HAProxy with the configuration of docs/traffic.md, over given gateways."""

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.lab import debian, ports
from tests.lab.missing import LabError
from tests.lab.process import Server, until

if TYPE_CHECKING:
    from tests.lab.process import Keeper

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "traffic.md"

_ASK_LIMIT_S: Final = 5


class Haproxy:
    """One load balancer. folder: short, since a socket's path may have 100 characters at most.

    blue, green: HOST:PORT of the gateways. level: of its admin socket. The map begins as `/ blue`
    unless `lines` says otherwise. `reload` is the classic one: a new process takes the port over,
    the old one ends after its requests; with master, a master process does that.
    """

    def __init__(  # noqa: PLR0913 - what a load balancer can be started with
        self,
        name: str,
        folder: Path,
        *,
        blue: str,
        green: str,
        lines: str = "/ blue\n",
        level: str = "admin",
        master: bool = False,
    ) -> None:
        self.name = name
        self.folder = folder
        self.socket = folder / "a.sock"
        self.map = folder / "vgwm.map"
        self.config = folder / "haproxy.cfg"
        self.url = ""
        self._program = debian.find("haproxy")
        self._sides = (blue, green)
        self._lines = lines
        self._level = level
        self.master = folder / "m.sock" if master else None
        self._server: Server | None = None
        self._begun = 0

    @property
    def server(self) -> Server:
        if self._server is None:
            raise LabError(f"{self.name} was never started")
        return self._server

    @property
    def entry(self) -> str:
        """Its entry of `traffic.haproxy` in vgwm.yaml, in one line."""
        master = f", master: {self.master}" if self.master else ""
        return (
            f"{{name: {self.name}, socket: {self.socket}, map: {self.map},"
            f" config: {self.config}{master}}}"
        )

    def start(self, keeper: Keeper) -> None:
        """Write its map and configuration, start it, and wait until its admin socket answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.map.write_text(self._lines)
        for attempt in range(ports.TRIES):
            port = ports.free(1)[0]
            self.url = f"http://127.0.0.1:{port}"
            self._write_config(port)
            self._server = keeper.start(self._process())
            try:
                self.wait()
            except LabError:
                taken = ports.ADDRESS_IN_USE in self.server.tail().lower()
                keeper.forget(self.server)
                if not taken or attempt == ports.TRIES - 1:
                    raise
            else:
                return

    def restart(self) -> None:
        """Start it again after a kill; it reads its map anew."""
        self.server.start()
        self.wait()

    def reload(self, keeper: Keeper) -> None:
        """Let a new process take over; it reads the map anew. Returns when it answers."""
        if self.master is not None:
            old_pid = self._worker()
            _asked(self.master, "reload")
            until(
                f"a new worker of {self.name}",
                lambda: self._worker() not in {"", old_pid},
                limit_s=60,
            )
            return
        old = self.server
        self._server = keeper.start(self._process("-sf", str(old.pid)))
        self.wait()

    def wait(self) -> None:
        """Wait until the process that was started last answers on the admin socket."""
        if self.master is not None:
            self.server.wait_for("its admin socket", lambda: bool(self._worker()))
            return
        pid = f"\nPid: {self.server.pid}\n"
        self.server.wait_for("its admin socket", lambda: pid in self.ask("show info"))

    def ask(self, command: str) -> str:
        """Return what its admin socket answers; "" while nobody answers."""
        return _asked(self.socket, command)

    def met(self, bucket: str) -> str:
        """Return the mode that a request for a bucket meets, by the map that it works by."""
        told = self.ask(f"get map {self.map} /{bucket}/")
        return told.partition('value="')[2].partition('"')[0]

    def wait_until_up(self, backend: str) -> None:
        """Wait until its health checks call a backend's server up."""
        until(
            f"{backend} at {self.name}",
            lambda: any(
                line.startswith(f"{backend},") and ",UP," in line
                for line in self.ask("show stat").splitlines()
                if ",BACKEND," in line
            ),
            limit_s=60,
        )

    def _worker(self) -> str:
        """Return the pid of the process that answers, "" while none does."""
        return self.ask("show info").partition("\nPid: ")[2].partition("\n")[0]

    def _process(self, *words: str) -> Server:
        self._begun += 1
        how = ["-W", "-S", str(self.master)] if self.master else ["-db"]
        return Server(
            f"{self.name}-{self._begun}",
            [self._program, *how, "-f", str(self.config), *words],
            folder=self.folder,
            environment={},
        )

    def _write_config(self, port: int) -> None:
        blue, green = self._sides
        text = documented()
        for old, new in (
            ("/run/haproxy/admin.sock", str(self.socket)),
            ("level admin", f"level {self._level}"),
            ("/etc/haproxy/vgwm.map", str(self.map)),
            ("127.0.0.1:8080", f"127.0.0.1:{port}"),
            ("127.0.0.1:7071", blue),
            ("127.0.0.1:7081", green),
        ):
            if old not in text:
                raise LabError(f"{DOCUMENT.name} has no {old} to replace")
            text = text.replace(old, new)
        self.config.write_text(text)


def _asked(path: Path, command: str) -> str:
    """Return what a socket answers; "" while nobody does."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_ASK_LIMIT_S)
            line.connect(str(path))
            line.sendall(f"{command}\n".encode())
            line.shutdown(socket.SHUT_WR)
            return b"".join(iter(partial(line.recv, 1 << 16), b"")).decode()
    except OSError:
        return ""


def documented() -> str:
    """Return the configuration that operators are told to use."""
    return DOCUMENT.read_text().partition("```haproxy\n")[2].partition("```")[0]
