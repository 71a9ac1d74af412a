"""A large object by its bytes in order; what breaks off goes on from there under the same ETag.

    streamer = Streamer(door)
    got = streamer.open(bucket, wanted)     -> LargeStream | a fault
    for chunk in got.chunks(buffer): ..

Memory: what the client takes from the socket at one look, some buffers. May import its own room.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final, Self

from core.errors import VgwmError
from core.source.posix.outcome import Changed, Fault, Unreadable
from core.source.s3.fetched import Head, Wanted
from core.source.s3.flow import Flow
from core.source.s3.patience import pause_or_raise
from core.source.s3.refusals import Again, judge
from core.source.s3.reply import NO_LENGTH, PART, head_of, tells_length
from core.source.s3.request import object_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from core.source.s3.handle import Door

_RANGE: Final = re.compile(rb"bytes (\d{1,18})-\d+/(\d{1,18})")


class Streamer:
    """Opens large objects one after the other, over one kept connection. Close it."""

    def __init__(self, door: Door, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._door = door
        self._sleep = sleep
        self._flow = Flow(door)

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
        flow: Flow,
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
        if fault is not None:
            return fault
        reply = self._flow.reply()
        self.head = head_of(reply)
        if reply.status == PART or not tells_length(self.head):
            self.close()
            return Unreadable(NO_LENGTH)  # of no length it would be taken for empty
        self._end = self.head.size_bytes
        return None

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
        if reply.status != PART:
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
