"""What a join leaves of each of its parts, until the lists are made of them.

    parts/N.equal      lines of the keys that are equal       parts/N.steps   their steps
    parts/N.again      keys that are to be looked at again
    parts/N.joined     what was counted; there last of all, so that a part without it is done again
    parts/N.more, N.LIST, N.judged                            the same of the second look

Nothing is flushed to the disk: after a crash of the host the parts are of another boot, and are
done again. Pure but for its files; may import its own room.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Self, TypeVar

import msgspec

from core.display import safe
from core.errors import Broken
from core.target.disk_faults import file_error
from core.verify.difference import Ill, Listed
from core.verify.lines import equal_lines, glued_lines, line_of
from core.verify.list_files import STEP
from core.verify.packed import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from core.errors import VgwmError
    from core.verify.difference import Difference
    from core.verify.key_judge import Said
    from core.verify.ledger_row import LedgerRow

FOLDER: Final = "parts"
_LENGTHS: Final = struct.Struct("<HH")
_BUFFER_BYTES: Final = 1 << 20
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What a part's join counted. keys: of the ledger. again: keys that are looked at again."""

    keys: int = 0
    equal: int = 0
    skipped: int = 0
    gone: int = 0
    versions: int = 0
    markers: int = 0
    again: int = 0
    boot: str = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a part's second look counted. objects: by list; rows: lines by list and kind."""

    objects: dict[Listed, int] = {}
    rows: dict[Listed, dict[Ill, int]] = {}
    unpinned: int = 0
    unread: int = 0
    dirty: int = 0
    skipped: int = 0
    gone: int = 0
    versions: int = 0
    markers: int = 0
    boot: str = ""


_T = TypeVar("_T", Joined, Judged)


def boot() -> str:
    """Return what names this run of the kernel."""
    return _BOOT.read_text().strip()


def joined(folder: Path, number: int) -> Joined | None:
    """Return what a part's join counted, None where it was not ended in this boot."""
    return _told(folder / FOLDER / f"{number}.joined", Joined)


def judged(folder: Path, number: int) -> Judged | None:
    """Return what a part's second look counted, None where it was not ended in this boot."""
    return _told(folder / FOLDER / f"{number}.judged", Judged)


