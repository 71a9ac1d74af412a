"""What closes a bundle: its manifest, its root directory, and the rows that it becomes.

One pass over the bundle's objects, in text pieces: this is part of the cost of each object, so
nothing is parsed, and CIDs become text all at once. May import dag, target rows and the tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from core.dag import cid as cids
from core.dag.canonical import json_string
from core.dag.directory import MANIFEST, FlatDirectory
from core.dag.manifest import header_line
from core.dag.profile import UNIXFS_V1_2025
from core.dag.unixfs import FileBuilder
from core.engine.crew.task import CopyTask, Rows
from core.ledger.rows import RACY
from core.model import Cid, MetaText, ObjectState
from core.target.rows import PinnedBundle, RowEntry, RowMaker

if TYPE_CHECKING:
    from core.ledger.rows import RecordRow


class Carried(NamedTuple):
    """An object whose blocks are in the bundle, or a delete marker (cid and size None).

    Hot loops make plain tuples of this shape. etag: the source's, unquoted, b"" if it has none.
    created_ns: of the version id, else the same as mtime_ns.
    """

    key: bytes
    version: bytes
    cid: Cid | None
    tsize: int
    size: int | None
    ino: int
    mtime_ns: int
    ctime_ns: int
    uid: int
    gid: int
    mode: int
    created_ns: int
    meta: MetaText
    etag: bytes


class Sealed(NamedTuple):
    """A closed bundle."""

    root: Cid
    manifest: bytes
    rows: Rows


DIGESTS = 1 << 62
"""Sidecar mode keeps digests in place of ctimes; times stay below this until the year 2116."""

Emit = Callable[[Cid, bytes], None]


def metadata_digest(meta_text: str) -> int:
    """Return the 64-bit digest of an object's canonical metadata, as SQLite keeps integers."""
    digest = blake2b(meta_text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def seal(  # noqa: PLR0913 - keyword-only, each a thing of its own
    task: CopyTask,
    carried: list[Carried],
    *,
    maker: RowMaker,
    workspace_id: str,
    profile: str,
    emit: Emit,
    racy_ns: int,
) -> Sealed:
    """Emit manifest and root, and return them with the rows. carried: not empty, in key order."""
    with_bytes = [one for one in carried if one[2] is not None]
    texts = cids.texts([one[2] for one in with_bytes if one[2] is not None])
    manifest = _manifest(task, carried, texts, workspace_id, profile).encode()
    node = _file(manifest, emit)
    directory = FlatDirectory()
    directory.number([(one[2], one[3]) for one in with_bytes if one[2] is not None])
    directory.add(MANIFEST, node[0], node[1])
    root, block, _ = directory.finish()
    emit(root, block)
    pinned = PinnedBundle(
        task.bucket.decode(), cids.text(root), task.bundle, task.peers, task.owner
    )
    current = [
        RowEntry(one[0].decode(), text, one[4] or 0, one[6], one[11], one[12], f"{i:06d}")
        for i, (one, text) in enumerate(zip(with_bytes, texts, strict=True))
        if not one[1]
    ]
    return Sealed(
        root, manifest, Rows(maker.rows(pinned, current), ledger_rows(task, carried, racy_ns))
    )


def ledger_rows(task: CopyTask, carried: list[Carried], racy_ns: int) -> list[RecordRow]:
    """Return the rows by which the ledger records them.

    racy_ns: what changed after it may get its tags yet, for the gateway sets them once the object
    is visible. Its fingerprint is kept as RACY, which no file has: a later round reads it again.
    """
    bid, state = task.bucket_id, int(ObjectState.RECORDED)
    return [
        (
            state,
            cid,
            etag,
            size,
            ino,
            mt,
            ct if mt <= racy_ns and (ct <= racy_ns or ct >= DIGESTS) else RACY,
            metadata_digest(f"{{{m[0]}{m[1]}{m[2]}}}"),
            bid,
            key,
            ver,
        )
        for key, ver, cid, _ts, size, ino, mt, ct, _u, _g, _mode, _made, m, etag in carried
    ]


def _manifest(
    task: CopyTask, carried: list[Carried], texts: list[str], workspace_id: str, profile: str
) -> str:
    """Return the manifest's text; `core.dag.manifest` is its reader."""
    bucket = json_string(task.bucket.decode())
    lines = [header_line(task.bundle, workspace_id, profile)]
    add, i = lines.append, 0
    for key, ver, cid, _ts, size, ino, mt, ct, uid, gid, mode, _made, (
        head,
        mid,
        tail,
    ), _e in carried:
        source = f'{{"ct":"{ct}","gid":{gid},"ino":"{ino}","mode":{mode},"mt":"{mt}","uid":{uid}}}'
        version = f',"version":{json_string(ver.decode())}' if ver else ""
        name = json_string(key.decode())
        if cid is None:
            add(
                f'{{"bucket":{bucket},"key":{name},"marker":true,"meta":{{{head}{mid}{tail}}},'
                f'"src":{source}{version}}}\n'
            )
            continue
        add(
            f'{{"bucket":{bucket},"cid":"{texts[i]}","key":{name},"meta":{{{head}{mid}{tail}}},'
            f'"name":"{i:06d}","size":{size},"src":{source}{version}}}\n'
        )
        i += 1
    return "".join(lines)


def _file(content: bytes, emit: Emit) -> tuple[Cid, int]:
    """Emit a file of ours by the bundle's own profile, whatever the objects' is."""
    builder = FileBuilder(UNIXFS_V1_2025, emit)
    chunk = UNIXFS_V1_2025.chunk_bytes
    for at in range(0, len(content), chunk):
        builder.chunk(content[at : at + chunk])
    node = builder.finish()
    return node.cid, node.tsize
