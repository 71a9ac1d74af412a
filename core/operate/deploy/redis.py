"""A master of the cache: in cluster mode, keeping nothing on disk, evicting when it is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.operate.deploy.keys import Keys
    from core.operate.deploy.shape import Shape


def config(shape: Shape, keys: Keys, n: int) -> str:
    """Return redis.conf; it holds the password. dir is where the server is started."""
    password = keys.redis_password.reveal()
    return "\n".join(
        (
            f"# redis-{n}. Made by vgwm target deploy: change it there.",
            f"port {shape.redis[n]}",
            f"bind {shape.listen}",
            "protected-mode yes",
            f"requirepass {password}",
            f"masterauth {password}",
            "cluster-enabled yes",
            "cluster-config-file nodes.conf",
            "maxmemory 1gb",
            "maxmemory-policy allkeys-lru",
            'save ""',
            "appendonly no",
            "",
        )
    )
