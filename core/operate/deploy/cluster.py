"""An IPFS-Cluster peer's settings: service.json, its identity, and the secrets' variables.

The IPFS proxy (9095) and the pinning service (9097) are left out, so they do not start. Source:
docs/deploy.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.operate.deploy.keys import Keys
    from core.operate.deploy.shape import Node, Shape

USER: Final = "vgwm"


def service(shape: Shape, keys: Keys, node: Node) -> str:
    """Return service.json; the secret is not in it: it comes by the environment."""
    listen = shape.listen
    whole = {
        "cluster": {
            "peername": f"cluster-{node.n}",
            "listen_multiaddress": [_tcp(listen, node.peering)],
            "replication_factor_min": shape.replication_min,
            "replication_factor_max": shape.replication_max,
            "monitor_ping_interval": "15s",
            "pin_recover_interval": "1h0m0s",
            "state_sync_interval": "5m0s",
            "mdns_interval": "0s",
            "disable_repinning": True,
            "peer_addresses": [
                f"{_tcp(listen, other.peering)}/p2p/{keys.cluster[other.n].peer_id}"
                for other in shape.nodes
                if other != node
            ],
        },
        "consensus": {
            "crdt": {
                "cluster_name": "vgwm",
                "trusted_peers": [keys.cluster[one.n].peer_id for one in shape.nodes],
                # without a batch, the last of many quick pins are lost on other peers
                "batching": {
                    "max_batch_size": 500,
                    "max_batch_age": "1s",
                    "max_queue_size": 50_000,
                },
                "rebroadcast_interval": "10s",
            }
        },
        "api": {"restapi": {"http_listen_multiaddress": _tcp(listen, node.rest)}},
        "ipfs_connector": {
            "ipfshttp": {
                "node_multiaddress": _tcp(listen, node.rpc),
                "connect_swarms_delay": "30s",
                "ipfs_request_timeout": "5m0s",
                "pin_timeout": "20s",
            }
        },
        "pin_tracker": {"stateless": {"concurrent_pins": 10, "max_pin_queue_size": 1_000_000}},
        "monitor": {"pubsubmon": {"check_interval": "15s"}},
        "allocator": {"balanced": {"allocate_by": ["tag:group", "freespace"]}},
        "informer": {
            "disk": {"metric_ttl": "30s", "metric_type": "freespace"},
            "pinqueue": {"metric_ttl": "30s", "weight_bucket_size": 100_000},
            "tags": {"metric_ttl": "30s", "tags": {"group": "default"}},
        },
        "observations": {
            "metrics": {
                "enable_stats": True,
                "prometheus_endpoint": _tcp("127.0.0.1", node.metrics),
                "reporting_interval": "30s",
            }
        },
        "datastore": {"pebble": {}},
    }
    return json.dumps(whole, indent=1) + "\n"


def identity(keys: Keys, node: Node) -> str:
    """Return identity.json."""
    me = keys.cluster[node.n]
    return json.dumps({"id": me.peer_id, "private_key": me.private_key.reveal()}, indent=1) + "\n"


def environment(keys: Keys) -> str:
    """Return the variables of the secrets, as systemd and Compose read them."""
    return (
        f"CLUSTER_SECRET={keys.cluster_secret.reveal()}\n"
        f"CLUSTER_RESTAPI_BASICAUTHCREDENTIALS={USER}:{keys.cluster_password.reveal()}\n"
    )


def _tcp(address: str, port: int) -> str:
    kind = "ip6" if ":" in address else "ip4"
    return f"/{kind}/{address}/tcp/{port}"
