"""A VersityGW posix backend as a source of objects.

    source = PosixSource(config)
    source.check()                      -> findings; NoGatewayRoot, BadInput, Denied
    source.identity()                   -> (st_dev, inode) of the root
    buckets, strays = source.buckets()  -> in byte order of their names

    source.walk(bucket, after)          -> pages of entries in key order
    source.reader(name)                 -> objects' bytes and attributes

It is a `core.source.source.Source`. Nothing is written, and no atime moves (I6).
May import the model, errors, `display`, its own room.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from functools import partial
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import NoGatewayRoot
from core.model import Finding
from core.source.posix.beside import beside
from core.source.posix.buckets import Bucket, StrayEntry, make_bucket
from core.source.posix.config import MetadataMode, PosixConfig
from core.source.posix.names import is_bucket, is_key
from core.source.posix.opening import list_names
from core.source.posix.read import BucketReader
from core.source.posix.stamps import held_ns
from core.source.posix.tree import PosixTree, cannot_read
from core.source.posix.walk import walk
from core.source.posix.xattrs import XattrReader

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from core.model import Page
    from core.source.posix.attributes import Attributes
    from core.source.posix.beside import Beside

__all__ = ["Bucket", "PosixConfig", "PosixSource", "StrayEntry"]


class PosixSource(PosixTree):
    """A `core.source.source.Source` of such a tree."""

    @property
    def default_etag(self) -> str:
        """Return what the gateway shows for objects without an ETag."""
        return self.config.default_etag

    @property
    def sees_attributes(self) -> bool:
        """Tell that a change of tags or metadata alone moves an entry's ctime."""
        return True

    def can_hold(self, key: bytes) -> bool:
        """Tell whether a walk can come to a key: none has `..` in it, and none is too long."""
        return is_key(key)

    def check(self) -> list[Finding]:
        """Look at every folder and bucket; return what an operator should know.

        Raises BadInput for options that contradict, NoGatewayRoot where no bucket lies, and Denied
        where reading is not allowed or would change access times.
        """
        self.config.refuse_nonsense()
        for folder in self.config.folders():
            os.close(self.open_named(os.fsencode(folder)))
        buckets, strays = self.buckets()
        if not buckets:
            raise NoGatewayRoot(
                what=f"{safe(self.root)} holds no bucket",
                where="source",
                remedy="Name the directory that the gateway serves; is it mounted?",
            )
        findings = [finding for bucket in buckets for finding in bucket.findings]
        findings += [_stray_finding(stray) for stray in strays]
        return findings + list(self._mode_findings(buckets))

    def identity(self) -> tuple[int, int]:
        """Return (st_dev, inode) of the root: another pair is another source, or one unmounted."""
        fd = self.open_named(self.root)
        try:
            seen = os.fstat(fd)
        finally:
            os.close(fd)
        return (seen.st_dev, seen.st_ino)

    def buckets(self) -> tuple[list[Bucket], list[StrayEntry]]:
        """Return the buckets in byte order, and everything else that lies under the root.

        Raises NoGatewayRoot and Denied.
        """
        root = self.open_named(self.root)
        try:
            names = sorted(name.rstrip(b"/") for name in list_names(root))
            found = [self._bucket_or_stray(root, name) for name in names]
        finally:
            os.close(root)
        buckets = [one for one in found if isinstance(one, Bucket)]
        return buckets, [one for one in found if isinstance(one, StrayEntry)]

    def bucket(self, name: bytes) -> Bucket:
        """Return one bucket. Raises NoGatewayRoot if it is gone, Denied."""
        root = self.open_named(self.root)
        try:
            found = self._bucket_or_stray(root, name)
        finally:
            os.close(root)
        if isinstance(found, Bucket):
            return found
        raise NoGatewayRoot(
            what=f"bucket {safe(name)} is gone",
            where="source",
            remedy="Bring it back, or make a new workspace and plan again.",
        )

    def walk(
        self, bucket: Bucket, after: tuple[bytes, bytes] | None = None
    ) -> Generator[Page, None, None]:
        """Yield the bucket's entries in key order, by pages; see `walk.walk`."""
        return walk(self, bucket, after)

    def beside(self, bucket: Bucket) -> Iterator[Beside]:
        """Yield everything in and around a bucket that is no key; see `beside.beside`."""
        return beside(self, bucket)

    def reader(self, name: bytes, *, tick_s: float | None = None) -> BucketReader:
        """Open a bucket for reading. Raises NoGatewayRoot if it is gone, Denied.

        tick_s: how long to wait where an object changed a moment ago, None for a clock's tick.
        """
        bucket = self.bucket(name)
        if tick_s is None:
            return BucketReader(self, bucket)
        return BucketReader(self, bucket, sleep=partial(_nap, tick_s))

    def _bucket_or_stray(self, root: int, name: bytes) -> Bucket | StrayEntry | None:
        try:
            seen = os.stat(name, dir_fd=root, follow_symlinks=False)
            link = stat.S_ISLNK(seen.st_mode)
            if link and self.config.bucket_links:
                seen = os.stat(name, dir_fd=root)
        except FileNotFoundError:
            return StrayEntry(name=name, why="a dangling symlink") if _is_link(root, name) else None
        if link and not self.config.bucket_links:
            return StrayEntry(name=name, why="a symlink, and bucket_links is off")
        if not stat.S_ISDIR(seen.st_mode):
            return StrayEntry(name=name, why="no directory")
        if not is_bucket(name):
            return StrayEntry(name=name, why="no bucket name")
        return make_bucket(
            name,
            self._bucket_attributes(name),
            mtime_ns=held_ns(seen.st_mtime_ns),
            root_account=self.config.root_account,
        )

    def _bucket_attributes(self, name: bytes) -> Attributes:
        sidecar = self.sidecar(name)
        if sidecar is not None:
            return sidecar.read(b"")
        if self.mode is MetadataMode.NONE:
            return {}
        fd = self.open_bucket(name)
        try:
            return XattrReader().read(fd)
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                raise _no_xattrs(name) from error
            raise cannot_read(name, error) from error
        finally:
            os.close(fd)

    def _mode_findings(self, buckets: list[Bucket]) -> Iterator[Finding]:
        if self.mode is not MetadataMode.NONE and not any(bucket.attrs.acl for bucket in buckets):
            yield Finding(
                verdict="warn",
                subject="source",
                evidence=f"no bucket has attributes in {self.mode.value} mode",
                remedy="Check where the gateway keeps metadata: xattr, sidecar or nometa.",
            )
        unseen = [b for b in buckets if b.versioned and self.config.versioning_dir is None]
        if unseen:
            yield Finding(
                verdict="warn",
                subject="source",
                evidence=f"{len(unseen)} buckets have versioning, no versioning folder is named",
                remedy="Name the gateway's versioning folder, or old versions stay behind.",
            )


def _nap(seconds: float, _as_long_as_is_safe: float) -> None:
    time.sleep(seconds)


def _is_link(root: int, name: bytes) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=root, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _stray_finding(stray: StrayEntry) -> Finding:
    return Finding(
        verdict="warn",
        subject=safe(stray.name),
        evidence=f"is no bucket: {stray.why}",
        remedy="Nothing of it is migrated; move it away if it should be.",
    )


def _no_xattrs(name: bytes) -> NoGatewayRoot:
    return NoGatewayRoot(
        what=f"the file system of bucket {safe(name)} holds no user attributes",
        where="source",
        remedy="Name the sidecar folder, or nometa, as the gateway is configured.",
    )
