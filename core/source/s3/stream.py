"""A large object by its bytes in order; what breaks off goes on from there under the same ETag.

    streamer = Streamer(door)
    got = streamer.open(bucket, wanted)     -> LargeStream | a fault
    for chunk in got.chunks(buffer): ..

Memory: what the client takes from the socket at one look, some buffers. May import its own room.
"""

from __future__ import annotations

import re
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Self

import pycurl

from core.errors import VgwmError
from core.source.posix.outcome import Changed, Fault
from core.source.s3.fetched import Head, Wanted
from core.source.s3.handle import Handle
from core.source.s3.patience import pause_or_raise
from core.source.s3.refusals import Again, judge
from core.source.s3.reply import Reply, head_of
from core.source.s3.request import object_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from core.source.s3.handle import Door

_LOOK_S: Final = 1.0
_PART: Final = 206
_GOOD: Final = frozenset({200, _PART})
_ERROR_BYTES: Final = 64 << 10
_RANGE: Final = re.compile(rb"bytes (\d+)-\d+/(\d+)")


class Streamer:
    """Opens large objects one after the other, over one kept connection. Close it."""

    def __init__(self, door: Door, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._door = door
        self._sleep = sleep
        self._flow = _Flow(door)

    def open(self, bucket: bytes, wanted: Wanted) -> LargeStream | Fault:
        """Begin to read an object; the one before is given up.

        Raises Denied, BadInput, NodeBusy, NodeUnreachable.
        """
        stream = LargeStream(self._flow, self._door.bucket(bucket), bucket, wanted, self._sleep)
        fault = stream.begin()
        return stream if fault is None else fault

    def close(self) -> None:
        """Close the connection."""
        self._flow.close()


class LargeStream:
    """A large object on its way. head: of its first answer; all bytes are that object's."""

    def __init__(
        self,
        flow: _Flow,
        where: str,
        bucket: bytes,
        wanted: Wanted,
        sleep: Callable[[float], None],
    ) -> None:
        self._flow = flow
        self._where = where
        self._bucket = bucket
        self._wanted = wanted
        self._sleep = sleep
        self._at = 0
        self._end = 0
        self._moved = False
        self._open = False
        self.head = Head(0, "", 0, b"", -1, {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up what has not come."""
        if self._open:
            self._flow.drop()
            self._open = False

    def begin(self) -> Fault | None:
        """Ask for all of it; return what came instead of an object."""
        fault = self._ask(0, None)
        if fault is None:
            self.head = head_of(self._flow.reply())
            self._end = self.head.size_bytes
        return fault

    def chunks(
        self, buffer: memoryview, *, offset: int = 0, length: int | None = None
    ) -> Iterator[memoryview]:
        """Yield a range, each chunk as long as the buffer but the last. See `client.Streamed`.

        Raises NodeUnreachable, NodeBusy, Denied.
        """
        size = self.head.size_bytes
        end = size if length is None else min(offset + length, size)
        while offset < end:
            wanted = min(len(buffer), end - offset)
            got = self._fill(buffer[:wanted], offset, end)
            if got:
                yield buffer[:got]
            if got < wanted:
                return  # replaced meanwhile: no chunk may follow a short one
            offset += got

    def unchanged(self) -> bool:
        """Tell whether all came from the object that was opened."""
        return not self._moved

    def _fill(self, room: memoryview, offset: int, end: int) -> int:
        """Fill room from the object's offset; return how much came before it was replaced."""
        if not self._open or self._at != offset or self._end < end:
            self._resume(offset, end)
        filled, tried = 0, 0
        while filled < len(room) and not self._moved:
            got = self._flow.take(room[filled:])
            if got:
                filled, tried = filled + got, 0
                self._at += got
                continue
            tried += 1
            broken = Again(None, self._flow.error(self._where))
            if tried > 1:  # a kept connection may have been closed: the first time costs no wait
                self._sleep(pause_or_raise(broken, tried - 1))
            self._resume(offset + filled, end)
        return filled

    def _resume(self, offset: int, end: int) -> None:
        """Ask for the range from here on; note if another object lies there."""
        fault = self._ask(offset, end)
        if fault is None:
            fault = self._other(offset)
        if fault is not None:
            self._moved = True
        self._at, self._end = offset, end

    def _other(self, offset: int) -> Fault | None:
        """Tell whether an answer is of another object, or of another range."""
        reply = self._flow.reply()
        head = head_of(reply)
        if head.etag != self.head.etag or head.version != self.head.version:
            return Changed()
        if reply.status != _PART:
            # it knows no ranges: what has been read goes by once more
            return None if self._flow.skip(offset) else Changed()
        found = _RANGE.match(head.fields.get("content-range", b""))
        whole = found is not None and int(found.group(2)) == self.head.size_bytes
        return None if found and whole and int(found.group(1)) == offset else Changed()

    def _ask(self, offset: int, end: int | None) -> Fault | None:
        """Begin a request and wait for its headers. end: None for the whole object."""
        more: tuple[str, ...] = ()
        if end is not None:
            etag = self.head.fields.get("etag", b"").decode("latin-1")
            more = (f"Range: bytes={offset}-{end - 1}", f"If-Match: {etag}")
        key, version, *_ = self._wanted
        tried = 0
        while True:
            tried += 1
            self._open = True
            reply = self._flow.begin(object_request(self._bucket, key, version, more=more))
            outcome = judge(reply, self._where)
            if outcome is None:
                return None
            self.close()
            if isinstance(outcome, VgwmError):
                raise outcome
            if not isinstance(outcome, Again):
                return outcome
            self._sleep(pause_or_raise(outcome, tried))


class _Flow:
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

    def begin(self, request: object) -> Reply:
        """Send a request; return its head, and the body too where it is no object."""
        self.drop()
        self._code, self._why = 0, ""
        self._handle.prepare(request, 0)  # type: ignore[arg-type]
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
        spare = memoryview(bytearray(1 << 20))
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
        return bool(lines) and not lines[-1].strip() and self._status() >= 200  # noqa: PLR2004 - interim ones are below

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
