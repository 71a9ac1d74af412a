"""Redis servers: single ones, and a cluster of three masters."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.lab import debian, ports
from tests.lab.missing import LabError
from tests.lab.process import Server, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.process import Keeper

MASTERS = 3


class RedisServer:
    """One server that saves nothing. clustered: in cluster mode, and in no cluster yet."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        clustered: bool = False,
        port: int = 0,
        bus: int = 0,
        **settings: str,
    ) -> None:
        self.name = name
        self._folder = folder / name
        self._program = debian.find("redis-server")
        self._cli = debian.find("redis-cli")
        self._clustered = clustered
        self._settings = settings
        self.port, self._bus = (port, bus) if port else ports.free(2)
        self.server = Server(
            name, [self._program, *self._options()], folder=self._folder, environment={}
        )

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, keeper: Keeper) -> None:
        """Start it and wait until it listens; it may still want a password."""
        keeper.start(self.server)
        self.wait()

    def restart(self) -> None:
        """Start it again after a kill, on its port."""
        self.server.start()
        self.wait()

    def wait(self) -> None:
        """Wait until it listens."""
        self.server.wait_for("PING", lambda: self.ask("ping").startswith(("PONG", "NOAUTH")))

    def ask(self, *words: str) -> str:
        """Run redis-cli against it and return what it printed; "" while nobody answers."""
        try:
            done = subprocess.run(  # noqa: S603 - the distribution's client
                [self._cli, "-h", "127.0.0.1", "-p", str(self.port), *words],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"redis-cli {words[0]} hangs") from error
        return done.stdout.strip()

    def _options(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            **{name.replace("_", "-"): value for name, value in self._settings.items()},
        }
        if self._clustered:
            settings |= {
                "cluster-port": str(self._bus),
                "cluster-enabled": "yes",
                "cluster-node-timeout": "2000",
            }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]


class RedisCluster:
    """Three masters without replicas, nothing saved. endpoints: `HOST:PORT` of each."""

    def __init__(self, folder: Path) -> None:
        chosen = ports.free(2 * MASTERS)
        self.servers = [
            RedisServer(
                f"redis-{i}",
                folder,
                clustered=True,
                port=chosen[i],
                bus=chosen[MASTERS + i],
                maxmemory="64mb",
                maxmemory_policy="allkeys-lfu",
            )
            for i in range(MASTERS)
        ]

    @property
    def endpoints(self) -> list[str]:
        return [server.endpoint for server in self.servers]

    def start(self, keeper: Keeper) -> None:
        """Start the masters, join them, and wait until each says that the cluster is whole."""
        self.start_apart(keeper)
        self.servers[0].ask("--cluster", "create", *self.endpoints, "--cluster-yes")
        self.wait_whole()

    def start_apart(self, keeper: Keeper) -> None:
        """Start the masters, each in no cluster."""
        for server in self.servers:
            server.start(keeper)

    def heal(self) -> None:
        """Continue what is stopped, start what is dead, and wait until the cluster is whole."""
        for server in self.servers:
            if server.server.alive and server.server.stopped:
                server.server.cont()
            if not server.server.alive:
                server.restart()
        self.wait_whole()

    def wait_whole(self) -> None:
        """Wait until each master says that the cluster is whole."""
        until("a whole Redis cluster", self._whole, limit_s=30, every_s=0.1)

    def ask(self, port: int, *words: str) -> str:
        """Run redis-cli against one master and return what it printed; "" while nobody answers."""
        return next(server for server in self.servers if server.port == port).ask(*words)

    def _whole(self) -> bool:
        return all("cluster_state:ok" in server.ask("cluster", "info") for server in self.servers)
