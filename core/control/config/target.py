"""What vgwm.yaml's target says to a new gateway's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.legacy.context import Destination
from core.config.schema import DirTarget
from core.target import profile as profiles

if TYPE_CHECKING:
    from core.config.schema import IpfsTarget, Workspace


def destination(workspace: Workspace | None) -> Destination:
    """Return where a new gateway finds its data; nothing without a workspace or an ipfs target."""
    if workspace is None or isinstance(workspace.target, DirTarget):
        return Destination()
    target = workspace.target
    profile = profiles.load(target.profile)
    values = [
        ("cluster_endpoints", ",".join(target.cluster)),
        ("chunk_size", str(profile.cid.chunk_bytes)),
        *_database(target),
        ("metadata_db.table", profile.table),
        *_cache(target),
    ]
    warnings = []
    if target.cache is None:
        warnings.append(("cache.enabled", "vgwm.yaml names no cache"))
    if target.cluster_user:
        warnings.append(
            ("cluster_endpoints", "the guide has no key for the cluster's user: set it by hand")
        )
    if target.table_user or target.table_token_ref is not None:
        warnings.append(
            ("metadata_db.endpoints", "the guide has no key for the table's user: set it by hand")
        )
    return Destination(
        values=tuple(values), replication=target.replication, warnings=tuple(warnings)
    )


def _database(target: IpfsTarget) -> list[tuple[str, str]]:
    kind, _, rest = target.table.partition(":")
    if kind != "ydb":
        return [("metadata_db.endpoints", "")]  # a file of ours: no gateway reads it
    host, _, database = rest.partition("://")[2].partition("/")
    return [("metadata_db.endpoints", host), ("metadata_db.database", f"/{database}")]


def _cache(target: IpfsTarget) -> list[tuple[str, str]]:
    if target.cache is None:
        return [("cache.enabled", "false")]
    return [
        ("cache.enabled", "true"),
        ("cache.type", target.cache.type),
        ("cache.endpoints", ",".join(target.cache.endpoints)),
    ]
