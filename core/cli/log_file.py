"""A command's `--log-file`: what it follows, as lines for people that `diagnose log` reads, too."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.control.log.lines import OPENED, LogLine, text_line
from core.control.log.reading import is_log
from core.control.log.snapshots import SnapshotLog, bundle_line, event_line
from core.display import safe
from core.errors import BadInput, CapacityExhausted, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from core.control.wire import bundles as wire_bundles
    from core.control.wire import state as wire

_BEGIN_BYTES = 1 << 16
_FOLDED = "recorded"
"""This event says of several bundles what their own lines say one by one."""


class LogFile:
    """Appends lines to a file. Raises CapacityExhausted if they cannot be written."""

    def __init__(self, path: Path, fd: int, since_ns: int) -> None:
        self._path = path
        self._fd = fd
        self._since_ns = since_ns
        self._lines = SnapshotLog(since_ns)
        self._bundle = 0

    def begin(self, text: str) -> None:
        """Say who writes from here on."""
        self._write([LogLine(self._since_ns, "info", OPENED, text)])

    def see(
        self, now: wire.Snapshot, events: Iterable[wire.Event], bundles: wire_bundles.Bundles
    ) -> None:
        """Write what is new since the last time."""
        lines = [event_line(event) for event in events if event.kind != _FOLDED]
        if bundles.bundles:
            missed = bundles.bundles[0].seq - self._bundle - 1
            if self._bundle and missed > 0:
                text = f"{missed:,} bundles were recorded before this could be written"
                lines.append(LogLine(now.at_ns, "warning", "missed", text))
        self._bundle = bundles.last_seq
        new = (one for one in bundles.bundles if one.at_ns >= self._since_ns)
        lines += [bundle_line(one) for one in new]
        lines += self._lines.see(now)
        self._write(sorted(lines, key=lambda line: line.at_ns))

    @property
    def bundle(self) -> int:
        """The number of the last bundle that was written."""
        return self._bundle

    def _write(self, lines: Iterable[LogLine]) -> None:
        whole = "".join(f"{text_line(line)}\n" for line in lines)
        left = whole.encode(errors="backslashreplace")
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError as error:
            raise CapacityExhausted(
                what=f"the log file cannot be written: {error.strerror}",
                where=safe(os.fsencode(self._path)),
                remedy="The job goes on in the engine. Make room, then run the command again.",
            ) from error


@contextmanager
def log_file(path: Path, *, since_ns: int) -> Iterator[LogFile]:
    """Open a log file for appending while the block runs.

    Raises BadInput if it cannot be, Refused if it holds something that is no log of ours.
    since_ns: UTC; what happened before it is not written.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadInput(
            what=f"the log file cannot be opened: {error.strerror}",
            where=safe(os.fsencode(path)),
            remedy="Name a file in a folder that this user may write.",
        ) from error
    try:
        found = os.fstat(fd)
        size = found.st_size
        if size and stat.S_ISREG(found.st_mode) and not is_log(os.pread(fd, _BEGIN_BYTES, 0)):
            raise Refused(
                what="the file exists, and is no log of vgwm",
                where=safe(os.fsencode(path)),
                remedy="Name a new file, or a log that an earlier command wrote.",
            )
        if size and os.pread(fd, 1, size - 1) != b"\n":
            os.write(fd, b"\n")  # the command before was killed within a line
        yield LogFile(path, fd, since_ns)
    finally:
        os.close(fd)
