"""The sink of a directory target: each bundle a CAR file that is named by its root.

A file stands under its final name only when it is whole and durable: written in `tmp/`, its header
last, fsynced, renamed, the folder fsynced. A worker that dies leaves nothing but a file in `tmp/`.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.dag import car, cid
from core.model import MIB, Cid
from core.target.disk_faults import disk_error
from core.target.sink import KuboEndpoint, Piece, SinkReceipt, Throttle, Unthrottled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.errors import VgwmError

_IOV_MAX = os.sysconf("SC_IOV_MAX")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW


class DirSink:
    """Writes bundles into `PATH/bundles/ROOT.car` and their manifests beside them.

    Raises CapacityExhausted (no room), Denied (no right), BadInput (no such directory), and
    NodeUnreachable (the disk fails), each naming the path.
    """

    def __init__(self, path: Path, *, throttle: Throttle | None = None) -> None:
        self._path = path
        self._throttle = throttle or Unthrottled()
        self._bundles = path / "bundles"
        self._manifests = path / "manifests"
        self._tmp = path / "tmp"
        self._fd = -1
        self._part = path
        self._bundle_id = 0
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._written = 0

    def begin(self, bundle_id: int, tag: str, nodes: Sequence[KuboEndpoint] = ()) -> None:  # noqa: ARG002  # the protocol's names
        """Open `tmp/BUNDLE-TAG` and leave room for the header that names the root."""
        self.abort()
        self._bundle_id = bundle_id
        self._part = self._tmp / f"{bundle_id}-{tag}"
        try:
            self._fd = os.open(self._part, _NEW, 0o600)
            os.lseek(self._fd, car.ONE_ROOT_BYTES, os.SEEK_SET)
        except OSError as error:
            raise self._failed(error, self._part) from error
        self._written = car.ONE_ROOT_BYTES

    def put(self, parts: list[bytes], n: int) -> None:
        """Keep the parts, and write when there is a MiB of them."""
        self._held += parts
        self._held_bytes += n
        if self._held_bytes >= MIB:
            self._flush()

    def put_now(self, parts: Sequence[Piece], n: int) -> None:
        """Write what is held and these parts."""
        if self._held_bytes:
            self._flush()
        self._write_all(parts, n)

    def segment(self, sections: int, section_bytes: int) -> None:
        """Do nothing: a large object is one file, and a retry begins it again."""

    def finish(
        self,
        root: Cid,
        sections: int,  # noqa: ARG002  # a file is checked by its length
        section_bytes: int,  # noqa: ARG002  # a file is checked by its length
        manifest: bytes,
    ) -> SinkReceipt:
        """Give the bundle its header and its name; durable on return.

        The manifest's copy gets its name first, so that a named bundle always has one.
        """
        name = cid.text(root)
        text = Path(f"{self._part}.ndjson")
        try:
            if self._held_bytes:
                self._flush()
            os.pwrite(self._fd, car.header([root]), 0)
            os.fsync(self._fd)
            _write_durable(text, manifest)
            text.rename(self._manifests / f"{name}.ndjson")
            _sync_folder(self._manifests)
            self._part.rename(self._bundles / f"{name}.car")
            _sync_folder(self._bundles)
        except OSError as error:
            with contextlib.suppress(OSError):
                text.unlink(missing_ok=True)
            raise self._failed(error, self._bundles / f"{name}.car") from error
        os.close(self._fd)
        self._fd = -1
        return SinkReceipt(self._written, ())

    def abort(self) -> None:
        """Remove the unfinished file, if there is one."""
        self._held.clear()
        self._held_bytes = 0
        if self._fd < 0:
            return
        os.close(self._fd)
        self._fd = -1
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def close(self) -> None:
        """Abort: a directory holds no connection."""
        self.abort()

    def _flush(self) -> None:
        parts, n = self._held, self._held_bytes
        self._held, self._held_bytes = [], 0
        self._write_all(parts, n)

    def _write_all(self, parts: Sequence[Piece], n: int) -> None:
        """Write n bytes, by one system call in nearly all cases."""
        if self._throttle.slows():
            for piece in self._throttle.pieces(b"".join(parts), 1):
                self._write((piece,), len(piece))
        else:
            self._throttle.take(n)
            self._write(parts, n)

    def _write(self, parts: Sequence[Piece], n: int) -> None:
        try:
            if len(parts) > _IOV_MAX or os.writev(self._fd, parts) != n:
                # a short or too long vector: joined, from where the file should now stand
                view = memoryview(b"".join(parts))
                done = 0
                while done < n:
                    done += os.pwrite(self._fd, view[done:], self._written + done)
                os.lseek(self._fd, self._written + n, os.SEEK_SET)
        except OSError as error:
            raise self._failed(error, self._part) from error
        self._written += n

    def _failed(self, error: OSError, path: Path) -> VgwmError:
        self.abort()
        return disk_error(error, doing=f"writing bundle {self._bundle_id}", path=path)


def _write_durable(path: Path, text: bytes) -> None:
    fd = os.open(path, _NEW, 0o600)
    try:
        view = memoryview(text)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
