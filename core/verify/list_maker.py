"""The five lists, made of the parts of a join in their order; and what makes pages of them cheap.

Files get their names once they are whole, `lists.json` last of all. Memory: a line at a time, and a
row a bucket. May import its own room.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from core.display import safe
from core.target.disk_faults import file_error
from core.verify.difference import Listed
from core.verify.lines import read_line
from core.verify.list_files import (
    FOLDER,
    OFFSET,
    STEP,
    BucketRows,
    Contents,
    ListTold,
    contents_path,
    list_path,
    rows_path,
    steps_path,
)
from core.verify.part_files import FOLDER as PARTS
from core.verify.part_files import joined, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from core.verify.segments import Segment

_COPY_BYTES: Final = 1 << 20
_STEP_ROWS: Final = 256
_NEW: Final = ".new"


class _Making:
    """One list while it is made."""

    def __init__(self, folder: Path, listed: Listed) -> None:
        self._folder = folder
        self._listed = listed
        self._paths: dict[Path, BinaryIO] = {}
        self._out = self._create(list_path(folder, listed))
        self._steps = self._create(steps_path(folder, listed))
        self._of_kind: dict[str, BinaryIO] = {}
        self._kinds: dict[str, int] = {}
        self._buckets: list[BucketRows] = []
        self._rows = 0
        self._bytes = 0
        self.objects = 0

    def block(self, bucket: bytes, content: Path, steps: Path, rows: int) -> None:
        """Append lines that nobody looks at, with their own steps."""
        if not rows:
            return
        size = content.stat().st_size
        with steps.open("rb") as file:
            while raw := file.read(STEP.size):
                first, offset = STEP.unpack(raw)
                self._steps.write(STEP.pack(self._rows + first, self._bytes + offset))
        with content.open("rb") as file:
            shutil.copyfileobj(file, self._out, _COPY_BYTES)
        self._grow(bucket, rows, size)

    def lines(self, bucket: bytes, content: Path) -> None:
        """Append lines one by one, each with its kind."""
        if not content.stat().st_size:
            return
        with content.open("rb", buffering=_COPY_BYTES) as file:
            for place, line in enumerate(file):
                if place % _STEP_ROWS == 0:
                    self._steps.write(STEP.pack(self._rows, self._bytes))
                kind = read_line(line).kind
                if kind:
                    self._kind(kind).write(OFFSET.pack(self._bytes))
                    self._kinds[kind] += 1
                self._out.write(line)
                self._grow(bucket, 1, len(line))

    def end(self) -> ListTold:
        """Give every file its name, durable, and return what the list holds."""
        for path, file in self._paths.items():
            _name(file, path)
        return ListTold(
            rows=self._rows, objects=self.objects, kinds=self._kinds, buckets=self._buckets
        )

    def _create(self, path: Path) -> BinaryIO:
        file = self._paths[path] = _create(path)
        return file

    def _kind(self, kind: str) -> BinaryIO:
        file = self._of_kind.get(kind)
        if file is None:
            file = self._of_kind[kind] = self._create(rows_path(self._folder, self._listed, kind))
            self._kinds[kind] = 0
        return file

    def _grow(self, bucket: bytes, rows: int, size: int) -> None:
        name, begin = safe(bucket), self._bytes
        self._bytes += size
        if self._buckets and self._buckets[-1].name == name:
            last = self._buckets[-1]
            self._buckets[-1] = BucketRows(
                name, last.first, last.rows + rows, last.begin, self._bytes
            )
        else:
            self._buckets.append(BucketRows(name, self._rows, rows, begin, self._bytes))
        self._rows += rows


def make_lists(
    folder: Path, segments: Iterable[Segment], *, partial: bool, told: Callable[[int], None]
) -> Contents:
    """Make the lists of a folder of the parts that were ended.

    told: called with each part's number. Raises CapacityExhausted, Denied.
    """
    try:
        (folder / FOLDER).mkdir(mode=0o700, exist_ok=True)
        contents_path(folder).unlink(missing_ok=True)
        lists = {listed: _Making(folder, listed) for listed in Listed}
        for segment in segments:
            _add(folder, segment, lists)
            told(segment.number)
        contents = Contents(
            partial=partial, lists={listed: made.end() for listed, made in lists.items()}
        )
        _sync(folder)
        path = contents_path(folder)
        file = _create(path)
        file.write(msgspec.json.encode(contents))
        _name(file, path)
        _sync(folder / FOLDER)
    except OSError as error:
        raise file_error(error, doing="making the lists", path=folder) from error
    return contents


def _add(folder: Path, segment: Segment, lists: dict[Listed, _Making]) -> None:
    """Append a part to every list; one that was not joined to its end has nothing to say."""
    base = folder / PARTS / str(segment.number)
    first = joined(folder, segment.number)
    if first is None:
        return
    equal = lists[Listed.EQUAL]
    equal.block(segment.bucket, base.with_suffix(".equal"), base.with_suffix(".steps"), first.equal)
    equal.objects += first.equal
    second = judged(folder, segment.number) if first.again else None
    if second is None:
        return
    equal.lines(segment.bucket, base.with_suffix(".more"))
    for listed, making in lists.items():
        making.objects += second.objects.get(listed, 0)
        if listed is not Listed.EQUAL:
            making.lines(segment.bucket, base.with_suffix(f".{listed}"))


def _create(path: Path) -> BinaryIO:
    fd = os.open(f"{path}{_NEW}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    return os.fdopen(fd, "wb", buffering=_COPY_BYTES, closefd=True)


def _name(file: BinaryIO, path: Path) -> None:
    """Close a file and give it its name, durable."""
    with file:
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{path}{_NEW}", path)  # noqa: PTH104 - the name that `_create` made


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
