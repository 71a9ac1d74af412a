"""Old versions and delete markers of a key: the files of its hash folder, in S3's order.

May import the names, the attribute names, quiet opening and the sidecar.
Source: docs/source.md.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from core.source.posix.attributes import MARKER, USER_MARKER
from core.source.posix.config import MetadataMode
from core.source.posix.names import INTERNAL, NULL_VERSION, hash_folder, is_version_id
from core.source.posix.opening import list_names, open_folder
from core.source.posix.sidecar import both_ctimes
from core.source.posix.stamps import held_ns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.source.posix.buckets import Bucket
    from core.source.posix.tree import PosixTree


class OldVersion(NamedTuple):
    """A file of V. size_bytes: None for a delete marker. ctime_ns: as in `model.Entry`."""

    version: bytes
    size_bytes: int | None
    ino: int
    mtime_ns: int
    ctime_ns: int


class OldVersions(NamedTuple):
    """What a hash folder holds. foreign: names that are no version ids. fault: why it is unread."""

    versions: list[OldVersion]
    foreign: list[bytes]
    fault: str = ""


class VersionsFolder:
    """The old versions of one bucket. Close it."""

    def __init__(self, source: PosixTree, bucket: Bucket) -> None:
        self._source = source
        self._fd = source.open_versions(bucket.name)
        self._sidecar = source.version_sidecar(bucket.name)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def of(self, key: bytes) -> OldVersions:
        """Return a key's old versions: ULIDs descending, `null` where S3 shows it.

        Raises Denied where only an open that moves the access time is allowed.
        """
        if self._fd is None:
            return OldVersions([], [])
        folder = hash_folder(key)
        try:
            fd = open_folder(folder, self._source.quiet, dir_fd=self._fd)
            try:
                return self._listed(fd, folder)
            finally:
                os.close(fd)
        except FileNotFoundError:
            return OldVersions([], [])
        except OSError as error:
            return OldVersions([], [], error.strerror or "unknown error")

    def _listed(self, fd: int, folder: bytes) -> OldVersions:
        names = [name for name in list_names(fd) if name.rstrip(b"/") != INTERNAL]
        found = [self._look(fd, folder, name) for name in names if is_version_id(name)]
        return OldVersions(
            in_order(one for one in found if one is not None),
            sorted(name for name in names if not is_version_id(name)),
        )

    def _look(self, fd: int, folder: bytes, name: bytes) -> OldVersion | None:
        path = folder + b"/" + name
        try:
            seen = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not stat.S_ISREG(seen.st_mode):
                return None
            marker = self._is_marker(fd, name, path)
        except FileNotFoundError:
            return None
        ctime_ns = seen.st_ctime_ns
        if self._sidecar is not None:
            ctime_ns = both_ctimes(ctime_ns, self._sidecar.stamp(path)[1])
        size = None if marker else seen.st_size
        return OldVersion(name, size, seen.st_ino, held_ns(seen.st_mtime_ns), ctime_ns)

    def _is_marker(self, fd: int, name: bytes, path: bytes) -> bool:
        if self._sidecar is not None:
            return self._sidecar.changed_ns(path, MARKER) is not None
        if self._source.mode is MetadataMode.NONE:
            return False
        return USER_MARKER in os.listxattr(b"/proc/self/fd/%d/%b" % (fd, name))


def in_order(versions: Iterable[OldVersion]) -> list[OldVersion]:
    """Return versions as S3 lists them: ULIDs descending, `null` before the first older one.

    Older by mtime, which in V is the moment of superseding; `null` has no time of its own.
    """
    found = sorted(versions, key=lambda one: one.version, reverse=True)
    nulls = [one for one in found if one.version == NULL_VERSION]
    rest = [one for one in found if one.version != NULL_VERSION]
    for null in nulls:
        at = next((i for i, one in enumerate(rest) if one.mtime_ns < null.mtime_ns), len(rest))
        rest.insert(at, null)
    return rest
