"""All files of a deployment, and the hash by which one rendering is told from another. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.yaml_text import write_mapping
from core.operate.deploy import cluster, compose, kubo, redis, units
from core.operate.deploy.keys import KEYS_FILE, stand_ins
from core.operate.deploy.shape import YDB_GRPC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.operate.deploy.keys import Keys
    from core.operate.deploy.shape import Shape

_SECRET: Final = 0o600
_PLAIN: Final = 0o644


class Rendered(NamedTuple):
    """A file to be. path: below the deployment's folder. A 0600 one holds a secret."""

    path: str
    mode: int
    text: str


def render(shape: Shape, keys: Keys) -> tuple[Rendered, ...]:
    """Return every file. The same shape and keys give the same bytes."""
    return tuple(_files(shape, keys))


def digest(shape: Shape) -> str:
    """Return 8 hex of everything but the secrets: known before they are made."""
    files = [list(file) for file in _files(shape, stand_ins(shape.count))]
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()[:8]


def _files(shape: Shape, keys: Keys) -> Iterator[Rendered]:
    yield Rendered(KEYS_FILE, _SECRET, keys.render())
    yield Rendered("secrets/cluster.env", _SECRET, cluster.environment(keys))
    for name, secret in (
        ("cluster.password", keys.cluster_password),
        ("redis.password", keys.redis_password),
    ):
        yield Rendered(f"secrets/{name}", _SECRET, secret.reveal() + "\n")
    for node in shape.nodes:
        at = f"kubo-{node.n}"
        yield Rendered(f"{at}/config.json", _SECRET, kubo.first_config(shape, keys, node))
        yield Rendered(f"{at}/start.sh", 0o755, kubo.start_script(shape, keys, node))
        at = f"cluster-{node.n}"
        yield Rendered(f"{at}/service.json", _PLAIN, cluster.service(shape, keys, node))
        yield Rendered(f"{at}/identity.json", _SECRET, cluster.identity(keys, node))
    for n, _ in enumerate(shape.redis):
        yield Rendered(f"redis-{n}/redis.conf", _SECRET, redis.config(shape, keys, n))
    for name, text in units.units(shape):
        yield Rendered(f"systemd/{name}", _PLAIN, text)
    yield Rendered("target.yaml", _PLAIN, _target(shape))
    yield Rendered("compose.yaml", _PLAIN, compose.compose(shape))


def _target(shape: Shape) -> str:
    """Return what vgwm.yaml says of this target; secrets by their files."""
    host = f"[{shape.listen}]" if ":" in shape.listen else shape.listen
    secrets = shape.folder / "secrets"
    target = {
        "type": "ipfs",
        "profile": "guide",
        "kubo": [f"http://{host}:{node.rpc}" for node in shape.nodes],
        "cluster": [f"http://{host}:{node.rest}" for node in shape.nodes],
        "cluster_user": cluster.USER,
        "cluster_password_ref": f"file:{secrets / 'cluster.password'}",
        "replication": shape.replication_max,
        "table": f"ydb:grpc://{host}:{YDB_GRPC + shape.offset}/local",
        "cache": {
            "type": "redis_cluster",
            "endpoints": [f"{host}:{port}" for port in shape.redis],
            "password_ref": f"file:{secrets / 'redis.password'}",
        },
    }
    return "# The target's part of vgwm.yaml. Made by vgwm target deploy.\n" + write_mapping(
        {"target": target}
    )
