"""A backup of the object table: NDJSON, believed only whole and unchanged.

The first line says whose it is and which columns follow, each line after it is one row, the last
one counts them and holds the SHA-256 of every line before. Bucket rows come first, by name, then
object rows in byte order of (bucket, key). Json stands as the text that the table holds.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from core.display import safe
from core.errors import BadInput, NodeUnreachable
from core.target.row_check import RowsRefused, refuse_misfits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from core.target.profile import Profile
    from core.target.shape import Row, TableShape

VERSION: Final = 1
PAGE: Final = 2_000
"""Rows that are handed on together."""

_KIND: Final = "vgwm metadata backup"
_LONGEST_LINE: Final = 64 << 20
_BUCKET: Final = "b"
_OBJECT: Final = "o"


class _Head(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    kind: str
    v: int
    workspace: str
    profile: str
    profile_digest: str
    made_ns: int
    made: str
    rows: int
    objects: list[tuple[str, str]]
    buckets: list[tuple[str, str]]


class _Tail(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    end: bool
    objects: int
    buckets: int
    sha256: str


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    o: list[str | int | bool | None] | None = None
    b: list[str | int | bool | None] | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)
_TAIL: Final = msgspec.json.Decoder(_Tail)
_LINE: Final = msgspec.json.Decoder(_Line)
_FAULTS: Final = (msgspec.DecodeError, UnicodeDecodeError)
_ENCODE: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFacts:
    """What a whole backup holds. sha256: of every line before the last, in hex."""

    workspace: str
    made_ns: int
    objects: int
    buckets: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BackupPage:
    """Some rows of a backup, in its order; of one table."""

    buckets: list[Row] = field(default_factory=list)
    objects: list[Row] = field(default_factory=list)


class BackupWriter:
    """Writes a backup to a file that is open for it, row page by row page.

    rows: how many object rows the table holds as it begins, to be shown; the last line counts.
    """

    def __init__(self, file: BinaryIO, profile: Profile, workspace: str, rows: int) -> None:
        self._file = file
        self._state = sha256()
        self.objects = 0
        self.buckets = 0
        self.made_ns = time.time_ns()
        self._workspace = workspace
        head = _Head(
            kind=_KIND,
            v=VERSION,
            workspace=workspace,
            profile=profile.name,
            profile_digest=profile.digest,
            made_ns=self.made_ns,
            made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.made_ns // 10**9)),
            rows=rows,
            objects=_columns(profile.objects),
            buckets=_columns(profile.buckets),
        )
        self._put(_ENCODE(head) + b"\n")

    def add_buckets(self, rows: Sequence[Row]) -> None:
        """Write bucket rows: before any object's."""
        self.buckets += len(rows)
        self._put(b"".join(_ENCODE({_BUCKET: row}) + b"\n" for row in rows))

    def add(self, rows: Sequence[Row]) -> None:
        """Write object rows, in key order."""
        self.objects += len(rows)
        self._put(b"".join(_ENCODE({_OBJECT: row}) + b"\n" for row in rows))

    def end(self) -> BackupFacts:
        """Write the last line. The caller makes the file durable."""
        digest = self._state.hexdigest()
        tail = _Tail(end=True, objects=self.objects, buckets=self.buckets, sha256=digest)
        self._file.write(_ENCODE(tail) + b"\n")
        return BackupFacts(
            workspace=self._workspace,
            made_ns=self.made_ns,
            objects=self.objects,
            buckets=self.buckets,
            sha256=digest,
        )

    def _put(self, lines: bytes) -> None:
        self._state.update(lines)
        self._file.write(lines)


