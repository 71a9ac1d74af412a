"""CID profiles: the parameters that decide which CID a content gets. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from core.model import KIB, MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class CidProfile:
    """How content becomes blocks. Stored with the plan: the CID depends on all of it (I2).

    version: of the CIDs. chunk_bytes: content of a leaf. raw_leaves: leaves are the bare content,
    else dag-pb nodes. max_links: children of a node.
    """

    name: str
    version: Literal[0, 1]
    chunk_bytes: int
    raw_leaves: bool
    max_links: int


UNIXFS_V1_2025: Final = CidProfile(
    name="unixfs-v1-2025", version=1, chunk_bytes=MIB, raw_leaves=True, max_links=1024
)
"""Ours: Kubo's profile of the same name."""

CLUSTER_V1: Final = CidProfile(
    name="cluster-v1", version=1, chunk_bytes=256 * KIB, raw_leaves=True, max_links=174
)
"""What `--cid-version=1` gives in Kubo's and IPFS-Cluster's add: to recognise foreign content."""

KUBO_V0: Final = CidProfile(
    name="kubo-v0", version=0, chunk_bytes=256 * KIB, raw_leaves=False, max_links=174
)
"""The same without options: CIDv0, leaves wrapped in dag-pb."""

_ALL: Final = {p.name: p for p in (UNIXFS_V1_2025, CLUSTER_V1, KUBO_V0)}


def all_names() -> tuple[str, ...]:
    """Return the names of the known profiles, ours first."""
    return tuple(_ALL)


def by_name(name: str) -> CidProfile:
    """Return the profile of that name; KeyError if there is none."""
    return _ALL[name]
