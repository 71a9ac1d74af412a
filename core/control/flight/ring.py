"""Writes the flight recorder's ring of segments: bounded, crash-safe, never in the engine's way.

A frame is one appending write, not synced: a crash of the process loses nothing, one of the
machine the newest seconds. An engine never goes on with a segment that it finds; so a torn end
stays where it is. Where nothing can be written, frames are lost and counted, and a new segment is
tried with the next one.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Final

from core.control.flight import frames as flight

if TYPE_CHECKING:
    from pathlib import Path

SEGMENT_BYTES: Final = 2 << 20
MOST_BYTES: Final = 32 << 20
"""Of all segments: 20 hours of a copy with ten workers, 460 bytes a second."""
MOST_SEGMENTS: Final = 500
"""An engine begins a segment of its own; one that starts in vain leaves small ones."""
KEY_EVERY: Final = 60
"""A reader that seeks has a minute to inflate at most."""


def segments(folder: Path) -> list[Path]:
    """Return the segments of a recording, oldest first."""
    found = [
        path
        for path in folder.glob(f"*{flight.SUFFIX}")
        if path.stem.isascii() and path.stem.isdigit()
    ]
    return sorted(found, key=lambda path: int(path.stem))


class FlightRing:
    """The writing end. Safe for threads: one may still write while its task was cancelled."""

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        most_bytes: int = MOST_BYTES,
        most_segments: int = MOST_SEGMENTS,
    ) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._most_bytes = most_bytes
        self._most_segments = most_segments
        self._fd = -1
        self._written = 0
        self._since_key = 0
        self._before = b""
        self._lock = threading.Lock()
        self.lost = 0

    def add(self, at_ns: int, packed: bytes) -> None:
        """Append a snapshot, as `flight.pack` made it; never raises for want of room."""
        with self._lock:
            self._add(at_ns, packed)

    def close(self) -> None:
        """End the segment; the next frame begins another."""
        with self._lock:
            self._end()

    def _add(self, at_ns: int, packed: bytes) -> None:
        try:
            if self._fd < 0:
                self._begin()
            if self._since_key >= KEY_EVERY or not self._before:
                frame = flight.key_frame(at_ns, packed)
                self._since_key = 0
            else:
                frame = flight.delta_frame(at_ns, packed, self._before)
            if os.write(self._fd, frame) < len(frame):
                raise OSError  # noqa: TRY301 - a cut frame is a failed one
        except OSError:
            self.lost += 1
            self._end()
            return
        self._before = packed
        self._since_key += 1
        self._written += len(frame)
        if self._written >= self._segment_bytes:
            self._end()

    def _end(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._before = b""

    def _begin(self) -> None:
        """Open a segment, and let the oldest go that leave no room for it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        there = segments(self._folder)
        room = self._most_bytes - self._segment_bytes - sum(path.stat().st_size for path in there)
        for nth, path in enumerate(there):
            if room >= 0 and len(there) - nth < self._most_segments:
                break
            room += path.stat().st_size
            path.unlink(missing_ok=True)
        number = int(there[-1].stem) + 1 if there else 1
        path = self._folder / f"{number:06d}{flight.SUFFIX}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if os.write(fd, flight.MAGIC) < len(flight.MAGIC):
                raise OSError  # noqa: TRY301 - no room for a head
        except OSError:
            os.close(fd)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        self._fd = fd
        self._written = len(flight.MAGIC)
