"""What stands in `vgwm.yaml`: frozen structs, checked on reading. Nothing here reads or writes.

Paths are absolute, secrets are references, unknown keys are refused. Optional keys that are absent
or empty hold None or their default.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - msgspec reads the annotations
from typing import Annotated, Literal

import msgspec

from core.config.knobs import Knobs
from core.config.secret import SecretRef  # noqa: TC001 - msgspec reads the annotations

WorkspaceId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}$")]
BucketName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9.-]{3,63}$")]


class PosixSource(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="posix",
):
    """The tree of a posix backend. root_account: owner of buckets that name none."""

    path: Path
    versioning_dir: Path | None = None
    sidecar: Path | None = None
    nometa: bool = False
    bucket_links: bool = False
    default_etag: str = ""
    root_account: str = ""

    @property
    def label(self) -> str:
        """One word for screens and logs; not yet safe to show."""
        return f"posix:{self.path}"


class S3Source(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="s3",
):
    """An S3 endpoint. ca_file: PEM file of the authority of an https one, None for the host's."""

    endpoint: str
    region: str = "us-east-1"
    access_key_ref: SecretRef
    secret_ref: SecretRef
    ca_file: Path | None = None

    @property
    def label(self) -> str:
        """One word for screens and logs; not yet safe to show."""
        return f"s3:{self.endpoint}"


class Cache(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The gateway's cache. endpoints: host:port."""

    type: Literal["redis_cluster", "redis"] = "redis_cluster"
    endpoints: tuple[str, ...]
    password_ref: SecretRef | None = None


class IpfsTarget(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="ipfs",
):
    """Kubo nodes under IPFS-Cluster, and an object table.

    table: `ydb:grpc[s]://HOST:PORT/DATABASE` or `sqlite:/PATH`. profile: a shipped one's name or
    an absolute path. replication: None takes the profile's.
    """

    profile: str = "guide"
    kubo: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    cluster: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    cluster_user: str = ""
    cluster_password_ref: SecretRef | None = None
    replication: Annotated[int, msgspec.Meta(ge=1, le=64)] | None = None
    table: str
    table_user: str = ""
    table_password_ref: SecretRef | None = None
    table_token_ref: SecretRef | None = None
    table_ca_file: Path | None = None
    cache: Cache | None = None

    @property
    def label(self) -> str:
        """One word for screens and logs; not yet safe to show."""
        return f"ipfs:{len(self.kubo)} kubo, {len(self.cluster)} cluster"


class DirTarget(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="dir",
):
    """A folder of CARs beside a SQLite object table: rehearsal, or export over an air gap."""

    profile: str = "guide"
    path: Path

    @property
    def label(self) -> str:
        """One word for screens and logs; not yet safe to show."""
        return f"dir:{self.path}"


class Gateway(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A gateway process, and the commands that fence, open and tell its state."""

    name: str
    side: Literal["blue", "green"]
    address: str
    fence: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    state: tuple[str, ...] = ()


class Haproxy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A load balancer: its admin socket, its map and its configuration.

    listen: URLs at which clients reach it; empty: the `bind` lines of its configuration.
    master: the socket of `haproxy -W -S PATH`, which shows old workers; None: they are not seen.
    """

    name: str
    socket: Path
    map: Path
    config: Path
    listen: tuple[str, ...] = ()
    master: Path | None = None


class Traffic(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """How clients reach a side: load balancers, or a hook with the modes that it knows.

    listen: URLs at which clients reach what the hook steers.
    """

    haproxy: tuple[Haproxy, ...] = ()
    command: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()
    modes: tuple[Literal["blue", "blue_ro", "green_ro", "green"], ...] = ()


class PrivateWriter(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A blue gateway that no client reaches: the reverse copy alone writes through it.

    socket: where it listens, mode 0600. argv: what starts it, for as long as a reverse copy runs;
    empty if an operator does. The keys are those of a root account of blue.
    """

    socket: Path
    argv: tuple[str, ...] = ()
    region: str = "us-east-1"
    access_key_ref: SecretRef
    secret_ref: SecretRef


class Blue(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The old gateway's own files; what is not named is looked for in its usual places.

    restart: a command that starts it anew, told the folder that it is to serve: docs/rollback.md.
    """

    config: tuple[Path, ...] = ()
    iam: Path | None = None
    unit: Path | None = None
    binary: Path | None = None
    restart: tuple[str, ...] = ()


class Cutover(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Policies of the cutover. slices: name to buckets. max_bound: a share, such as 0.05 %.

    access_logs: of blue's gateways, as they write them (VGW_ACCESS_LOG), for `hints: access-log`.
    undo: a folder outside of the source, on its file system, where what the reverse copy replaces
    on blue is kept; None: beside the source, `NAME.reverse.undo`.
    """

    slices: dict[str, tuple[BucketName, ...]] = {}
    reverse: Literal["continuous", "log", "off"] = "continuous"
    auto_rollback: Literal["off", "lag-zero"] = "off"
    final: Literal["full", "hinted"] = "full"
    hints: Literal["off", "fanotify", "access-log"] = "off"
    access_logs: tuple[Path, ...] = ()
    max_bound: str = "0.05%"
    blue: Blue = Blue()
    private_writer: PrivateWriter | None = None
    undo: Path | None = None


class Metrics(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Where metrics are exposed beside the engine's socket; both are off by default."""

    listen: str = ""
    textfile: Path | None = None


class Workspace(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One migration: what it joins, and how. id: 8 hex, for ever.

    cid_profile: None takes `unixfs-v1-2025`. knobs: what a new ledger starts with.
    """

    v: Literal[1] = 1
    id: WorkspaceId
    source: PosixSource | S3Source
    target: IpfsTarget | DirTarget
    knobs: Knobs = Knobs()
    versions: Literal["archive", "skip"] = "archive"
    cid_profile: str | None = None
    gateways: tuple[Gateway, ...] = ()
    traffic: Traffic = Traffic()
    cutover: Cutover = Cutover()
    metrics: Metrics = Metrics()
    low_data: bool = False
