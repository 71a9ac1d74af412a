"""target deploy: the programs start on what it renders, find each other, and pass the deep checks.

What this leaves out is Docker itself: the same settings are started as its containers would.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from core.cli.main import main
from core.config.yaml_text import read_mapping, write_mapping
from core.control.deploy_desk import Wish, deploy
from tests.lab import debian
from tests.lab.process import Server
from tests.lab.web import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.control.wire.deploy import Deployment
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

NODES = 3
# As deployed, a peer learns of the others' room within half a minute: too long for a test.
QUICK = {
    "CLUSTER_MONITORPINGINTERVAL": "1s",
    "CLUSTER_PUBSUB_HEARTBEATINTERVAL": "1s",
    "CLUSTER_DISK_METRICTTL": "2s",
    "CLUSTER_PINQUEUE_METRICTTL": "2s",
    "CLUSTER_TAGS_METRICTTL": "2s",
}


@dataclass(frozen=True)
class Deployed:
    """A running deployment."""

    folder: Path
    told: Deployment
    servers: dict[str, Server]

    def port(self, owner: str) -> int:
        return next(port.port for port in self.told.ports if port.owner == owner)

    def rpc(self, n: int) -> Api:
        return Api(f"http://127.0.0.1:{self.port(f'kubo-{n} rpc')}")

    def rest(self, n: int, password: str | None = None) -> Api:
        known = (self.folder / "secrets" / "cluster.password").read_text().strip()
        given = known if password is None else password
        return Api(f"http://127.0.0.1:{self.port(f'cluster-{n} rest')}", "vgwm", given)


def free_offset(nodes: int) -> int:
    """Return an offset at which every port is free, below those that clients are given."""
    for _ in range(100):
        offset = random.randrange(10_000, 15_500)  # noqa: S311 - no secret
        numbers = [4001, 5001, 8080, 9094, 9096, 8888]
        every = [number + 100 * n + offset for number in numbers for n in range(nodes)]
        every += [number + offset for n in range(3) for number in (6379 + n, 16379 + n)]
        if all(_free(port) for port in every):
            return offset
    raise AssertionError("no free ports")


def _free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Deployment]:
    folder = tmp_path_factory.mktemp("deploy") / "out"
    wish = Wish(nodes=NODES, output=folder, storage_max="5GB", port_offset=free_offset(NODES))
    return folder, asyncio.run(deploy(wish, force=False, dry_run=False, up=False))


@pytest.fixture(scope="module")
def deployed(rendered: tuple[Path, Deployment], tools: Tools, keeper: Keeper) -> Iterator[Deployed]:
    folder, told = rendered
    servers = {}
    path = {"PATH": f"{Path(tools.path('ipfs')).parent}:/usr/bin:/bin"}
    secrets = (folder / "secrets" / "cluster.env").read_text().splitlines()
    for n in range(NODES):
        node, peer = folder / f"kubo-{n}", folder / f"cluster-{n}"
        script = ["/bin/sh", str(node / "start.sh")]
        servers[f"kubo-{n}"] = Server(f"kubo-{n}", script, folder=node, environment=path)
        settings = dict(line.split("=", 1) for line in secrets)
        servers[f"cluster-{n}"] = Server(
            f"cluster-{n}",
            [tools.path("ipfs-cluster-service"), "daemon"],
            folder=peer,
            environment={"IPFS_CLUSTER_PATH": str(peer), **settings, **QUICK},
        )
    for n in range(3):
        at = folder / f"redis-{n}"
        program = [debian.find("redis-server"), str(at / "redis.conf")]
        servers[f"redis-{n}"] = Server(f"redis-{n}", program, folder=at, environment={})
    made = Deployed(folder, told, servers)
    order = ["redi", "kubo", "clus"]
    for name, server in sorted(servers.items(), key=lambda one: order.index(one[0][:4])):
        keeper.start(server)
        # Who starts later finds who is there at once; who starts first, only by a retry.
        if name.startswith("kubo"):
            server.wait_for("RPC", partial(answers, made.rpc(int(name[-1]))))
        elif name.startswith("cluster"):
            server.wait_for("/id", partial(knows_itself, made.rest(int(name[-1]))))
    yield made
    for server in reversed(servers.values()):
        keeper.forget(server)


def knows_itself(rest: Api) -> bool:
    return rest.get("/id", timeout_s=3).status == 200


def answers(rpc: Api) -> bool:
    return rpc.post("/api/v0/version", timeout_s=3).status == 200


@pytest.fixture(scope="module")
def workspace(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose target is what the deployment says; its table a file, for want of YDB."""
    base = tmp_path_factory.mktemp("deploy-ws")
    (base / "gw" / "bucket").mkdir(parents=True)
    text = (deployed.folder / "target.yaml").read_text()
    target = read_mapping(text, where="target.yaml")["target"]
    assert isinstance(target, dict)
    source = {"type": "posix", "path": str(base / "gw")}
    target["table"] = f"sqlite:{base / 'objects.db'}"
    whole = {"v": 1, "id": "9f2c1a7e", "source": source, "target": target}
    (base / "vgwm.yaml").write_text(write_mapping(whole))
    return base


