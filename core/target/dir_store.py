"""A directory target as a whole: its folders, its bundles confirmed, and objects read back.

`bundles/ROOT.car`, `manifests/ROOT.ndjson` (a copy; the CAR's is the truth), `tmp/`, and the object
table `objects.db`. A bundle's file under its name, with its length, is what a pin is to a cluster.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from contextlib import contextmanager
from io import BufferedReader
from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.dag.car_reading import CarIndex
from core.dag.directory import MANIFEST
from core.dag.errors import BadNode, DagError
from core.dag.reading import parse_node, read_file
from core.display import safe
from core.errors import BadInput, Broken
from core.model import Cid
from core.target.disk_faults import disk_error
from core.target.regular_file import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from core.errors import VgwmError

_FOLDERS = ("bundles", "manifests", "tmp")
# -journal: of an engine killed while it made the table, before the table went over to its WAL
_OURS = frozenset(
    {*_FOLDERS, *(f"objects.db{end}" for end in ("", "-wal", "-shm", "-journal")), "lost+found"}
)


class DirStore:
    """The directory of a `dir:` target.

    Raises BadInput, Denied, CapacityExhausted or NodeUnreachable for what the disk says, and Broken
    for content that is not what its name says; each names the path.
    """

    def __init__(self, path: Path, *, bundles: Path | None = None) -> None:
        """bundles: where the CAR files lie, if not in `bundles` below it."""
        self.path = path
        self._bundles = bundles or path / "bundles"

    def prepare(self) -> None:
        """Make the folders that are missing, in a directory that holds nothing else."""
        self.refuse_file()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            foreign = sorted({entry.name for entry in self.path.iterdir()} - _OURS)
            if foreign:
                raise BadInput(
                    what=f"{self._shown} holds other files, such as {safe(foreign[0])}",
                    where="target.path",
                    remedy="Name an empty or new directory.",
                )
            for name in _FOLDERS:
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
            devices = {(self.path / name).stat().st_dev for name in _FOLDERS}
        except OSError as error:
            raise disk_error(error, doing="preparing the target", path=self.path) from error
        if len(devices) > 1:
            raise BadInput(
                what=f"bundles, manifests and tmp of {self._shown} lie on different file systems",
                where="target.path",
                remedy="A file gets its name by renaming: put all three on one file system.",
            )
        if not os.access(self.path / "tmp", os.W_OK | os.X_OK):
            refused = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            raise disk_error(refused, doing="preparing the target", path=self.path / "tmp")

    def refuse_file(self) -> None:
        """Raise BadInput if something that is no directory stands at the path."""
        if os.path.lexists(self.path) and not os.path.isdir(self.path):  # noqa: PTH112 - names too long
            raise BadInput(
                what=f"{self._shown} is no directory",
                where="target.path",
                remedy="Name an empty or new directory.",
            )

    def free_bytes(self) -> int:
        """Return the room that this user has on the disk."""
        with self._faults("looking for room", self.path):
            room = os.statvfs(self.path)
            return room.f_bavail * room.f_frsize

    def writable(self) -> bool:
        """Tell whether this user may write bundles."""
        return all(os.access(self.path / name, os.W_OK | os.X_OK) for name in _FOLDERS)

    def clear(self, epoch: int) -> int:
        """Remove what workers of earlier epochs left unfinished; return how many files."""
        removed = 0
        with self._faults("clearing tmp", self.path / "tmp"):
            for entry in os.scandir(self.path / "tmp"):
                parts = entry.name.removesuffix(".ndjson").split("-")
                if len(parts) == 3 and parts[1].isdecimal() and int(parts[1]) < epoch:  # noqa: PLR2004  # BUNDLE-EPOCH-TRY
                    os.unlink(entry.path)  # noqa: PTH108  # a path that scandir made
                    removed += 1
        return removed

    def confirm(self, root: Cid, length: int) -> bool:
        """Tell whether the bundle's file stands under its name with this length in bytes."""
        path = self._car(root)
        try:
            seen = path.lstat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise disk_error(error, doing="confirming a bundle", path=path) from error
        return stat.S_ISREG(seen.st_mode) and seen.st_size == length

    def roots(self) -> Iterator[Cid]:
        """Yield the root of each bundle that is here, in no order; other files are passed over."""
        with self._faults("listing bundles", self._bundles):
            for entry in os.scandir(self._bundles):
                name, dot, kind = entry.name.partition(".")
                with contextlib.suppress(DagError):
                    if dot and kind == "car":
                        yield Cid(cids.parse(name))

    def remove(self, root: Cid) -> None:
        """Remove a bundle and its manifest's copy, durably; what is not there is no error.

        The CAR goes first: a manifest alone names nothing, a CAR alone would be counted as ours.
        """
        name = cids.text(root)
        for folder, path in (
            (self._bundles, self._car(root)),
            (self.path / "manifests", self.path / "manifests" / f"{name}.ndjson"),
        ):
            with self._faults("removing a bundle", path):
                path.unlink(missing_ok=True)
                fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    os.fsync(fd)
                finally:
                    os.close(fd)

    def manifest(self, root: Cid) -> bytes:
        """Return a bundle's manifest from its CAR, hashed to the root."""
        return b"".join(self._read(root, _manifest_cid))

    def read_object(self, root: Cid, cid: Cid) -> Iterator[bytes]:
        """Yield an object's content from its bundle, each block hashed to its CID."""
        return self._read(root, lambda _get: cid)

    def _read(self, root: Cid, find: Callable[[CarIndex], Cid]) -> Iterator[bytes]:
        path = self._car(root)
        with self._faults("reading a bundle", path):
            try:
                with BufferedReader(open_regular(path)) as file:
                    index = CarIndex(file)
                    if index.roots != (root,):
                        raise _broken(path, "its header names another root")
                    yield from read_file(find(index), index.get)
            except FileNotFoundError as error:
                raise _broken(path, "it is not there") from error
            except (DagError, KeyError) as error:
                reason = "a block is missing" if isinstance(error, KeyError) else safe(str(error))
                raise _broken(path, reason) from error

    def _car(self, root: Cid) -> Path:
        return self._bundles / f"{cids.text(root)}.car"

    @property
    def _shown(self) -> str:
        return safe(os.fsencode(self.path))

    @contextmanager
    def _faults(self, doing: str, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise disk_error(error, doing=doing, path=path) from error


def _manifest_cid(index: CarIndex) -> Cid:
    """Return the manifest's CID as the root directory names it."""
    links = parse_node(index.get(index.roots[0])).links
    found = next((link.cid for link in links if link.name == MANIFEST), None)
    if found is None:
        raise BadNode("its root names no manifest")
    return found


def _broken(path: Path, reason: str) -> VgwmError:
    return Broken(
        what=f"{safe(os.fsencode(path))} is damaged: {reason}",
        where="reading a bundle",
        remedy="Restore the file from a copy, or copy its objects again.",
    )
