"""A bundle that was copied before the engine died: its rows again, from its own manifest.

The manifest is hashed to the root that the ledger holds, so it is as good as the worker's answer.
Members that it does not name (they had changed, or failed) go round again. May import dag, ledger
rows and the engine's parts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.dag.manifest import Manifest
from core.engine.crew.task import Rows
from core.engine.worker.seal import metadata_digest
from core.model import ObjectState
from core.source.posix.checksums import is_md5
from core.target.rows_again import rows_from_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.dag.manifest import ManifestEntry
    from core.ledger.rows import EntryRow, RecordRow
    from core.model import Bundle
    from core.target.rows import RowMaker


def recovered(
    bundle: Bundle, manifest: bytes, members: Sequence[EntryRow], maker: RowMaker, owner: str
) -> tuple[Rows, list[EntryRow]]:
    """Return the rows that the manifest gives, and the members that it does not name."""
    read = Manifest.parse(manifest.decode())
    named = {_position(entry): entry for entry in read.entries}
    rows = [_ledger_row(bundle, named[member[:2]]) for member in members if member[:2] in named]
    left = [member for member in members if member[:2] not in named]
    return Rows(rows_from_manifest(read, bundle, maker, owner), rows), left


def _position(entry: ManifestEntry) -> tuple[bytes, bytes]:
    return entry.key.encode(), (entry.version or "").encode()


def _ledger_row(bundle: Bundle, entry: ManifestEntry) -> RecordRow:
    key, version = _position(entry)
    return (
        int(ObjectState.RECORDED),
        entry.cid,
        _etag(entry.meta_text),
        entry.size,
        entry.source.ino,
        entry.source.mtime_ns,
        entry.source.ctime_ns,
        metadata_digest(entry.meta_text),
        bundle.bucket_id,
        key,
        version,
    )


def _etag(meta_text: str) -> bytes:
    """Return an ETag as the ledger keeps it: the 16 bytes of an MD5, else its text."""
    etag = json.loads(meta_text).get("etag")
    if not isinstance(etag, str):
        return b""
    return bytes.fromhex(etag) if is_md5(etag) else etag.encode()
