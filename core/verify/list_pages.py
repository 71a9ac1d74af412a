"""Pages of the five lists, at any place, of a kind and a bucket: a page costs what it shows.

May import its own room. Raises WrongState where there are no lists, Broken where they are damaged.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from core.display import safe
from core.errors import BadInput, Broken, Denied, WrongState
from core.verify.difference import Ill, Listed
from core.verify.lines import Line, read_line
from core.verify.list_files import (
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
    from pathlib import Path
    from typing import BinaryIO

MOST_ROWS: Final = 500
_CACHED: Final = 8

_TORN: Final = (
    OSError,
    OverflowError,  # an offset that no file has
    struct.error,
    msgspec.DecodeError,
    UnicodeDecodeError,
)
"""What reading lists that were damaged comes to."""


class Span(NamedTuple):
    """A part of a list: rows first..first+rows, bytes begin..end."""

    first: int
    rows: int
    begin: int
    end: int


class ListPage(NamedTuple):
    """Rows from the at-th on. total: of the kind and bucket asked for."""

    lines: list[Line]
    total: int


class ListPages:
    """Reads lists of any verification; keeps the contents of the last few."""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[int, Contents]] = {}

    def contents(self, folder: Path) -> Contents:
        """Return what the lists in a folder hold. Raises WrongState where they are not made yet."""
        path = contents_path(folder)
        try:
            stamp = path.stat().st_mtime_ns
            kept = self._kept.pop(folder, None)
            if kept is None or kept[0] != stamp:
                kept = (stamp, msgspec.json.decode(path.read_bytes(), type=Contents))
        except FileNotFoundError as error:
            raise WrongState(
                what="there are no lists yet",
                where=safe(os.fsencode(folder)),
                remedy="They are made when the verification ends: follow it with vgwm watch.",
            ) from error
        except _TORN as error:
            raise _unread(path, error) from error
        self._kept[folder] = kept
        if len(self._kept) > _CACHED:
            del self._kept[next(iter(self._kept))]
        return kept[1]

    def page(  # noqa: PLR0913 - which part of which list
        self, folder: Path, listed: Listed, at: int, limit: int, *, kind: str = "", bucket: str = ""
    ) -> ListPage:
        """Return up to limit rows from the at-th on, of a kind and a bucket, "" for all."""
        if kind and kind not in set(Ill):
            raise BadInput(
                what=f"there is no kind {safe(kind)}",
                where=f"/v1/views/{listed}",
                remedy=f"Kinds: {', '.join(Ill)}.",
            )
        told = self.contents(folder).lists.get(listed, ListTold())
        span = _span(told, bucket)
        path = list_path(folder, listed)
        try:
            if not span.rows or (kind and kind not in told.kinds):
                return ListPage([], 0)
            with path.open("rb") as file:
                if not kind:
                    return ListPage(_rows(folder, listed, file, span, at, limit), span.rows)
                return _of_kind(rows_path(folder, listed, kind), file, span, at, limit)
        except _TORN as error:
            raise _unread(path, error) from error


def _span(told: ListTold, bucket: str) -> Span:
    """Return where a bucket's rows stand; all of the list without one."""
    if not told.buckets:
        return Span(0, 0, 0, 0)
    if not bucket:
        return Span(0, told.rows, 0, told.buckets[-1].end)
    found: BucketRows | None = next((one for one in told.buckets if one.name == bucket), None)
    return Span(0, 0, 0, 0) if found is None else Span(*msgspec.structs.astuple(found)[1:])


def _rows(  # noqa: PLR0913, PLR0917 - which part of which list
    folder: Path, listed: Listed, file: BinaryIO, span: Span, at: int, limit: int
) -> list[Line]:
    """Return rows by their place: from the step before it, the rows between passed over."""
    wanted = min(limit, span.rows - at)
    if wanted <= 0:
        return []
    row = span.first + at
    first, offset = _step(steps_path(folder, listed), row)
    file.seek(offset)
    for _ in range(row - first):
        file.readline()
    return [read_line(file.readline()) for _ in range(wanted)]


def _step(path: Path, row: int) -> tuple[int, int]:
    """Return the last step that is not behind a row, by halving."""
    with path.open("rb") as file:
        low, high = 0, path.stat().st_size // STEP.size
        found = (0, 0)
        while low < high:
            middle = (low + high) // 2
            file.seek(middle * STEP.size)
            first, offset = STEP.unpack(file.read(STEP.size))
            if first <= row:
                found, low = (first, offset), middle + 1
            else:
                high = middle
    return found


def _of_kind(path: Path, file: BinaryIO, span: Span, at: int, limit: int) -> ListPage:
    """Return rows of one kind: their offsets are in order, so a bucket's are a part of them."""
    with path.open("rb") as offsets:
        n = path.stat().st_size // OFFSET.size
        low, high = _behind(offsets, n, span.begin), _behind(offsets, n, span.end)
        wanted = max(0, min(limit, high - low - at))
        offsets.seek((low + at) * OFFSET.size)
        places = [OFFSET.unpack(offsets.read(OFFSET.size))[0] for _ in range(wanted)]
    lines = []
    for place in places:
        file.seek(place)
        lines.append(read_line(file.readline()))
    return ListPage(lines, high - low)


def _behind(file: BinaryIO, n: int, offset: int) -> int:
    """Return how many of n stored offsets stand before one."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        file.seek(middle * OFFSET.size)
        if OFFSET.unpack(file.read(OFFSET.size))[0] < offset:
            low = middle + 1
        else:
            high = middle
    return low


def _unread(path: Path, error: Exception) -> Broken | Denied:
    where = safe(os.fsencode(path))
    if isinstance(error, PermissionError):
        return Denied(
            what="a list may not be read", where=where, remedy="Run as the workspace's user."
        )
    return Broken(
        what=f"a list cannot be read ({type(error).__name__})",
        where=where,
        remedy="Verify again: the lists are made anew, in a folder of their own.",
    )