def again(folder: Path, number: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and versions of a part that are to be looked at again."""
    path = folder / FOLDER / f"{number}.again"
    try:
        with path.open("rb", buffering=_BUFFER_BYTES) as file:
            while head := file.read(_LENGTHS.size):
                key, version = _LENGTHS.unpack(head)
                yield file.read(key), file.read(version)
    except OSError as error:
        raise file_error(error, doing="reading a part", path=path) from error
    except struct.error as error:
        raise Broken(
            what="a part of the verification is cut off",
            where=safe(os.fsencode(path)),
            remedy="Cancel the verification and begin another.",
        ) from error


class _Part:
    """Files of one part, written from their beginning."""

    def __init__(self, folder: Path, number: int, names: Sequence[str]) -> None:
        self._base = folder / FOLDER / str(number)
        self.files = {name: self._open(name) for name in names}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self.files.values():
            file.close()

    def write(self, name: str, content: bytes) -> None:
        """Append to a file. Raises CapacityExhausted."""
        try:
            self.files[name].write(content)
        except OSError as error:
            raise self._failed(error, name) from error

    def end(self, name: str, told: msgspec.Struct) -> None:
        """Close the files, and say that the part is done. Raises CapacityExhausted."""
        path = Path(f"{self._base}.{name}")
        try:
            for file in self.files.values():
                file.close()
            fresh = Path(f"{path}.new")
            fresh.write_bytes(msgspec.json.encode(told))
            fresh.rename(path)
        except OSError as error:
            raise self._failed(error, name) from error

    def _open(self, name: str) -> BinaryIO:
        try:
            return Path(f"{self._base}.{name}").open("wb", buffering=_BUFFER_BYTES)
        except OSError as error:
            raise self._failed(error, name) from error

    def _failed(self, error: OSError, name: str) -> VgwmError:
        return file_error(error, doing="writing a report", path=Path(f"{self._base}.{name}"))


class JoinPart(_Part):
    """A part while it is joined."""

    def __init__(self, folder: Path, number: int, bucket: bytes) -> None:
        super().__init__(folder, number, ("equal", "steps", "again"))
        self._bucket = bucket
        self._offset = 0
        self.keys = 0
        self.skipped = 0
        self.gone = 0
        self._equal = 0
        self._again = 0
        self._versions = 0
        self._markers = 0

    def equal(self, keys: Sequence[bytes], versions: Sequence[bytes]) -> None:
        """Write down keys that are equal on all sides."""
        if not keys:
            return
        self._add(equal_lines(self._bucket, keys, versions), len(keys))

    def equal_packed(self, keys: bytes, rows: int) -> None:
        """Write down so many current keys that are equal on all sides. keys: SEPARATOR between."""
        if rows:
            lines = glued_lines(self._bucket, keys, SEPARATOR, rows)
            self._add(lines or equal_lines(self._bucket, keys.split(SEPARATOR)), rows)

    def _add(self, lines: bytes, rows: int) -> None:
        self.write("steps", STEP.pack(self._equal, self._offset))
        self.write("equal", lines)
        self._equal += rows
        self._offset += len(lines)

    def count_forms(self, kept: Sequence[LedgerRow]) -> None:
        """Count versions and delete markers among the equal."""
        self._versions += sum(1 for one in kept if one[1])
        self._markers += sum(1 for one in kept if one[8] is None)

    def look_again(self, key: bytes, version: bytes) -> None:
        """Name a key that is not plainly equal."""
        self.write("again", _LENGTHS.pack(len(key), len(version)) + key + version)
        self._again += 1

    def done(self) -> Joined:
        """Say that the part is joined, and return what was counted."""
        told = Joined(
            keys=self.keys,
            equal=self._equal,
            skipped=self.skipped,
            gone=self.gone,
            versions=self._versions,
            markers=self._markers,
            again=self._again,
            boot=boot(),
        )
        self.end("joined", told)
        return told


class AgainPart(_Part):
    """A part while its odd keys are looked at again."""

    def __init__(self, folder: Path, number: int, bucket: bytes) -> None:
        super().__init__(folder, number, ("more", *(one for one in Listed if one != Listed.EQUAL)))
        self._bucket = bucket
        self._objects: dict[Listed, int] = {}
        self._rows: dict[Listed, dict[Ill, int]] = {}
        self._counts = dict.fromkeys(
            ("unpinned", "unread", "dirty", "skipped", "gone", "versions", "markers"), 0
        )

    def count(self, name: str) -> None:
        """Count a key by what it is: as the members of `Judged` are named."""
        self._counts[name] += 1

    def listed(self, key: bytes, version: bytes, said: Said) -> None:
        """Write a key's lines into their lists, and count it in its own."""
        assert said.listed is not None  # noqa: S101 - the caller looked
        self._objects[said.listed] = self._objects.get(said.listed, 0) + 1
        if said.listed is Listed.EQUAL:
            self.write("more", equal_lines(self._bucket, [key], [version]))
        for one in said.lines:
            self._line(one)

    def _line(self, one: Difference) -> None:
        self.write(one.listed, line_of(one))
        kinds = self._rows.setdefault(one.listed, {})
        kinds[one.ill] = kinds.get(one.ill, 0) + 1

    def done(self) -> Judged:
        """Say that the part was looked at again, and return what was counted."""
        told = Judged(objects=self._objects, rows=self._rows, boot=boot(), **self._counts)
        self.end("judged", told)
        return told


def _told(path: Path, kind: type[_T]) -> _T | None:
    try:
        told = msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Broken(
            what=f"a part of the verification cannot be read ({type(error).__name__})",
            where=safe(os.fsencode(path)),
            remedy="Cancel the verification and begin another.",
        ) from error
    return told if told.boot == boot() else None
