"""What lies beside a bucket's keys: uploads in progress, killed uploads, versions of no known key.

    for found in beside(source, bucket):   # once a bucket's walk has ended
        found.reason, found.name, found.size_bytes, found.detail

None of it is a source key: it is counted by class and listed by name, not skipped. Memory: 9 bytes
for each key that has old versions. May import the model and its own room.
Source: docs/source.md.
"""

from __future__ import annotations

import os
import stat
from array import array
from bisect import bisect_left
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from core.model import Unrepresentable
from core.source.posix.attributes import UPLOAD_KEY, USER_UPLOAD_KEY
from core.source.posix.config import MetadataMode
from core.source.posix.names import INTERNAL
from core.source.posix.opening import list_names, open_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.source.posix.buckets import Bucket
    from core.source.posix.tree import PosixTree

_MULTIPART: Final = INTERNAL + b"/multipart"
_HASH_DIGITS: Final = 64
_PREFIX_BYTES: Final = 8
_LEVELS: Final = 3  # aa/bb/cc above each hash folder


class Beside(NamedTuple):
    """Something that is no key. name: the upload's key, or a path in the tree.

    size_bytes: of what lies there. detail: in words, for a list.
    """

    reason: Unrepresentable
    name: bytes
    size_bytes: int
    detail: str


def beside(source: PosixTree, bucket: Bucket) -> Iterator[Beside]:
    """Yield everything in and around a bucket that is no key. Raises Denied, NoGatewayRoot.

    What vanishes while it is looked at is left out.
    """
    fd = source.open_bucket(bucket.name)
    try:
        yield from _killed_uploads(source, fd)
        yield from _uploads(source, bucket, fd)
        if bucket.versioned:
            yield from _unnamed_versions(source, bucket, fd)
    finally:
        os.close(fd)


def _killed_uploads(source: PosixTree, bucket_fd: int) -> Iterator[Beside]:
    """Yield the temporary files that a killed upload leaves where O_TMPFILE is off."""
    with _opened(source, INTERNAL, bucket_fd) as folder:
        for name in sorted(_files(folder)):
            size = _size(name, folder)
            if size is not None:
                yield Beside(
                    Unrepresentable.LEFTOVER_TEMP,
                    INTERNAL + b"/" + name,
                    size,
                    "what a killed upload left",
                )


def _uploads(source: PosixTree, bucket: Bucket, bucket_fd: int) -> Iterator[Beside]:
    with _opened(source, _MULTIPART, bucket_fd) as folder:
        for hashed in sorted(_folders(folder)):
            key = _upload_key(source, bucket, folder, hashed)
            with _opened(source, hashed, folder) as uploads:
                for upload in sorted(_folders(uploads)):
                    yield _upload(source, upload, uploads, key)


def _upload(source: PosixTree, upload: bytes, folder: int | None, key: bytes) -> Beside:
    with _opened(source, upload, folder) as parts:
        sizes = [_size(name, parts) for name in _files(parts) if name.isdigit()]
        seen = None if parts is None else os.fstat(parts).st_mtime_ns
    there = [size for size in sizes if size is not None]
    since = "" if seen is None else f", begun at {seen // 1_000_000_000} s UTC"
    return Beside(
        Unrepresentable.UPLOAD_IN_PROGRESS,
        key,
        sum(there),
        f"{len(there)} parts of upload {upload.decode(errors='replace')}{since}",
    )


def _upload_key(source: PosixTree, bucket: Bucket, folder: int | None, hashed: bytes) -> bytes:
    """Return the key of a folder of uploads, or its hash where the key is not told."""
    sidecar = source.sidecar(bucket.name)
    if sidecar is not None:
        return sidecar.read(_MULTIPART + b"/" + hashed).get(UPLOAD_KEY, hashed)
    if source.mode is MetadataMode.NONE:
        return hashed
    with _opened(source, hashed, folder) as fd:
        if fd is None or USER_UPLOAD_KEY not in os.listxattr(fd):
            return hashed
        return os.getxattr(fd, USER_UPLOAD_KEY)


def _unnamed_versions(source: PosixTree, bucket: Bucket, bucket_fd: int) -> Iterator[Beside]:
    """Yield the hash folders that no key of the bucket yields: nobody can name their versions."""
    versions = source.open_versions(bucket.name)
    if versions is None:
        return
    try:
        known = array("Q", sorted(_prefix(path) for path in _hash_folders(source, versions)))
        named = bytearray(len(known))
        for key in _keys(source, bucket_fd):
            prefix = int.from_bytes(sha256(key).digest()[:_PREFIX_BYTES], "big")
            at = bisect_left(known, prefix)
            if at < len(known) and known[at] == prefix:
                named[at] = 1
        if all(named):
            return
        for path in _hash_folders(source, versions):
            if not named[bisect_left(known, _prefix(path))]:
                yield _unnamed(source, versions, path)
    finally:
        os.close(versions)


def _unnamed(source: PosixTree, versions: int, path: bytes) -> Beside:
    with _opened(source, path, versions) as folder:
        sizes = [_size(name, folder) for name in _files(folder)]
    there = [size for size in sizes if size is not None]
    return Beside(
        Unrepresentable.UNREACHABLE_VERSION,
        path,
        sum(there),
        f"{len(there)} old versions of a key that no listing shows",
    )


def _prefix(path: bytes) -> int:
    return int(path.rpartition(b"/")[2][: 2 * _PREFIX_BYTES], 16)


def _hash_folders(source: PosixTree, versions: int) -> Iterator[bytes]:
    """Yield aa/bb/cc/H of a bucket, in order."""
    yield from _below(source, versions, b"", _LEVELS)


def _below(source: PosixTree, parent: int | None, path: bytes, levels: int) -> Iterator[bytes]:
    """Yield the hash folders `levels` levels below one."""
    with _opened(source, path or b".", parent) as folder:
        names = sorted(_folders(folder))
    for name in names:
        below = path + b"/" + name if path else name
        if levels:
            if len(name) == 2 and _is_hex(name):  # noqa: PLR2004 - two digits a level
                yield from _below(source, parent, below, levels - 1)
        elif len(name) == _HASH_DIGITS and _is_hex(name):
            yield below


def _is_hex(name: bytes) -> bool:
    return not name.translate(None, b"0123456789abcdef")


def _keys(source: PosixTree, bucket_fd: int) -> Iterator[bytes]:
    """Yield every name below a bucket that could be a key, in no order; nothing is looked at."""
    prefixes = [b""]
    while prefixes:
        prefix = prefixes.pop()
        with _opened(source, prefix[:-1] or b".", bucket_fd) as folder:
            names = [] if folder is None else list_names(folder)
        for name in names:
            if not name.endswith(b"/"):
                yield prefix + name
            elif prefix or name != INTERNAL + b"/":
                prefixes.append(prefix + name)


@contextmanager
def _opened(source: PosixTree, path: bytes, dir_fd: int | None) -> Iterator[int | None]:
    """Open a folder for the block; None where it is not there."""
    if dir_fd is None:
        yield None
        return
    try:
        fd = open_folder(path, source.quiet, dir_fd=dir_fd)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)


def _files(folder: int | None) -> list[bytes]:
    names = [] if folder is None else list_names(folder)
    return [name for name in names if not name.endswith(b"/")]


def _folders(folder: int | None) -> list[bytes]:
    names = [] if folder is None else list_names(folder)
    return [name[:-1] for name in names if name.endswith(b"/")]


def _size(name: bytes, folder: int | None) -> int | None:
    """Return the size of a regular file, None if it is none, or no longer there."""
    try:
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return seen.st_size if stat.S_ISREG(seen.st_mode) else None
