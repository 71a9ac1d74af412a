"""A Kubo node's settings: what its repository is made with, and a script that keeps to them.

The repository's own config holds what else an operator sets; `Datastore.Spec` is set once, for it
cannot be changed under data. Source: docs/deploy.md.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.operate.deploy.keys import Keys
    from core.operate.deploy.shape import Node, Shape

_BATCH_NODES_A_CPU: Final = 256
_FLATFS: Final = {
    "type": "mount",
    "mounts": [
        {
            "mountpoint": "/blocks",
            "path": "blocks",
            "prefix": "flatfs.datastore",
            "shardFunc": "/repo/flatfs/shard/v1/next-to-last/2",
            "sync": False,
            "type": "flatfs",
        },
        {
            "compression": "none",
            "mountpoint": "/",
            "path": "datastore",
            "prefix": "leveldb.datastore",
            "type": "levelds",
        },
    ],
}


def settings(shape: Shape, keys: Keys, node: Node) -> dict[str, object]:
    """Return what is set, by path."""
    peers = [
        {"ID": keys.kubo[other.n].peer_id, "Addrs": [_tcp(shape.listen, other.swarm)]}
        for other in shape.nodes
        if other != node
    ]
    return {
        "Addresses.API": _tcp(shape.listen, node.rpc),
        "Addresses.Gateway": _tcp(shape.listen, node.gateway),
        "Addresses.Swarm": [_tcp(shape.listen, node.swarm)],
        "AutoConf.Enabled": False,
        "Bootstrap": [],
        "DNS.Resolvers": {},
        "Datastore.StorageMax": f"{shape.storage_max_bytes}B",
        "Discovery.MDNS.Enabled": False,
        "Import.BatchMaxNodes": _BATCH_NODES_A_CPU * shape.cpus,
        "Import.FastProvideRoot": False,
        "Ipns.DelegatedPublishers": [],
        "Peering.Peers": peers,
        "Provide.Enabled": False,
        "Routing.DelegatedRouters": [],
        "Routing.Type": "none",
        "Swarm.DisableNatPortMap": True,
    }


def first_config(shape: Shape, keys: Keys, node: Node) -> str:
    """Return the config that a new repository is made with; it holds the private key."""
    me = keys.kubo[node.n]
    whole: dict[str, object] = {
        "Identity": {"PeerID": me.peer_id, "PrivKey": me.private_key.reveal()},
        "Datastore": {"Spec": _FLATFS, "StorageGCWatermark": 90, "GCPeriod": "1h"},
    }
    for path, value in settings(shape, keys, node).items():
        _put(whole, path, value)
    return json.dumps(whole, indent=1) + "\n"


def start_script(shape: Shape, keys: Keys, node: Node) -> str:
    """Return the script that starts a node: makes its repository, or sets what is new in here."""
    lines = [
        "#!/bin/sh",
        f"# Starts kubo-{node.n}. Made by vgwm target deploy: change it there.",
        "set -eu",
        'here=$(cd "$(dirname "$0")" && pwd)',
        'export IPFS_PATH="$here/repo" IPFS_TELEMETRY=off',
        'if [ ! -e "$IPFS_PATH/config" ]; then',
        '    ipfs init --empty-repo "$here/config.json"',
        'elif ! cmp -s "$0" "$IPFS_PATH/applied.sh"; then',
        *(
            f"    ipfs config --json {path} {shlex.quote(json.dumps(value))}"
            for path, value in settings(shape, keys, node).items()
        ),
        "fi",
        'cp "$0" "$IPFS_PATH/applied.sh"',
        "# No --enable-gc: imported blocks that are not pinned yet would be removed.",
        "exec ipfs daemon --migrate=false",
    ]
    return "\n".join(lines) + "\n"


def _tcp(address: str, port: int) -> str:
    kind = "ip6" if ":" in address else "ip4"
    return f"/{kind}/{address}/tcp/{port}"


def _put(whole: dict[str, object], path: str, value: object) -> None:
    """Set a member by its path, beside what stands there already."""
    *folders, name = path.split(".")
    at = whole
    for folder in folders:
        inner = at.setdefault(folder, {})
        if not isinstance(inner, dict):
            raise TypeError(f"{path} runs through a value")
        at = inner
    at[name] = value
