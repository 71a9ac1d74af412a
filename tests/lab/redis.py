"""A Redis Cluster of three masters."""

from __future__ import annotations

import subprocess
from functools import partial
from typing import TYPE_CHECKING

from tests.lab import debian, ports
from tests.lab.missing import LabError
from tests.lab.process import Server, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.process import Keeper

MASTERS = 3


class RedisCluster:
    """Three masters without replicas, nothing saved. endpoints: `HOST:PORT` of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = debian.find("redis-server")
        self._cli = debian.find("redis-cli")
        self._ports: list[int] = []

    @property
    def endpoints(self) -> list[str]:
        return [f"127.0.0.1:{port}" for port in self._ports]

    def start(self, keeper: Keeper) -> None:
        """Start the masters, join them, and wait until each says that the cluster is whole."""
        chosen = ports.free(2 * MASTERS)
        self._ports = chosen[:MASTERS]
        for i, (port, bus) in enumerate(zip(self._ports, chosen[MASTERS:], strict=True)):
            server = Server(
                f"redis-{i}",
                [self._server, *_options(port, bus)],
                folder=self._folder / f"redis-{i}",
                environment={},
            )
            keeper.start(server)
            server.wait_for("PING", partial(self._answers, port))
        self.ask(self._ports[0], "--cluster", "create", *self.endpoints, "--cluster-yes")
        until("a whole Redis cluster", self._whole, limit_s=30, every_s=0.1)

    def ask(self, port: int, *words: str) -> str:
        """Run redis-cli against one master and return what it printed; "" while nobody answers."""
        try:
            done = subprocess.run(  # noqa: S603 - the distribution's client
                [self._cli, "-h", "127.0.0.1", "-p", str(port), *words],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"redis-cli {words[0]} hangs") from error
        return done.stdout.strip()

    def _answers(self, port: int) -> bool:
        return self.ask(port, "ping") == "PONG"

    def _whole(self) -> bool:
        return all("cluster_state:ok" in self.ask(port, "cluster", "info") for port in self._ports)


def _options(port: int, bus: int) -> list[str]:
    settings = {
        "port": str(port),
        "cluster-port": str(bus),
        "bind": "127.0.0.1",
        "cluster-enabled": "yes",
        "cluster-node-timeout": "2000",
        "save": "",
        "appendonly": "no",
    }
    return [word for name, value in settings.items() for word in (f"--{name}", value)]
