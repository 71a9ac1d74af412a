"""Which directory entry is what: object, marker, old version, or a key skipped with its reason.

May import the model, and of its own room what reads attributes, links and versions.
Source: docs/source.md.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from core.display import safe
from core.model import Skip, Unrepresentable
from core.source.posix.attributes import MARKER, USER_ETAG, USER_MARKER, USER_VERSION_ID, VERSION_ID
from core.source.posix.config import MetadataMode
from core.source.posix.links import look_behind
from core.source.posix.names import NULL_VERSION, is_leftover, is_utf8
from core.source.posix.sidecar import both_ctimes
from core.source.posix.stamps import held_ns
from core.source.posix.versions import VersionsFolder

if TYPE_CHECKING:
    from os import stat_result

    from core.source.posix.buckets import Bucket
    from core.source.posix.tree import PosixTree

RawEntry = tuple[bytes, bytes, int | None, int, int, int]
"""`model.Entry` without its class: (key, version, size, inode, mtime_ns, ctime_ns)."""

ALL_VERSIONS: Final = b"*"
"""Stands for a version id where all old versions of a key are meant: no id looks like it."""

_KINDS: Final = {
    stat.S_IFIFO: "a fifo",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


class Marks(NamedTuple):
    """What a file's attributes say of its version. hidden: a put over a marker that S3 hides."""

    marker: bool
    version_id: bool
    hidden: bool


class Classifier:
    """Judges the entries of one bucket; what it finds goes to `entries` and `skips`. Close it.

    A skip is recorded with the key that S3 would give it.
    """

    def __init__(self, source: PosixTree, bucket: Bucket) -> None:
        self.entries: list[RawEntry] = []
        self.skips: list[Skip] = []
        self._mode = source.mode
        self._versioned = bucket.versioned
        self._sidecar = source.sidecar(bucket.name)
        self._real_root = os.path.realpath(source.root)
        self._old = VersionsFolder(source, bucket) if bucket.versioned else None

    @property
    def plain(self) -> bool:
        """True where a regular file needs no second look: no markers, versions or sidecar."""
        return not self._versioned and self._sidecar is None

    def close(self) -> None:
        """Give descriptors back."""
        if self._old is not None:
            self._old.close()

    def file(self, folder: int, name: bytes, key: bytes, seen: stat_result) -> None:
        """Judge an entry that is no directory. folder: an open descriptor of where it lies."""
        if not is_utf8(name):
            self.skip(key, Unrepresentable.KEY_NOT_UTF8, "a file name that is not UTF-8")
        elif is_leftover(name) and stat.S_ISREG(seen.st_mode):
            self.skip(key, Unrepresentable.LEFTOVER_TEMP, "what a crash left of an overwrite")
        elif stat.S_ISREG(seen.st_mode):
            self._object(folder, name, key, seen)
        elif stat.S_ISLNK(seen.st_mode):
            target = look_behind(name, dir_fd=folder, real_root=self._real_root)
            if target.seen is None:
                self.skip(key, Unrepresentable.SYMLINK, target.why)
            else:
                self._object(folder, name, key, target.seen)
        else:
            kind = _KINDS.get(stat.S_IFMT(seen.st_mode), "a special file")
            self.skip(key, Unrepresentable.SPECIAL_FILE, kind)

    def folder(self, fd: int, key: bytes, why: Unrepresentable | None) -> None:
        """Judge an open directory: an object if it has an ETag. key: ends with a slash.

        why: all that lies below it, and so the object that it is itself, is skipped for that.
        """
        marks = self._folder_marks(fd, key)
        if marks is None:
            return
        if why is not None:
            self.skip_below(key, why)
            return
        seen = os.fstat(fd)
        size = None if marks.marker and self._versioned else 0
        ctime_ns = self._ctime_ns(key, seen)
        self.entries.append((key, b"", size, seen.st_ino, held_ns(seen.st_mtime_ns), ctime_ns))

    def skip_below(self, key: bytes, why: Unrepresentable) -> None:
        """Record a key that lies at or below a directory that is skipped."""
        self.skip(key, why, f"below a directory that is skipped: {why.value}")

    def skip(self, key: bytes, reason: Unrepresentable, detail: str) -> None:
        """Record a key that will not be handed on."""
        self.skips.append(Skip(key, b"", reason, detail))

    def _object(self, folder: int, name: bytes, key: bytes, seen: stat_result) -> None:
        stamps = seen.st_ino, held_ns(seen.st_mtime_ns), self._ctime_ns(key, seen)
        if not self._versioned:
            self.entries.append((key, b"", seen.st_size, *stamps))
            return
        marks = self._marks(folder, name, key)
        if marks.hidden:
            # S3's truth is "deleted": whether the bytes should come along is the operator's choice.
            self.skip(key, Unrepresentable.HIDDEN_PUT, "acknowledged, but hidden by a marker")
        else:
            size = None if marks.marker else seen.st_size
            self.entries.append((key, b"", size, *stamps))
        self._history(key, current_is_null=not marks.version_id)

    def _history(self, key: bytes, *, current_is_null: bool) -> None:
        if self._old is None:
            return
        versions, foreign, fault = self._old.of(key)
        if fault:
            detail = f"its old versions cannot be read: {fault}"
            self.skips.append(Skip(key, ALL_VERSIONS, Unrepresentable.UNREADABLE, detail))
        for old in versions:
            if old.version == NULL_VERSION and current_is_null:
                self.skips.append(
                    Skip(
                        key,
                        NULL_VERSION,
                        Unrepresentable.UNREACHABLE_VERSION,
                        "the current version is `null` too: no request reaches this one",
                    )
                )
            else:
                self.entries.append((key, *old))
        self.skips += [
            Skip(
                key,
                name,
                Unrepresentable.UNREACHABLE_VERSION,
                f"{safe(name)} among the old versions is no version id",
            )
            for name in foreign
        ]

    def _ctime_ns(self, key: bytes, seen: stat_result) -> int:
        if self._sidecar is None:
            return seen.st_ctime_ns
        return both_ctimes(seen.st_ctime_ns, self._sidecar.stamp(key)[1])

    def _marks(self, folder: int, name: bytes, key: bytes) -> Marks:
        if self._sidecar is not None:
            marked = self._sidecar.changed_ns(key, MARKER)
            written = self._sidecar.changed_ns(key, "etag")
            return Marks(
                marker=marked is not None,
                version_id=self._sidecar.changed_ns(key, VERSION_ID) is not None,
                hidden=marked is not None and written is not None and written > marked,
            )
        names = os.listxattr(b"/proc/self/fd/%d/%b" % (folder, name))
        return Marks(USER_MARKER in names, USER_VERSION_ID in names, hidden=False)

    def _folder_marks(self, fd: int, key: bytes) -> Marks | None:
        """Return the marks of a directory object, None for a directory that is none."""
        if self._sidecar is not None:
            if self._sidecar.changed_ns(key, "etag") is None:
                return None
            marked = self._sidecar.changed_ns(key, MARKER) is not None
            return Marks(marked, version_id=False, hidden=False)
        if self._mode is MetadataMode.NONE:
            return None
        names = os.listxattr(fd)
        if USER_ETAG not in names:
            return None
        return Marks(USER_MARKER in names, version_id=False, hidden=False)