def sees_nodes(rpc: Api) -> bool:
    found = rpc.post("/api/v0/swarm/peers").member("Peers")
    return isinstance(found, list) and len(found) == NODES - 1


def sees_peers(rest: Api) -> bool:
    answer = rest.get("/id")
    found = answer.member("cluster_peers") if answer.status == 200 else None
    return isinstance(found, list) and len(found) == NODES


def sees_room(rest: Api) -> bool:
    rows = rest.get("/monitor/metrics/freespace").objects()
    return sum(bool(row["valid"]) for row in rows) == NODES


def test_target_init_makes_cache_and_table_of_it(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ws = ("-w", str(workspace))
    assert main(["target", "init", "--json", *ws]) == 0
    plan = json.loads(capsys.readouterr().out)["result"]["hash"]
    assert main(["target", "init", "--confirm", plan, *ws]) == 0
    for group in ("cache", "metadata"):
        code = main(["check", group, *ws])
        assert code == 0, capsys.readouterr().out


def test_strangers_get_no_answer(deployed: Deployed) -> None:
    assert deployed.rest(0, "another").get("/id").status == 401
    sockets = [
        one
        for server in deployed.servers.values()
        for process in tree(server.pid)
        for one in process.net_connections("inet")
    ]
    listening = {(one.laddr.ip, one.laddr.port) for one in sockets if one.status == "LISTEN"}
    known = {port.port for port in deployed.told.ports}
    assert {ip for ip, _ in listening} == {"127.0.0.1"}
    assert {port for _, port in listening} <= known


def tree(pid: int) -> list[psutil.Process]:
    whole = psutil.Process(pid)
    return [whole, *whole.children(recursive=True)]


def test_every_program_has_the_settings_that_were_rendered(deployed: Deployed) -> None:
    for n in range(NODES):
        config = deployed.rpc(n).post("/api/v0/config/show").json()
        assert isinstance(config, dict)
        assert config["Datastore"]["StorageMax"] == "5000000000B"
        assert config["Provide"]["Enabled"] is False
        assert config["Routing"]["Type"] == "none"
        assert len(config["Peering"]["Peers"]) == NODES - 1
        assert config["Bootstrap"] in ([], None)
        server = deployed.servers[f"kubo-{n}"]
        server.wait_for("the other nodes", partial(sees_nodes, deployed.rpc(n)))
        server = deployed.servers[f"cluster-{n}"]
        server.wait_for("the other peers", partial(sees_peers, deployed.rest(n)))


def test_the_deep_check_of_nodes_and_cluster_passes(
    deployed: Deployed, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(NODES):
        server = deployed.servers[f"cluster-{n}"]
        server.wait_for("room on every peer", partial(sees_room, deployed.rest(n)))
    code = main(["check", "cluster", "-w", str(workspace)])
    assert code == 0, capsys.readouterr().out


def test_a_node_starts_again_from_its_script_as_who_it_was(deployed: Deployed) -> None:
    before = deployed.rpc(0).post("/api/v0/id").member("ID")
    server = deployed.servers["kubo-0"]
    server.end()
    server.start()
    server.wait_for("RPC", lambda: answers(deployed.rpc(0)))
    assert deployed.rpc(0).post("/api/v0/id").member("ID") == before