class BackupReader:
    """Reads a backup of one profile and workspace. facts: once `pages` has come to its end.

    Raises BadInput: for another kind of file, a foreign, a shortened or a changed one; and
    NodeUnreachable where its disk does not give it.
    """

    def __init__(self, file: BinaryIO, where: str, profile: Profile, workspace: str) -> None:
        self._file = file
        self._where = where
        self._profile = profile
        self._state = sha256()
        self._line = 1
        self._last: tuple[str, str] | None = None
        self.facts: BackupFacts | None = None
        first = self._next()
        self._head = self._heading(first)
        self._state.update(first)
        self._require_ours(workspace)

    def pages(self) -> Iterator[BackupPage]:
        """Yield the rows in the file's order; at the end the last line is held against them."""
        page = BackupPage()
        objects = buckets = 0
        while line := self._next():
            self._line += 1
            if line.startswith(b'{"end"'):
                yield from self._checked(page)
                self._close(line, objects, buckets)
                return
            self._state.update(line)
            read = self._row(line)
            if read.b is not None and read.o is None and not objects:
                page.buckets.append(tuple(read.b))
                buckets += 1
            elif read.o is not None and read.b is None:
                page.objects.append(tuple(read.o))
                objects += 1
            else:
                raise self._bad("a line that is no row, or a bucket behind an object")
            if len(page.objects) + len(page.buckets) >= PAGE:
                yield from self._checked(page)
                page = BackupPage()
        raise self._bad("the file is cut off: its last line is missing")

    def _checked(self, page: BackupPage) -> Iterator[BackupPage]:
        """Yield a page whose rows fit their columns and stand in order."""
        shape = self._profile.buckets
        try:
            if page.buckets and shape is not None:
                refuse_misfits(shape, page.buckets, self._where)
            refuse_misfits(self._profile.objects, page.objects, self._where)
        except RowsRefused as error:
            raise self._bad(f"a row does not fit: {error.why}") from error
        if page.buckets and shape is None:
            raise self._bad("it has bucket rows, and this profile has no bucket table")
        for row in page.objects:
            key = (str(row[0]), str(row[1]))
            if self._last is not None and key <= self._last:
                raise self._bad("its rows are not in order, or one is there twice")
            self._last = key
        if page.buckets or page.objects:
            yield page

    def _close(self, line: bytes, objects: int, buckets: int) -> None:
        try:
            tail = _TAIL.decode(line)
        except _FAULTS as error:
            raise self._bad("its last line is malformed") from error
        digest = self._state.hexdigest()
        if (tail.objects, tail.buckets, tail.sha256) != (objects, buckets, digest):
            raise self._bad("it was changed or shortened: its last line tells of another content")
        if self._next():
            raise self._bad("something stands behind its last line")
        self.facts = BackupFacts(
            workspace=self._head.workspace,
            made_ns=self._head.made_ns,
            objects=objects,
            buckets=buckets,
            sha256=digest,
        )

    def _heading(self, line: bytes) -> _Head:
        try:
            head = _HEAD.decode(line)
        except _FAULTS as error:
            raise self._bad("it is no backup of vgwm's") from error
        if head.kind != _KIND or head.v != VERSION:
            raise self._bad(f"it is another kind of file, or of version {head.v}")
        return head

    def _require_ours(self, workspace: str) -> None:
        head, profile = self._head, self._profile
        if head.workspace != workspace:
            raise self._bad(f"it is of workspace {safe(head.workspace)}, not of {workspace}")
        same = head.objects == _columns(profile.objects) and head.buckets == _columns(
            profile.buckets
        )
        if head.profile_digest != profile.digest or not same:
            raise self._bad(f"it is of another target profile ({safe(head.profile)})")

    def _row(self, line: bytes) -> _Line:
        try:
            return _LINE.decode(line)
        except _FAULTS as error:
            raise self._bad(f"line {self._line} is malformed") from error

    def _next(self) -> bytes:
        """Return the next line with its line feed, b"" at the end of the file."""
        try:
            line = self._file.readline(_LONGEST_LINE)
        except OSError as error:
            raise NodeUnreachable(
                what=f"the file cannot be read: {safe(os.strerror(error.errno or 0))}",
                where=self._where,
                remedy="Look at the disk that it lies on (dmesg), then do it again.",
            ) from error
        if line and not line.endswith(b"\n"):
            long = len(line) >= _LONGEST_LINE
            raise self._bad("a line is over 64 MiB" if long else "the file is cut off in a line")
        return line

    def _bad(self, what: str) -> BadInput:
        return BadInput(
            what=f"the file cannot be restored: {what}",
            where=self._where,
            remedy="Name a whole file that `vgwm metadata backup` of this workspace made."
            " YDB makes no .sql dump that could be restored.",
        )


def _columns(shape: TableShape | None) -> list[tuple[str, str]]:
    return [] if shape is None else [(column.name, column.type.value) for column in shape.columns]
