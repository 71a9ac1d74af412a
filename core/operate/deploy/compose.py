"""The Compose file: every image by its version, every container on the host's own network.

On the host's network one set of settings serves containers and plain processes alike, and the RPC
of a node stays on the address that it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.config.yaml_text import write_mapping
from core.operate.deploy.shape import YDB_GRPC, YDB_WEB

if TYPE_CHECKING:
    from core.operate.deploy.shape import Shape

IMAGES: Final = {
    "kubo": "ipfs/kubo:v0.42.0",
    "cluster": "ipfs/ipfs-cluster:v1.1.6",
    "redis": "redis:7.4.2",
    "ydb": "ydbplatform/local-ydb:25.2.1",
}
_HEAD: Final = "# Made by vgwm target deploy: change it there.\n"


def compose(shape: Shape) -> str:
    """Return compose.yaml."""
    services: dict[str, object] = {}
    for node in shape.nodes:
        services[f"kubo-{node.n}"] = {
            **_container("kubo", shape),
            "entrypoint": ["/bin/sh", "/node/start.sh"],
            "volumes": [f"./kubo-{node.n}:/node"],
        }
        services[f"cluster-{node.n}"] = {
            **_container("cluster", shape),
            "entrypoint": ["ipfs-cluster-service", "daemon"],
            "environment": {"IPFS_CLUSTER_PATH": "/node"},
            "env_file": ["secrets/cluster.env"],
            "volumes": [f"./cluster-{node.n}:/node"],
            "depends_on": [f"kubo-{node.n}"],
        }
    for n, _ in enumerate(shape.redis):
        services[f"redis-{n}"] = {
            **_container("redis", shape),
            "working_dir": "/node",
            "entrypoint": ["redis-server", "/node/redis.conf"],
            "volumes": [f"./redis-{n}:/node"],
        }
    services["ydb"] = {
        "image": IMAGES["ydb"],
        "restart": "unless-stopped",
        "hostname": "localhost",  # it tells clients this name
        "environment": {
            "GRPC_PORT": str(YDB_GRPC + shape.offset),
            "MON_PORT": str(YDB_WEB + shape.offset),
        },
        "ports": [
            f"{_bracketed(shape.listen)}:{port + shape.offset}:{port + shape.offset}"
            for port in (YDB_GRPC, YDB_WEB)
        ],
        "volumes": ["./ydb:/ydb_data"],
    }
    return _HEAD + write_mapping({"name": "vgwm-target", "services": services})


def _container(kind: str, shape: Shape) -> dict[str, object]:
    return {
        "image": IMAGES[kind],
        "restart": "unless-stopped",
        "network_mode": "host",
        "user": f"{shape.uid}:{shape.gid}",
        "ulimits": {"nofile": 65_536},
    }


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
