"""Reads a recording: its seconds in order, any of them by number, whatever a crash left of it.

Imports nothing that writes; the terminal application may have it.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from core.control.flight import frames as flight
from core.control.flight.ring import segments
from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.control.wire import state as wire


class _Place(NamedTuple):
    """A frame: in which segment, and the how-manieth there."""

    segment: int
    nth: int


class Recording:
    """What a flight recorder wrote. times_ns: UTC of each frame, ascending within an engine's life.

    torn: the names of segments whose end does not read, as after a crash.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._scans: list[flight.Scan] = []
        self.torn: list[str] = []
        for path in self._paths:
            found = _scan(path, alone=len(self._paths) == 1)
            self._scans.append(found)
            if found.torn_bytes:
                self.torn.append(path.name)
        self._places = [
            _Place(segment, nth)
            for segment, found in enumerate(self._scans)
            for nth in range(len(found.frames))
        ]
        self.times_ns = [self._frame(place).at_ns for place in self._places]
        self._at: _Place | None = None
        self._packed = b""
        self._segment = (-1, b"")

    def __len__(self) -> int:
        """How many frames there are."""
        return len(self._places)

    def at(self, number: int) -> wire.Snapshot:
        """Return a frame's snapshot; the one after the last read is one step. Raises BadInput."""
        place = self._places[number]
        try:
            return flight.unpack(self._inflate(place))
        except flight.Damaged as error:
            raise _damaged(self._paths[place.segment], str(error)) from error

    def number_at(self, at_ns: int) -> int:
        """Return the last frame that was there at a time, the first if all came later."""
        return max(0, bisect_right(self.times_ns, at_ns) - 1)

    def _frame(self, place: _Place) -> flight.Frame:
        return self._scans[place.segment].frames[place.nth]

    def _inflate(self, place: _Place) -> bytes:
        frames = self._scans[place.segment].frames
        segment = self._load(place.segment)
        begin = place.nth
        while not frames[begin].is_key:
            if self._at == _Place(place.segment, begin - 1):
                break
            begin -= 1
        packed = self._packed
        if self._at != place:
            for nth in range(begin, place.nth + 1):
                packed = flight.inflate(segment, frames[nth], packed)
            self._at, self._packed = place, packed
        return packed

    def _load(self, segment: int) -> bytes:
        if self._segment[0] != segment:
            self._segment = (segment, _read(self._paths[segment]))
        return self._segment[1]


def open_recording(where: Path) -> Recording:
    """Open a segment, a folder of segments, or the recording of a workspace.

    Raises BadInput if there is none, if it is no recording, or if it holds no frame.
    """
    # os.path: pathlib raises for a name that is too long
    inner = where / flight.FOLDER
    folder = inner if os.path.isdir(inner) else where  # noqa: PTH112
    paths = segments(folder) if os.path.isdir(folder) else []  # noqa: PTH112
    if os.path.isfile(where):  # noqa: PTH113
        paths = [where]
    if not paths:
        raise BadInput(
            what="there is no recording",
            where=safe(str(where)),
            remedy=f"Name a workspace in which a job has run, or a file *{flight.SUFFIX}.",
        )
    found = Recording(paths)
    if not len(found):
        raise _damaged(paths[-1], "it holds no whole second")
    return found


def _scan(path: Path, *, alone: bool) -> flight.Scan:
    """Return a segment's frames; among others one that is none of ours holds none."""
    segment = _read(path)
    try:
        return flight.scan(segment)
    except flight.Damaged as error:
        if alone:
            raise _damaged(path, str(error)) from error
        return flight.Scan([], len(segment))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            what=f"the recording cannot be read: {error.strerror}",
            where=safe(str(path)),
            remedy="Run this as the user that owns the workspace.",
        ) from error


def _damaged(path: Path, why: str) -> BadInput:
    return BadInput(
        what=f"this is no recording of this version of vgwm: {safe(why)}",
        where=safe(str(path)),
        remedy="Name another; what an engine has written can be read to its first damage.",
    )
