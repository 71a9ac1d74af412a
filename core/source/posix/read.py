"""Reading objects: bytes, attributes and stamps that belong together.

    with BucketReader(source, bucket) as reader:
        got = reader.read_small(key, version, limit_bytes)
        # SmallRead | LargeObject | Gone | Changed | Unreadable

    small.body .attributes .size_bytes .ino .mtime_ns .ctime_ns .uid .gid .mode .is_dir .followed
    large: the same but body; .chunks(buffer, offset, length), .unchanged(), and close() or `with`

The protocol: open without a trace, fstat, attributes by the descriptor, read, fstat again. Before
Linux 6.13 the clocks of file systems tick, up to 10 ms apart: what changed in this tick may change
again under the same stamps, so the reading begins when the tick is over. While clients write, equal
stamps are not enough: tags land after the object is visible, so what changed less than a few
seconds ago is to be read again.
May import the errors and its own room. Source: docs/source.md.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING, Final, Self

from core.source.posix.attributes import MARKER, Attributes
from core.source.posix.config import MetadataMode
from core.source.posix.large import LargeObject
from core.source.posix.links import open_behind
from core.source.posix.names import hash_folder
from core.source.posix.opening import FILE, open_folder, raise_if_not_owner
from core.source.posix.outcome import Changed, Fault, Gone, SmallRead, Unreadable
from core.source.posix.place import Place, Stamp
from core.source.posix.sidecar import both_ctimes
from core.source.posix.stamps import held_ns
from core.source.posix.xattrs import XattrReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from core.source.posix.buckets import Bucket
    from core.source.posix.tree import PosixTree
    from core.source.source import SeenEntry

_TYPE: Final = 0o170000
_SLASH: Final = ord("/")
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENXIO})
_CHANGED: Final = frozenset({errno.ENODATA, errno.ESTALE})

TICK_S: Final = 0.02
_TICK_NS: Final = 20_000_000
_TICKS: Final = 5
"""What still changes after so many ticks is in somebody's hands: it goes round again."""


