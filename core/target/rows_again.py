"""Object rows from a bundle's manifest alone: after a crash, in a rebuild, by an import.

They equal the rows that the copy made: same code, same texts. Source: ipfs.md 3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.dag.canonical import dumps
from core.errors import Broken
from core.model import MetaText
from core.target.rows import PinnedBundle, RowEntry
from core.target.version_time import created_ns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.dag.manifest import Manifest, ManifestEntry
    from core.model import Bundle
    from core.target.rows import RowMaker
    from core.target.shape import Row


def rows_from_manifest(
    manifest: Manifest, bundle: Bundle, maker: RowMaker, owner: str
) -> list[Row]:
    """Return the rows of a bundle's current objects, in its order.

    Old versions and delete markers have none. bundle: its root and allocations are the ledger's.
    owner: the bucket's, "" if it has none. Raises Broken if the bundle has no root.
    """
    if bundle.root is None:
        raise Broken(
            what=f"bundle {bundle.id} is copied, but has no root",
            where="ledger",
            remedy="This is a fault of vgwm: keep ledger.db and report it.",
        )
    pinned = PinnedBundle(
        bundle.bucket.decode(), cids.text(bundle.root), bundle.id, bundle.allocations, owner
    )
    return maker.rows(pinned, [entry for entry in map(row_entry, manifest.entries) if entry])


def meta_text(metadata: Mapping[str, object]) -> MetaText:
    """Return metadata without `pin` and `vgwm` as canonical text, cut where those two go."""
    head: dict[str, object] = {}
    mid: dict[str, object] = {}
    tail: dict[str, object] = {}
    for name, value in metadata.items():
        part = head if name < "pin" else mid if name < "vgwm" else tail
        part[name] = value
    return MetaText(dumps(head)[1:-1], _following(mid), _following(tail))


def _following(members: Mapping[str, object]) -> str:
    return f",{dumps(members)[1:-1]}" if members else ""


def row_entry(entry: ManifestEntry) -> RowEntry | None:
    """Return what a row is made of; None for an old version and a delete marker."""
    if entry.marker or entry.version is not None:
        return None
    if entry.cid is None or entry.name is None or entry.size is None:
        return None  # the parser lets no such entry through
    metadata = json.loads(entry.meta_text)
    mtime_ns = int(metadata.get("mtime_ns", entry.source.mtime_ns))
    return RowEntry(
        key=entry.key,
        cid_text=cids.text(entry.cid),
        size=entry.size,
        mtime_ns=mtime_ns,
        created_ns=created_ns(metadata.get("version_id"), mtime_ns),
        meta=meta_text(metadata),
        name=entry.name,
    )
