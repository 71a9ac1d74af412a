"""What the reverse copy replaces on blue is kept first: its inode linked, its attributes dumped.

So bad data from green destroys nothing. `docs/reverse.md` tells how one is brought back.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import json
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.schema import PosixSource
from core.cutover.uncarriable import why_not
from core.display import safe
from core.errors import BadInput, CapacityExhausted, Denied, NoAnswer, VgwmError
from core.source.posix.sidecar import Sidecar, both_ctimes
from core.source.posix.stamps import held_ns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.config.schema import Workspace

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMLINK})


class Fingerprint(NamedTuple):
    """What tells one content of a key on blue from another, as a sync compares it."""

    ino: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blue:
    """Blue's tree, as files. undo: where what is replaced is kept."""

    source: PosixSource
    undo: Path

    async def keep(self, bucket: str, key: str) -> Fingerprint | None:
        """Keep what stands under a key, before it is replaced; return what it was. Repeatable.

        Raises BadInput for a folder on another file system, CapacityExhausted, Denied, and as
        `require`.
        """

        def work() -> Fingerprint | None:
            self.require([bucket])
            seen = self._fingerprint(bucket, key)
            if seen is not None:
                self._keep(bucket, key)
            return seen

        return await asyncio.to_thread(work)

    def require(self, buckets: Sequence[str]) -> None:
        """Raise NoAnswer where none of these is seen, as with nothing mounted (I7). Blocks.

        buckets: such as blue has, by its own answer; none asks nothing.
        """
        if buckets and not any((self.source.path / bucket).is_dir() for bucket in buckets):
            raise _unseen(self.source.path / buckets[0])

    async def fingerprint(self, bucket: str, key: str) -> Fingerprint | None:
        """Return what stands under a key now, None for nothing. Raises Denied, and as `require`."""

        def work() -> Fingerprint | None:
            self.require([bucket])
            return self._fingerprint(bucket, key)

        return await asyncio.to_thread(work)

    async def set_time(self, bucket: str, key: str, modified_us: int) -> None:
        """Give a key green's time, to the microsecond; a vanished one is left alone."""

        def work() -> None:
            time_ns = modified_us * 1000
            try:
                os.utime(self._path(bucket, key), ns=(time_ns, time_ns), follow_symlinks=False)
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                raise _fault(error, bucket, key) from error

        await asyncio.to_thread(work)

    def _path(self, bucket: str, key: str) -> Path:
        return self.source.path / bucket / key.removesuffix("/")

    def _keep(self, bucket: str, key: str) -> None:
        path = self._path(bucket, key)
        try:
            seen = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise _fault(error, bucket, key) from error
        name = sha256(key.encode()).hexdigest()[:32] + f"-{seen.st_ino}-{seen.st_mtime_ns}"
        try:
            folder = self.undo / bucket
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._dump(folder / f"{name}.json", bucket, key, seen)
            if stat.S_ISREG(seen.st_mode):
                _link(path, folder / name)
            _sync_folder(folder)
        except OSError as error:
            raise _fault(error, bucket, key) from error

    def _dump(self, path: Path, bucket: str, key: str, seen: os.stat_result) -> None:
        """Write a key's attributes beside its inode, whole or not at all.

        What is there already stays: a try before this one may have changed some of them since.
        """
        if path.exists():
            return
        here = self._path(bucket, key)
        attributes = {
            name: base64.b64encode(os.getxattr(here, name, follow_symlinks=False)).decode()
            for name in os.listxattr(here, follow_symlinks=False)
        }
        beside = {
            name: base64.b64encode(value).decode()
            for name, value in self._sidecar(bucket, key).items()
        }
        told = {
            "bucket": bucket,
            "key": key,
            "mode": stat.S_IMODE(seen.st_mode),
            "uid": seen.st_uid,
            "gid": seen.st_gid,
            "mtime_ns": seen.st_mtime_ns,
            "size": seen.st_size,
            "sidecar": beside,
            "xattrs": attributes,
        }
        temp = path.with_suffix(".temp")
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, "w", encoding="utf-8") as file:  # noqa: PTH123 - an open descriptor
            json.dump(told, file, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        temp.rename(path)

    def _sidecar(self, bucket: str, key: str) -> dict[str, bytes]:
        base = self.source.sidecar
        if base is None:
            return {}
        return dict(Sidecar(os.fsencode(base / bucket), 0).read(key.encode()))

    def _fingerprint(self, bucket: str, key: str) -> Fingerprint | None:
        if why_not(key):
            return None  # its path is that of another key
        try:
            seen = self._path(bucket, key).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _fault(error, bucket, key) from error
        if stat.S_ISDIR(seen.st_mode) != key.endswith("/"):
            return None  # a folder of other keys is no object
        ctime_ns = seen.st_ctime_ns
        if self.source.sidecar is not None:
            sidecar = Sidecar(os.fsencode(self.source.sidecar / bucket), 0)
            ctime_ns = both_ctimes(ctime_ns, sidecar.stamp(key.encode())[1])
        return Fingerprint(seen.st_ino, held_ns(seen.st_mtime_ns), ctime_ns)


def blue_of(workspace: Workspace) -> Blue | None:
    """Return blue's tree; None for an endpoint, whose files nobody sees here.

    Raises NoAnswer for a tree that is not there now, such as one that is not mounted (I7); BadInput
    for an undo folder inside of it.
    """
    source = workspace.source
    if not isinstance(source, PosixSource):
        return None
    if not source.path.is_dir():
        raise _unseen(source.path)
    undo = workspace.cutover.undo
    undo = undo or source.path.with_name(f"{source.path.name}.reverse.undo")
    if undo.is_relative_to(source.path):
        raise BadInput(
            what="what the reverse copy replaces would be kept inside of the source",
            where="cutover.undo",
            remedy="Name a folder outside of it, on its file system.",
        )
    return Blue(source=source, undo=undo)


def _unseen(path: Path) -> NoAnswer:
    return NoAnswer(
        what="blue's tree is not there: what is replaced could not be kept, nor be compared",
        where=safe(os.fsencode(path)),
        remedy="Mount it where source.path of vgwm.yaml says.",
    )


def _link(path: Path, kept: Path) -> None:
    try:
        os.link(path, kept, follow_symlinks=False)
    except FileExistsError:
        return


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _fault(error: OSError, bucket: str, key: str) -> VgwmError:
    where, said = f"{safe(bucket)}/{safe(key)}", safe(error.strerror or "")
    if error.errno == errno.EXDEV:
        return BadInput(
            what="what is replaced on blue cannot be kept: another file system",
            where="cutover.undo",
            remedy="Name a folder on the source's file system, outside of it.",
        )
    if error.errno in _FULL:
        return CapacityExhausted(
            what=f"blue has no room for what is kept: {said}",
            where=where,
            remedy="Make room on blue's disk.",
        )
    return Denied(
        what=f"blue's tree refuses: {said}", where=where, remedy="Run the engine as its owner."
    )
