"""A check's lists, made of its findings: the same files as a verification's, without equal keys.

Written beside, renamed, and the contents last of all: lists that are named are whole. May import
its own room.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from core.display import safe
from core.target.disk_faults import file_error
from core.verify.difference import Listed
from core.verify.lines import line_of
from core.verify.list_files import (
    FOLDER,
    LISTS,
    MOST_STEP,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from core.verify.difference import Difference


def write_lists(
    folder: Path, found: Callable[[], Iterator[Difference]], *, sound: int, partial: bool
) -> Contents:
    """Write the five lists of a check; return what they hold.

    found: yields the differences by bucket and key, once a list. sound: keys that nothing is wrong
    with; they are counted, and not listed. Raises CapacityExhausted, Denied.
    """
    try:
        (folder / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {
            listed: _write(folder, listed, (one for one in found() if one.listed is listed))
            for listed in LISTS
        }
        told[Listed.EQUAL] = ListTold(objects=sound)
        contents = Contents(partial=partial, lists=told)
        path = contents_path(folder)
        beside = path.with_suffix(".part")
        with _new(beside) as file:
            file.write(msgspec.json.encode(contents))
            _settle(file)
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise file_error(error, doing="writing a check's lists", path=folder) from error
    return contents


class _Rows:
    """Counts the lines of a list as they are written, and keeps where they stand."""

    def __init__(self, steps: BinaryIO, kinds: Callable[[str], BinaryIO]) -> None:
        self._steps = steps
        self._kinds = kinds
        self._offsets: dict[str, BinaryIO] = {}
        self._last: tuple[bytes, bytes, bytes] | None = None
        self._at = 0
        self.rows = 0
        self.objects = 0
        self.counted: Counter[str] = Counter()
        self.buckets: list[BucketRows] = []

    def take(self, one: Difference, length: int) -> None:
        """Take the next line."""
        if self.rows % MOST_STEP == 0:
            self._steps.write(STEP.pack(self.rows, self._at))
        kind = str(one.ill)
        if kind not in self._offsets:
            self._offsets[kind] = self._kinds(kind)
        self._offsets[kind].write(OFFSET.pack(self._at))
        place = (one.bucket, one.key, one.version)
        self.objects += place != self._last
        if self._last is None or self._last[0] != one.bucket:
            name = safe(one.bucket)
            self.buckets.append(BucketRows(name, self.rows, 0, self._at, self._at))
        self._last = place
        self.rows += 1
        self._at += length
        self.counted[kind] += 1
        here = self.buckets[-1]
        self.buckets[-1] = msgspec.structs.replace(here, rows=here.rows + 1, end=self._at)

    def end(self) -> ListTold:
        """Close what was opened, and return what the list holds."""
        for file in self._offsets.values():
            _settle(file)
            file.close()
        return ListTold(
            rows=self.rows,
            objects=self.objects,
            kinds=dict(sorted(self.counted.items())),
            buckets=self.buckets,
        )


def _write(folder: Path, listed: Listed, found: Iterator[Difference]) -> ListTold:
    path = list_path(folder, listed)
    beside = path.with_suffix(".part")
    with _new(beside) as file, _new(steps_path(folder, listed)) as steps:
        rows = _Rows(steps, lambda kind: _new(rows_path(folder, listed, kind)))
        for one in found:
            line = line_of(one)
            file.write(line)
            rows.take(one, len(line))
        told = rows.end()
        _settle(steps)
        _settle(file)
    beside.replace(path)
    return told


def _new(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
