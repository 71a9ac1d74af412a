"""A new root over what is left of a bundle: another manifest, another directory, the same objects.

Nothing of the objects is read or sent: their blocks are where they are. Pure. May import dag, the
ledger's rows and the worker's digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.dag.directory import MANIFEST, FlatDirectory
from core.dag.manifest import Manifest, ManifestEntry, ManifestHeader
from core.dag.profile import UNIXFS_V1_2025
from core.dag.reading import parse_node
from core.dag.unixfs import FileBuilder
from core.display import safe
from core.engine.worker.seal import metadata_digest
from core.errors import Broken
from core.ledger.rows import RACY
from core.model import Cid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.ledger.rebundled import Survivor
    from core.ledger.rows import Position

Block = tuple[Cid, bytes]


class NewRoot(NamedTuple):
    """A root that is to be. blocks: of manifest and directory, the root last. names: by position.

    contents: what the root links to beside its manifest, in its order.
    """

    root: Cid
    blocks: list[Block]
    manifest: bytes
    names: dict[Position, str]
    contents: list[Cid]


def new_root(
    old: Manifest,
    old_root: bytes,
    number: int,
    left: Sequence[Survivor],
    metadata: Mapping[Position, str],
) -> NewRoot:
    """Return the root of a bundle's survivors under its new number.

    old_root: the old directory's block, hashed. left: in key order. metadata: canonical texts of
    those whose metadata changed since the manifest was written. Raises Broken where manifest and
    ledger do not agree: then the bundle stays as it is.
    """
    links = {link.name: link for link in parse_node(old_root).links}
    told = {(one.key.encode(), (one.version or "").encode()): one for one in old.entries}
    directory, entries = FlatDirectory(), []
    names: dict[Position, str] = {}
    contents: list[Cid] = []
    numbered: list[tuple[bytes, int]] = []
    for one in left:
        entry = told.get(one[:2])
        if entry is None or entry.cid != one.cid:
            raise _apart(one, "its manifest names other content, or none")
        name = None
        if one.cid is not None:
            link = links.get((entry.name or "").encode())
            if link is None or link.cid != one.cid:
                raise _apart(one, "its directory names other content, or none")
            name = f"{len(numbered):06d}"
            names[one[:2]] = name
            numbered.append((link.cid, link.tsize))
            contents.append(link.cid)
        entries.append(_entry(entry, one, name, metadata.get(one[:2], entry.meta_text)))
    head = old.header
    header = ManifestHeader(bundle=number, workspace_id=head.workspace_id, profile=head.profile)
    manifest = Manifest(header, tuple(entries)).text().encode()
    blocks: list[Block] = []
    node = _file(manifest, blocks)
    directory.number(numbered)
    directory.add(MANIFEST, *node)
    root, block, _ = directory.finish()
    blocks.append((root, block))
    return NewRoot(root, blocks, manifest, names, contents)


def outdated(old: Manifest, left: Sequence[Survivor]) -> list[Survivor]:
    """Return the survivors whose metadata is another one than the manifest's."""
    told = {
        (one.key.encode(), (one.version or "").encode()): metadata_digest(one.meta_text)
        for one in old.entries
    }
    return [one for one in left if told.get(one[:2], one.mh) != one.mh]


def _entry(entry: ManifestEntry, one: Survivor, name: str | None, meta_text: str) -> ManifestEntry:
    if metadata_digest(meta_text) != one.mh:
        raise _apart(one, "nothing tells its metadata as the ledger has it")
    source = entry.source
    if one.ctime_ns != RACY:
        source = source._replace(ino=one.ino, mtime_ns=one.mtime_ns, ctime_ns=one.ctime_ns)
    return ManifestEntry(
        bucket=entry.bucket,
        key=entry.key,
        meta_text=meta_text,
        source=source,
        version=entry.version,
        marker=entry.marker,
        cid=entry.cid,
        name=name,
        size=entry.size,
    )


def _file(content: bytes, blocks: list[Block]) -> tuple[Cid, int]:
    builder = FileBuilder(UNIXFS_V1_2025, lambda cid, block: blocks.append((cid, block)))
    chunk = UNIXFS_V1_2025.chunk_bytes
    for at in range(0, len(content), chunk):
        builder.chunk(content[at : at + chunk])
    node = builder.finish()
    return node.cid, node.tsize


def _apart(one: Survivor, why: str) -> Broken:
    return Broken(
        what=f"{safe(one.key)}: {why}",
        where="re-bundling",
        remedy="Look at it with vgwm metadata check; the bundle stays as it is.",
    )
