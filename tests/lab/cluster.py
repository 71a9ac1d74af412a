"""One IPFS-Cluster peer in a folder of its own, with CRDT consensus."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.lab import ports
from tests.lab.missing import LabError
from tests.lab.process import Server
from tests.lab.web import Api

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.lab.kubo import KuboNode
    from tests.lab.process import Keeper


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """What all peers of one cluster share. extra: `CLUSTER_*` variables for one kind of fault."""

    secret: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    batch_age: str = "200ms"
    replication_min: int = 1
    replication_max: int = 2
    extra: Mapping[str, str] = field(default_factory=dict)


class ClusterPeer:
    """A cluster peer and the Kubo node that it commands. Settings are read at every start."""

    def __init__(
        self, name: str, program: str, folder: Path, *, kubo: KuboNode, settings: ClusterSettings
    ) -> None:
        self.name = name
        self.kubo = kubo
        self.settings = settings
        self.id = ""
        self._program = program
        self._folder = folder
        self._ports = ports.free(4)
        self.server = self._server(settings, [])

    @property
    def api(self) -> Api:
        return Api(self.url, self.settings.user, self.settings.password)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports[1]}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self._ports[2]}"

    @property
    def address(self) -> str:
        """Where another peer bootstraps from."""
        return f"{_tcp(self._ports[0])}/p2p/{self.id}"

    def start(self, keeper: Keeper, first: ClusterPeer | None) -> None:
        """Make the peer's folder, start it, and wait until it answers."""
        for attempt in range(ports.TRIES):
            try:
                self._start(keeper, first)
            except LabError:
                again = self._stumbled()
                keeper.forget(self.server)
                if not again or attempt == ports.TRIES - 1:
                    raise
                self._ports = ports.free(4)
            else:
                return

    def _start(self, keeper: Keeper, first: ClusterPeer | None) -> None:
        bootstrap = [] if first is None else ["--bootstrap", first.address]
        self.server = self._server(self.settings, bootstrap)
        if not self.id:
            self.id = self._init()
        keeper.start(self.server)
        self._wait_ready()

    def restart(self) -> None:
        """End it in order if it lives, start it again, and wait until it answers."""
        if self.server.alive:
            self.server.end()
        for attempt in range(ports.TRIES):
            self.server.start()
            try:
                self._wait_ready()
            except LabError:
                if not self._stumbled() or self.server.alive or attempt == ports.TRIES - 1:
                    raise
            else:
                return

    def _stumbled(self) -> bool:
        """Tell if another start may go well.

        A connection of anybody's may have been given one of its ports meanwhile; and 1.1.6 panics
        where it is asked before its RPC client stands.
        """
        said = self.server.tail(20_000)
        return ports.ADDRESS_IN_USE in said or "nil pointer dereference" in said

    def restart_with(self, password: str) -> None:
        """Restart it with another password of its REST API: whoever knew the old one is out."""
        self.settings = replace(self.settings, password=password)
        self.server.set_environment(self._environment(self.settings))
        self.restart()

    def allocating(self) -> set[str]:
        """Return the ids of the peers whose free space this peer knows and believes."""
        answer = self.api.get("/monitor/metrics/freespace", timeout_s=5)
        if answer.status != 200:
            return set()
        return {str(row.get("peer")) for row in answer.objects() if row.get("valid")}

    def pin(self, cid: str, *, name: str = "", allocations: list[str] | None = None) -> int:
        """Ask for a pin; return the HTTP status. Accepted is not pinned."""
        wish = {"name": name, "user-allocations": ",".join(allocations or [])}
        if allocations:
            wish |= {"replication-min": str(len(allocations))}
            wish |= {"replication-max": str(len(allocations))}
        return self.api.post(f"/pins/{cid}?{urlencode(wish)}").status

    def status(self, cid: str) -> str:
        """Return this peer's own word about a CID: pinned, pinning, unpinned, remote, ..."""
        answer = self.api.get(f"/pins/{cid}?local=true")
        peers = answer.member("peer_map") if answer.status == 200 else None
        mine = peers.get(self.id) if isinstance(peers, dict) else None
        return str(mine.get("status")) if isinstance(mine, dict) else "unknown"

    def allocations(self) -> dict[str, list[str]]:
        """Return every pin of this peer's state with the peers that it is allocated to."""
        pins: dict[str, list[str]] = {}
        for row in self._state():
            peers = row.get("allocations")
            pins[str(row.get("cid"))] = [str(p) for p in peers] if isinstance(peers, list) else []
        return pins

    def names(self) -> dict[str, str]:
        """Return every pin of this peer's state with its name."""
        return {str(row.get("cid")): str(row.get("name")) for row in self._state()}

    def _state(self) -> list[dict[str, object]]:
        answer = self.api.get("/allocations?filter=pin")
        if answer.status not in {200, 204}:
            raise LabError(f"{self.name}: /allocations answered {answer.status}")
        return answer.objects()

    def _wait_ready(self) -> None:
        self.server.wait_for("/id", lambda: self.api.get("/id", timeout_s=3).status == 200)

    def _init(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(  # noqa: S603 - a program of the table
            [self._program, "init", "--consensus", "crdt", "--datastore", "pebble"],
            env={**self._environment(self.settings), "HOME": str(self._folder)},
            check=True,
            capture_output=True,
            timeout=60,
        )
        return str(json.loads((self._folder / "peer" / "identity.json").read_text())["id"])

    def _server(self, settings: ClusterSettings, bootstrap: list[str]) -> Server:
        return Server(
            self.name,
            [self._program, "daemon", *bootstrap],
            folder=self._folder,
            environment=self._environment(settings),
        )

    def _environment(self, settings: ClusterSettings) -> dict[str, str]:
        swarm, rest, metrics, proxy = map(_tcp, self._ports)
        kubo = self.kubo.api_multiaddr if self.kubo.url else ""
        return {
            "IPFS_CLUSTER_PATH": str(self._folder / "peer"),
            "CLUSTER_PEERNAME": self.name,
            "CLUSTER_SECRET": settings.secret,
            "CLUSTER_IPFSHTTP_NODEMULTIADDRESS": kubo,
            "CLUSTER_IPFSPROXY_NODEMULTIADDRESS": kubo,
            "CLUSTER_LISTENMULTIADDRESS": swarm,
            "CLUSTER_RESTAPI_HTTPLISTENMULTIADDRESS": rest,
            "CLUSTER_RESTAPI_BASICAUTHCREDENTIALS": f"{settings.user}:{settings.password}",
            "CLUSTER_IPFSPROXY_LISTENMULTIADDRESS": proxy,
            "CLUSTER_PINSVCAPI_HTTPLISTENMULTIADDRESS": _tcp(0),
            "CLUSTER_METRICS_ENABLESTATS": "true",
            "CLUSTER_METRICS_PROMETHEUSENDPOINT": metrics,
            "CLUSTER_CRDT_TRUSTEDPEERS": "*",
            "CLUSTER_CRDT_BATCHING_MAXBATCHSIZE": "500",
            "CLUSTER_CRDT_BATCHING_MAXBATCHAGE": settings.batch_age,
            "CLUSTER_MONITORPINGINTERVAL": "2s",
            "CLUSTER_DISK_METRICTTL": "5s",
            "CLUSTER_TAGS_METRICTTL": "5s",
            "CLUSTER_PINQUEUE_METRICTTL": "5s",
            "CLUSTER_MDNSINTERVAL": "0",
            "CLUSTER_REPLICATIONFACTORMIN": str(settings.replication_min),
            "CLUSTER_REPLICATIONFACTORMAX": str(settings.replication_max),
            "CLUSTER_PEBBLE_PEBBLEOPTIONS_CACHESIZEBYTES": "67108864",
            **settings.extra,
        }


def _tcp(port: int) -> str:
    return f"/ip4/127.0.0.1/tcp/{port}"
