"""One connection whose body is taken as it comes. May import the errors and its own room."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import pycurl

from core.source.s3.handle import Handle
from core.source.s3.refusals import Again, judge
from core.source.s3.reply import PART, Reply

if TYPE_CHECKING:
    from core.errors import VgwmError
    from core.source.s3.handle import Door
    from core.source.s3.request import Request


_GOOD: Final = frozenset({200, PART})
_FINAL: Final = 200  # interim answers have lower ones
_LOOK_S: Final = 1.0
_ERROR_BYTES: Final = 64 << 10
_SPARE_BYTES: Final = 1 << 20


class Flow:
    """One connection whose body is taken as it comes: nothing is read that nobody asked for."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._multi = pycurl.CurlMulti()
        self._handle = Handle(door)
        self._pieces: deque[Any] = deque()
        self._handle.curl.setopt(pycurl.WRITEFUNCTION, self._pieces.append)
        self._active = False
        self._code = 0
        self._why = ""

    def begin(self, request: Request) -> Reply:
        """Send a request; return its head, and the body too where it is no object."""
        self.drop()
        self._code, self._why = 0, ""
        self._handle.prepare(request, 0)
        self._multi.add_handle(self._handle.curl)
        self._active = True
        while self._active and not self._has_head():
            self._step()
        status = self._status()
        while self._active and status not in _GOOD and self._held() < _ERROR_BYTES:
            self._step()
        if status in _GOOD and self._has_head():
            return self.reply()  # should its body have broken off by now, `take` comes to that
        return Reply(
            0 if self._code else status,
            list(self._handle.lines),
            b"".join(bytes(piece) for piece in self._pieces),
            self._code,
            self._why,
        )

    def reply(self) -> Reply:
        """Return the head of the answer, without its body."""
        return Reply(self._status(), list(self._handle.lines), b"")

    def take(self, room: memoryview) -> int:
        """Copy up to len(room) bytes; 0 once nothing more comes."""
        while not self._pieces and self._active:
            self._step()
        filled = 0
        while self._pieces and filled < len(room):
            piece = self._pieces[0]
            part = piece[: len(room) - filled]
            room[filled : filled + len(part)] = part
            filled += len(part)
            if len(part) == len(piece):
                self._pieces.popleft()
            else:
                self._pieces[0] = memoryview(piece)[len(part) :]
        return filled

    def skip(self, size_bytes: int) -> bool:
        """Let bytes go by; False if there were fewer."""
        spare = memoryview(bytearray(_SPARE_BYTES))
        while size_bytes:
            got = self.take(spare[: min(len(spare), size_bytes)])
            if not got:
                return False
            size_bytes -= got
        return True

    def error(self, where: str) -> VgwmError:
        """Return the error of a body that ended too early."""
        outcome = judge(Reply(0, (), b"", self._code, self._why or "it broke off"), where)
        return outcome.error if isinstance(outcome, Again) else outcome  # type: ignore[return-value]

    def drop(self) -> None:
        """Give up what is under way."""
        self._pieces.clear()
        if self._active:
            self._multi.remove_handle(self._handle.curl)
            self._active = False

    def close(self) -> None:
        """Close the connection."""
        self.drop()
        self._handle.curl.close()
        self._multi.close()

    def _status(self) -> int:
        return int(self._handle.curl.getinfo(pycurl.RESPONSE_CODE))

    def _held(self) -> int:
        return sum(map(len, self._pieces))

    def _has_head(self) -> bool:
        """Tell whether the final answer's header lines are in: an empty line ends them."""
        lines = self._handle.lines
        return bool(lines) and not lines[-1].strip() and self._status() >= _FINAL

    def _step(self) -> None:
        self._multi.perform()
        _, good, bad = self._multi.info_read()
        if good or bad:
            self._multi.remove_handle(self._handle.curl)
            self._active = False
            for _, code, why in bad:
                self._code, self._why = code, why
        elif not self._pieces:
            self._multi.select(_LOOK_S)
