"""A bundle of a `dir:` target read again: its `.car` file hashed block by block, or a sample of it.

Synchronous, for worker processes. Nothing is written, and nothing is believed unhashed.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.dag.car_reading import CarIndex, read_header
from core.dag.directory import MANIFEST
from core.dag.errors import DagError
from core.dag.reading import parse_node, read_file
from core.display import safe
from core.errors import NoAnswer
from core.model import Cid
from core.target.disk_faults import disk_error
from core.target.regular_file import open_regular
from core.verify.car_scan import CarScan
from core.verify.difference import Ill
from core.verify.judging import Fault, Seen, judge_all, text_of
from core.verify.weave import Weave

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from io import FileIO
    from pathlib import Path
    from typing import BinaryIO

    from core.verify.contents import Contents


_SMALL_BYTES: Final = 64 << 10
"""Blocks that are smaller on average are read along rather than sought."""


class DirBundles:
    """The bundles of a directory. took: told of the bytes of each read, may wait."""

    def __init__(self, folder: Path, took: Callable[[int], None]) -> None:
        self._folder = folder
        self._took = took
        self._scan = CarScan(took)
        self._indexed_bytes = 0

    @property
    def read_bytes(self) -> int:
        """Return what was read so far."""
        return self._scan.read_bytes + self._indexed_bytes

    def all(self, bundle: Contents) -> list[Fault]:
        """Hash every block of a bundle, and compare its links and its manifest."""
        path = self._car(bundle.root)
        where = f"bundles/{path.name}"
        weave = Weave()
        try:
            with open_regular(path) as file:
                cut = self._scan.read(file, weave, forgets=bundle.large)
                weave.close()
                found = judge_all(bundle, Seen(weave, where, cut))
                found += _header_fault(file, bundle.root, where)
        except FileNotFoundError:
            return _no_file(bundle, range(bundle.n), where)
        except OSError as error:
            raise self._unread(error, path) from error
        if not found:
            found = _car_fault(weave, where, cut)
        directory = weave.directories.get(bundle.root)
        if directory is not None and directory.manifest in weave.held:
            found += self._copy_fault(bundle.root, directory.manifest)
        return found

    def some(self, bundle: Contents, picked: Sequence[int]) -> list[Fault]:
        """Hash the blocks of the picked members alone. picked: their places, ascending."""
        if bundle.large:
            return [fault for fault in self.all(bundle) if fault.at in set(picked)]
        path = self._car(bundle.root)
        where = f"bundles/{path.name}"
        try:
            with open_regular(path) as file:
                get = self._getter(file, bundle.n)
                if get is None:
                    return self._some_of_a_broken(bundle, picked)
                return [
                    fault
                    for at in picked
                    if (fault := self._object_fault(get, at, bundle.members[at], where))
                ]
        except FileNotFoundError:
            return _no_file(bundle, picked, where)
        except OSError as error:
            raise self._unread(error, path) from error

    def names(self, root: Cid) -> list[tuple[bytes, bytes]]:
        """Return (key, version) of each entry of a bundle's manifest, in order.

        Raises DagError or KeyError where it cannot be read, FileNotFoundError without its file.
        """
        from core.dag.manifest import Manifest  # noqa: PLC0415 - few bundles need it

        with io.BufferedReader(open_regular(self._car(root))) as file:
            index = CarIndex(file)
            links = parse_node(index.get(root)).links
            cid = next(link.cid for link in links if link.name == MANIFEST)
            text = b"".join(read_file(cid, index.get)).decode()
        return [
            (entry.key.encode(), (entry.version or "").encode())
            for entry in Manifest.parse(text).entries
        ]

    def _some_of_a_broken(self, bundle: Contents, picked: Sequence[int]) -> list[Fault]:
        wanted = set(picked)
        return [fault for fault in self.all(bundle) if fault.at in wanted]

    def _getter(self, file: FileIO, objects: int) -> Callable[[Cid], bytes] | None:
        """Return how blocks of a file are read by CID; None of a malformed one.

        Small blocks are passed over in large reads, large ones by their lengths alone.
        """
        if os.fstat(file.fileno()).st_size > max(1, objects) * _SMALL_BYTES:
            try:
                return CarIndex(io.BufferedReader(file)).get
            except DagError:
                return None
        places = self._scan.places(file)
        if places is None:
            return None

        def get(cid: Cid) -> bytes:
            offset, length = places[cid]
            return os.pread(file.fileno(), length, offset)

        return get

    def _object_fault(
        self, get_block: Callable[[Cid], bytes], at: int, member: tuple[bytes, int], where: str
    ) -> Fault | None:
        """Read one object by its CID."""
        cid, size = member
        seen, asked = 0, cid

        def get(block: Cid) -> bytes:
            nonlocal asked
            asked = block
            body = get_block(block)
            self._indexed_bytes += len(body)
            self._took(len(body))
            return body

        try:
            for piece in read_file(Cid(cid), get):
                seen += len(piece)
        except KeyError:
            return Fault(at, Ill.LOST_BLOCK, "block", text_of(asked), "absent", where)
        except DagError as error:
            return Fault(at, Ill.BAD_BYTES, "block", text_of(asked), safe(str(error)), where)
        if seen != size:
            return Fault(at, Ill.WRONG_SIZE, "size", f"{size:,} bytes", f"{seen:,} bytes", where)
        return None

    def _copy_fault(self, root: Cid, manifest: Cid) -> list[Fault]:
        """Compare the copy of the manifest with the CAR's, if that is at hand; else hash it."""
        path = self._folder / "manifests" / f"{cids.text(root)}.ndjson"
        where = f"manifests/{path.name}"
        try:
            with open_regular(path) as file:
                same = self._scan.is_file(file, manifest)
        except FileNotFoundError:
            return [Fault(-1, Ill.NO_MANIFEST, "copy", "the bundle's manifest", "no file", where)]
        except OSError as error:
            raise self._unread(error, path) from error
        if same:
            return []
        return [Fault(-1, Ill.NO_MANIFEST, "copy", "the bundle's manifest", "other bytes", where)]

    def _car(self, root: Cid) -> Path:
        return self._folder / "bundles" / f"{cids.text(root)}.car"

    def _unread(self, error: OSError, path: Path) -> Exception:
        """Return why a file could not be read: what is no verdict of ours stays none (I7)."""
        ours = disk_error(error, doing="reading a bundle", path=path)
        return NoAnswer(what=ours.what, where=ours.where, remedy=ours.remedy)


def _header_fault(file: BinaryIO, root: Cid, where: str) -> list[Fault]:
    """Read a file's header once more: it has to name the bundle's root."""
    file.seek(0)
    try:
        roots = read_header(file)
    except DagError:
        roots = ()
    if roots == (root,):
        return []
    return [Fault(-1, Ill.BAD_BYTES, "header", cids.text(root), "another root, or none", where)]


def _car_fault(weave: Weave, where: str, cut: str) -> list[Fault]:
    """Say what is wrong with a file whose members are whole: no node would take it as it is."""
    if cut:
        return [Fault(-1, Ill.BAD_BYTES, "file", "a CAR", cut, where)]
    for cid, there in sorted(weave.bad.items()):
        return [Fault(-1, Ill.BAD_BYTES, "block", text_of(cid), there, where)]
    return []


def _no_file(bundle: Contents, looked_for: Sequence[int], where: str) -> list[Fault]:
    name = f"{cids.text(bundle.root)}.car"
    return [Fault(at, Ill.LOST_BLOCK, "file", name, "no file", where) for at in looked_for]