class BucketReader:
    """Reads the objects of one bucket through one open folder. Not for two threads; close it."""

    def __init__(
        self,
        source: PosixTree,
        bucket: Bucket,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open the bucket. clock_ns: UTC. Raises NoGatewayRoot, Denied."""
        self._clock_ns = clock_ns
        self._sleep = sleep
        self._calm_ns = clock_ns() - _TICK_NS
        self._flags = FILE | source.quiet
        self._xattrs = XattrReader() if source.mode is MetadataMode.XATTR else None
        self._sidecar = source.sidecar(bucket.name)
        self._version_sidecar = source.version_sidecar(bucket.name)
        self._real_root = os.path.realpath(source.root)
        self._path = source.root + b"/" + bucket.name
        self._fd = source.open_bucket(bucket.name)
        self._versions: int | None = None
        try:
            self._versions = source.open_versions(bucket.name)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptors back; large objects already open live on."""
        for fd in (self._fd, self._versions):
            if fd is not None and fd >= 0:
                os.close(fd)
        self._fd, self._versions = -1, None

    def moved(self) -> bool:
        """Tell whether something else than the open folder lies at the bucket's place by now."""
        try:
            there = os.stat(self._path)  # noqa: PTH116 - bytes, which are no text
        except OSError:
            return True
        here = os.fstat(self._fd)
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    @property
    def owner(self) -> tuple[int, int]:
        """Return uid and gid of the bucket's folder."""
        folder = os.fstat(self._fd)
        return folder.st_uid, folder.st_gid

    def expect(
        self,
        entries: Sequence[tuple[bytes, bytes]],
        seen: Sequence[SeenEntry],
        limit_bytes: int,
    ) -> None:
        """Do nothing: a file system is asked when it is asked."""

    def read_small(
        self, key: bytes, version: bytes, limit_bytes: int
    ) -> SmallRead | LargeObject | Fault:
        """Read an object of up to limit_bytes; open a larger one.

        version: b"" for the current one. Raises Denied where the access time would move.
        """
        if version:
            place = self._version_place(key, version)
            if place is None:
                return Gone()
        else:
            place = Place(self._fd, key, self._sidecar, key)
            if key[-1] == _SLASH:
                return self._directory(place)
        try:
            fd = os.open(place.name, self._flags, dir_fd=place.dir_fd)
        except OSError as error:
            if error.errno != errno.ELOOP or version:
                return _fault(error, key)
            return self._behind_link(place, limit_bytes)
        return self._opened(fd, place, limit_bytes)

    def _opened(self, fd: int, place: Place, limit_bytes: int) -> SmallRead | LargeObject | Fault:
        """Read an open file. Takes the descriptor over. The hot path."""
        kept = False
        try:
            before = os.fstat(fd)
            if before.st_mode & _TYPE != stat.S_IFREG:
                return Gone()
            stamp = place.stamp() if place.sidecar else (0, 0)
            if before.st_ctime_ns > self._calm_ns or stamp[1] > self._calm_ns:
                before, stamp = self._settled(fd, place)
            attributes = self._attributes(fd, place)
            size: int | None = before.st_size
            body = b""
            # Whatever the bucket says: S3 shows no bytes of it, so none may travel as an object.
            if MARKER in attributes:
                size = None
            elif before.st_size > limit_bytes:
                kept = True
                return _large(fd, place, before, stamp, attributes)
            else:
                body = _whole(fd, before.st_size)
                if len(body) != size:
                    return Changed()
            if not place.unchanged(fd, before, stamp):
                return Changed()
            return SmallRead(
                body,
                attributes,
                size,
                before.st_ino,
                held_ns(before.st_mtime_ns),
                both_ctimes(before.st_ctime_ns, stamp[1]) if place.sidecar else before.st_ctime_ns,
                before.st_uid,
                before.st_gid,
                before.st_mode,
                False,  # noqa: FBT003 - a tuple's place, filled without the price of keywords
                place.followed,
            )
        except OSError as error:
            return _fault_within(error, place.name)
        finally:
            if not kept:
                os.close(fd)

    def _settled(self, fd: int, place: Place) -> tuple[os.stat_result, Stamp]:
        """Return stamps that any further change will move. Raises OSError.

        ESTALE if it was replaced, or there is no end of changes.
        """
        for _ in range(_TICKS):
            seen, stamp = os.fstat(fd), place.stamp()
            if not seen.st_nlink:
                break  # another lies there by now
            self._calm_ns = self._clock_ns() - _TICK_NS
            if max(seen.st_ctime_ns, stamp[1]) <= self._calm_ns:
                return seen, stamp
            self._sleep(TICK_S)
            # by another host's clock, or one that was set: what stood for a tick has settled, too
            if os.fstat(fd).st_ctime_ns == seen.st_ctime_ns and place.stamp() == stamp:
                return seen, stamp
        raise OSError(errno.ESTALE, "it changes all the time")

    def _version_place(self, key: bytes, version: bytes) -> Place | None:
        if self._versions is None:
            return None
        path = hash_folder(key) + b"/" + version
        return Place(self._versions, path, self._version_sidecar, path)

    def _attributes(self, fd: int, place: Place) -> Attributes:
        if self._xattrs is not None:
            return self._xattrs.read(fd)
        return {} if place.sidecar is None else place.sidecar.read(place.meta_name)

    def _behind_link(self, place: Place, limit_bytes: int) -> SmallRead | LargeObject | Fault:
        try:
            fd = open_behind(
                place.name, self._flags, dir_fd=place.dir_fd, real_root=self._real_root
            )
        except OSError as error:
            return _fault(error, place.name)
        if fd is None:
            return Gone()
        return self._opened(fd, place._replace(followed=True), limit_bytes)

    def _directory(self, place: Place) -> SmallRead | Fault:
        """Read a directory object: attributes, and no bytes."""
        bare = place._replace(name=place.name.rstrip(b"/"))
        try:
            fd = open_folder(bare.name, self._flags & os.O_NOATIME, dir_fd=bare.dir_fd)
        except OSError as error:
            return _fault(error, bare.name)
        try:
            before, stamp = self._settled(fd, bare)
            attributes = self._attributes(fd, bare)
            if "etag" not in attributes:
                return Gone()
            if not bare.unchanged(fd, before, stamp):
                return Changed()
        except OSError as error:
            return _fault_within(error, bare.name)
        finally:
            os.close(fd)
        return SmallRead(
            body=b"",
            attributes=attributes,
            size_bytes=None if MARKER in attributes else 0,
            ino=before.st_ino,
            mtime_ns=held_ns(before.st_mtime_ns),
            ctime_ns=_ctime_ns(bare, before, stamp),
            uid=before.st_uid,
            gid=before.st_gid,
            mode=before.st_mode,
            is_dir=True,
        )


def _large(
    fd: int, place: Place, seen: os.stat_result, stamp: Stamp, attributes: Attributes
) -> LargeObject:
    return LargeObject(fd, place, seen, stamp, attributes, ctime_ns=_ctime_ns(place, seen, stamp))


def _ctime_ns(place: Place, seen: os.stat_result, stamp: Stamp) -> int:
    if place.sidecar is None:
        return seen.st_ctime_ns
    return both_ctimes(seen.st_ctime_ns, stamp[1])


def _whole(fd: int, size_bytes: int) -> bytes:
    """Return the file's bytes, one more than its size if it has grown, fewer if it was cut."""
    body = os.read(fd, size_bytes + 1)
    if len(body) >= size_bytes:
        return body
    parts = [body]
    while body:
        body = os.read(fd, size_bytes)
        parts.append(body)
    return b"".join(parts)


def _fault_within(error: OSError, name: bytes) -> Fault:
    """Return what an error means once the object is open: then it is not it that has vanished."""
    fault = _fault(error, name)
    return Changed() if isinstance(fault, Gone) else fault


def _fault(error: OSError, name: bytes) -> Fault:
    raise_if_not_owner(error, name)
    if error.errno in _GONE:
        return Gone()
    if error.errno in _CHANGED:
        return Changed()
    return Unreadable(error.strerror or "unknown error")
