"""One Kubo node in a folder of its own."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.lab.missing import LabError
from tests.lab.process import Server
from tests.lab.web import Api

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.lab.process import Keeper


class KuboNode:
    """A Kubo node. Its ports are chosen by its first start and kept by later ones."""

    def __init__(self, name: str, program: str, folder: Path, *, storage_max: str) -> None:
        self.name = name
        self.repo = folder / "repo"
        self._program = program
        self._storage_max = storage_max
        self._environment = {"IPFS_PATH": str(self.repo), "IPFS_TELEMETRY": "off"}
        self.server = Server(
            name, [program, "daemon"], folder=folder, environment=self._environment
        )
        self.id = ""
        self.url = ""
        self.gateway_url = ""
        self.swarm = ""
        self._neighbours: list[KuboNode] = []

    @property
    def api(self) -> Api:
        return Api(self.url)

    @property
    def api_multiaddr(self) -> str:
        return (self.repo / "api").read_text().strip()

    def init(self) -> None:
        """Make the repository: no bootstrap, no routing, nothing announced."""
        self.server.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(  # noqa: S603 - a program of the table
            [self._program, "init", "--profile=test"],
            env={**self._environment, "HOME": str(self.server.folder)},
            check=True,
            capture_output=True,
            timeout=60,
        )
        settings = self._settings()
        settings["Routing"] = {"Type": "none"}
        settings["Provide"] = {"Enabled": False}
        _set(settings, "Datastore.StorageMax", self._storage_max)
        self._write(settings)

    def start(self, keeper: Keeper) -> None:
        """Start the daemon for the first time, without waiting for it."""
        keeper.start(self.server)

    def wait_ready(self) -> None:
        """Wait until the RPC answers; learn its ports and its id, and fix them for restarts."""
        address = self.repo / "api"
        self.server.wait_for("its api file", address.exists)
        self.url = _url(self.api_multiaddr)
        self.server.wait_for(
            "/api/v0/version", lambda: self.api.post("/api/v0/version", timeout_s=3).status == 200
        )
        if self.id:
            return
        told = self.api.post("/api/v0/id")
        addresses = told.member("Addresses")
        self.id = str(told.member("ID"))
        if not isinstance(addresses, list) or not addresses:
            raise LabError(f"{self.name} listens nowhere")
        self.swarm = str(addresses[0]).partition("/p2p/")[0]
        gateway = self.repo / "gateway"  # it comes a moment after the RPC answers
        self.server.wait_for(
            "its gateway file", lambda: gateway.exists() and gateway.stat().st_size > 0
        )
        self.gateway_url = (self.repo / "gateway").read_text().strip()
        settings = self._settings()
        _set(settings, "Addresses.API", self.api_multiaddr)
        _set(settings, "Addresses.Swarm", [self.swarm])
        self._write(settings)

    def link(self, others: list[KuboNode]) -> None:
        """Connect to the others, now and after every restart."""
        settings = self._settings()
        _set(settings, "Peering.Peers", [{"ID": n.id, "Addrs": [n.swarm]} for n in others])
        self._write(settings)
        self._neighbours = others
        self._dial(node for node in others if self.id < node.id)  # one end of a link is enough

    def links(self) -> int:
        """Return how many other nodes it is connected to."""
        peers = self.api.post("/api/v0/swarm/peers").member("Peers")
        return len(peers) if isinstance(peers, list) else 0

    def set(self, path: str, value: object) -> None:
        """Change a setting; it holds from the next restart."""
        settings = self._settings()
        _set(settings, path, value)
        self._write(settings)

    def cat(self, path: str, *, offline: bool = True) -> bytes | None:
        """Return the content of a CID or CID/name; None if this node does not hold it."""
        flag = "true" if offline else "false"
        answer = self.api.post(f"/api/v0/cat?arg={path}&offline={flag}", timeout_s=60)
        return answer.body if answer.status == 200 else None

    def pinned(self, cid: str) -> bool:
        """Return whether the node itself lists cid as pinned recursively."""
        answer = self.api.post(f"/api/v0/pin/ls?arg={cid}&type=recursive", timeout_s=60)
        return answer.status == 200

    def restart(self) -> None:
        """End it in order if it lives, start it again, and wait until it answers."""
        if self.server.alive:
            self.server.end()
        (self.repo / "api").unlink(missing_ok=True)  # a killed node leaves it behind
        self.server.start()
        self.wait_ready()
        self._dial(self._neighbours)  # peering does it, too, but takes 8 s

    def _dial(self, nodes: Iterable[KuboNode]) -> None:
        for node in nodes:
            if node.server.alive and not node.server.stopped:
                self.api.post(f"/api/v0/swarm/connect?arg={node.swarm}/p2p/{node.id}", timeout_s=5)

    def _settings(self) -> dict[str, object]:
        settings = json.loads((self.repo / "config").read_text())
        if not isinstance(settings, dict):
            raise LabError(f"the configuration of {self.name} is no object")
        return settings

    def _write(self, settings: dict[str, object]) -> None:
        (self.repo / "config").write_text(json.dumps(settings, indent=1))


def _set(settings: dict[str, object], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        inner = settings.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise LabError(f"{path}: {parent} is no object")
        settings = inner
    settings[last] = value


def _url(multiaddr: str) -> str:
    _, _, host, _, port, *_ = multiaddr.split("/")
    return f"http://{host}:{port}"
