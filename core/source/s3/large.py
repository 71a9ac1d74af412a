"""A large object of an endpoint, as the house reads large objects: by chunks, from its own stamps.

May import its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from core.source.posix.outcome import Changed, Gone, Unreadable
from core.source.s3.marks import etag_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from core.source.posix.attributes import Attributes
    from core.source.posix.outcome import Fault
    from core.source.s3.client import Streamed
    from core.source.s3.fetched import Head


class S3Large:
    """A `core.source.source.LargeBody`.

    opening: streams its bytes, once they are wanted. streamed: where that has been done.
    """

    def __init__(
        self,
        head: Head,
        attributes: Attributes,
        opening: Callable[[], Streamed | Fault],
        streamed: Streamed | None = None,
    ) -> None:
        self.attributes = attributes
        self.size_bytes: int = head.size_bytes
        self.ino = etag_number(head.etag)
        self.mtime_ns: int = head.modified_ns
        self.ctime_ns = 0
        self.uid = 0
        self.gid = 0
        self.mode = 0
        self.is_dir = False
        self.followed = False
        self._opening = opening
        self._etag = head.etag
        self._streamed = streamed

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
        """Let its stream go."""
        if self._streamed is not None:
            self._streamed.__exit__(None, None, None)
            self._streamed = None

    def chunks(
        self, buffer: memoryview, *, offset: int = 0, length: int | None = None
    ) -> Iterator[memoryview]:
        """Yield a range of the object, each chunk as long as the buffer but the last.

        Ends early where the object was replaced; `unchanged` then says so. Raises NoAnswer.
        """
        if self._streamed is None:
            got = self._opening()
            if isinstance(got, Gone | Changed | Unreadable):
                return
            self._streamed = got
        yield from self._streamed.chunks(buffer, offset=offset, length=length)

    def unchanged(self) -> bool:
        """Tell whether all came from the object that was opened."""
        streamed = self._streamed
        return streamed is not None and streamed.head.etag == self._etag and streamed.unchanged()
