"""Hints out of the access logs of gateways (`--access-log`, `VGW_ACCESS_LOG`), as they grow.

A line is written once its request has done its work, before the client has its answer. It names an
object, but not those that one request deletes in a list. A gateway writes no line any more after
one that it could not write: such a log stands still, which is no error of a reader's.
Rotation: the old file is read to its end, and for a minute longer; one that is cut in its place may
have lost lines, so names are given up for a full round. Lines hold signatures (I9): of each nothing
but bucket and key is kept, and none is shown.
May import the errors and `display`.
"""

from __future__ import annotations

import os
import re
import stat
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from core.display import safe
from core.errors import Denied
from core.source.hints import cleaned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.source.hints import Names

PIECE_BYTES: Final = 1 << 20
LONGEST_BYTES: Final = 64 << 10
"""What is kept of a line without an end: keys have 1,024 bytes, and their escapes three times."""

LINGER_S: Final = 60.0
"""How long a file that was rotated away is read on: gateways open the new one one by one."""

# OWNER BUCKET [TIME] ADDRESS REQUESTER REQUEST-ID OPERATION KEY URI STATUS ..; keys may hold blanks
_HEAD: Final = re.compile(rb"\S+ (\S+) \[[^\]]{1,64}\] \S+ \S+ \S+ s3_(\w+) ")
_URI: Final = re.compile(rb" (/[^ ?]*)(?:\?\S*)? (\d{3})(?= )")
_WRITES: Final = (b"Put", b"Copy", b"Delete", b"Complete", b"Post")
_REFUSED: Final = b"4"
"""Of a request that was refused nothing has come; what failed otherwise may have left something."""


class AccessLogs:
    """Listens to logs of one source. paths: each a gateway's, or of several."""

    def __init__(
        self, paths: Sequence[Path], *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._logs = [_Log(path, clock_s) for path in paths]

    def begin(self) -> None:
        """Listen from each log's end on. Raises Denied, for one that is not there too."""
        for log in self._logs:
            log.begin()

    def gather(self, names: Names) -> None:
        """Add the names of the lines since the last call. Raises Denied."""
        for log in self._logs:
            log.gather(names)

    def close(self) -> None:
        """Give the files back."""
        for log in self._logs:
            log.close()


class _Tail:
    """An open file, read from a place on. line: what has no end yet."""

    def __init__(self, fd: int, at: int) -> None:
        self.fd = fd
        self.at = at
        self.line = b""

    def gather(self, names: Names) -> None:
        """Read to the end."""
        if os.fstat(self.fd).st_size < self.at:
            names.widen("an access log was cut, and may have lost lines")
            self.at, self.line = 0, b""
        while piece := os.pread(self.fd, PIECE_BYTES, self.at):
            self.at += len(piece)
            *lines, rest = (self.line + piece).split(b"\n")
            self.line = rest[:LONGEST_BYTES]
            for line in lines:
                names.heard += 1
                take_line(line, names)


class _Log:
    """One log by its path. old: what lay there before, with the time until which it is read."""

    def __init__(self, path: Path, clock_s: Callable[[], float]) -> None:
        self._path = path
        self._clock_s = clock_s
        self._now: _Tail | None = None
        self._old: list[tuple[_Tail, float]] = []

    def begin(self) -> None:
        self._now = self._opened()
        if self._now is None:
            raise self._silent("it is not there")
        self._now.at = os.fstat(self._now.fd).st_size

    def gather(self, names: Names) -> None:
        """Read what has come; the file before first, for the same object's order does not matter.

        A path without a file is one between two: whoever writes does so into the old one.
        """
        try:
            self._turn()
            for tail in [*(one for one, _ in self._old), self._now]:
                if tail is not None:
                    tail.gather(names)
        except OSError as error:
            raise self._silent(error.strerror or "unknown error") from error
        self._forget()

    def close(self) -> None:
        for tail in [*(one for one, _ in self._old), self._now]:
            if tail is not None:
                os.close(tail.fd)
        self._now, self._old = None, []

    def _turn(self) -> None:
        """Take a new file at the path, from its beginning."""
        now = self._now
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return
        if now is not None and os.path.samestat(there, os.fstat(now.fd)):
            return
        opened = self._opened()
        if opened is None:
            return
        if now is not None:
            self._old.append((now, self._clock_s() + LINGER_S))
        self._now = opened

    def _forget(self) -> None:
        now_s = self._clock_s()
        for tail, until_s in self._old:
            if until_s <= now_s:
                os.close(tail.fd)
        self._old = [one for one in self._old if one[1] > now_s]

    def _opened(self) -> _Tail | None:
        """Open the file at the path, None without one. Raises Denied where it is no file."""
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._silent(error.strerror or "unknown error") from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise self._silent("it is no file")
        return _Tail(fd, 0)

    def _silent(self, why: str) -> Denied:
        return Denied(
            what=f"an access log cannot be read: {why}",
            where=safe(os.fsencode(self._path)),
            remedy="Name the gateways' own logs in cutover.access_logs, readable for vgwm.",
        )


def take_line(line: bytes, names: Names) -> None:
    """Add the object that a line says was written, deleted or tagged; a line of another kind none.

    The key stands there twice: decoded, where blanks are its own, and in the address, as the client
    wrote it. Only where one is the other's reading is it taken.
    """
    head = _HEAD.match(line)
    if head is None or not head[2].startswith(_WRITES):
        return
    bucket = head[1]
    for uri in _URI.finditer(line, head.end() - 1):
        told, path = line[head.end() : uri.start()], unquote_to_bytes(uri[1])
        if path in {b"/%b/%b" % (bucket, told), b"/" + told}:
            key = cleaned(told)
            if key and not uri[2].startswith(_REFUSED):
                names.add(bucket, key)
            return
    names.nameless += 1
