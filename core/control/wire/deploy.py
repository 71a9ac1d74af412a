"""The wire types of `vgwm target deploy`. No secret is in them."""

from __future__ import annotations

from core.control.wire import state as wire


class DeployFile(wire.Wire, frozen=True, kw_only=True):
    """A file of the deployment. state: new, same or differs. mode: octal; a 0600 one is secret."""

    path: str
    mode: str
    state: str


class DeployPort(wire.Wire, frozen=True, kw_only=True):
    """A port and who listens on it."""

    port: int
    owner: str


class Deployment(wire.Wire, frozen=True, kw_only=True):
    """A target as it is or would be written.

    state: planned, written or unchanged. hash: 8 hex of all files without their secrets: equal
    hashes mean equal deployments. backups: where former files are kept. images: pinned versions.
    started: Docker's and Compose's versions if --up was given. next: the commands that follow.
    """

    folder: str
    state: str
    hash: str
    nodes: int
    replication_min: int
    replication_max: int
    storage_max_bytes: int
    files: list[DeployFile]
    ports: list[DeployPort]
    images: dict[str, str]
    backups: tuple[str, ...] = ()
    started: str = ""
    next: tuple[str, ...] = ()
