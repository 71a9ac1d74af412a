"""An object too large to be read at once: chunks into a buffer that is used again and again.

May import its own room. The buffer is page-aligned memory: reading into a bytearray takes five
times as long.
"""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Self

from core.source.posix.stamps import held_ns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from core.source.posix.attributes import Attributes
    from core.source.posix.place import Place, Stamp


def page_buffer(size_bytes: int) -> memoryview:
    """Return anonymous page-aligned memory, to be used for many objects."""
    return memoryview(mmap.mmap(-1, size_bytes))


class LargeObject:
    """An open object; its stamps are those of the opening. Use it before its reader is closed.

    The fields are those of `SmallRead`, but the body.
    """

    def __init__(  # noqa: PLR0913 - the parts of one opening, from one caller
        self,
        fd: int,
        place: Place,
        seen: os.stat_result,
        stamp: Stamp,
        attributes: Attributes,
        *,
        ctime_ns: int,
    ) -> None:
        self.attributes = attributes
        self.size_bytes: int = seen.st_size
        self.ino: int = seen.st_ino
        self.mtime_ns: int = held_ns(seen.st_mtime_ns)
        self.ctime_ns = ctime_ns
        self.uid: int = seen.st_uid
        self.gid: int = seen.st_gid
        self.mode: int = seen.st_mode
        self.is_dir = False
        self.followed = place.followed
        self._fd = fd
        self._place = place
        self._seen = seen
        self._stamp = stamp

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
        """Give the descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def chunks(
        self, buffer: memoryview, *, offset: int = 0, length: int | None = None
    ) -> Iterator[memoryview]:
        """Yield a range of the object, each chunk as long as the buffer but the last.

        Each view is the buffer itself: done with before the next is asked for. length: None for the
        rest. Ends early where the file was cut; `unchanged` then says so. Raises OSError.
        """
        end = self.size_bytes if length is None else min(offset + length, self.size_bytes)
        while offset < end:
            wanted = min(len(buffer), end - offset)
            got = self._fill(buffer[:wanted], offset)
            if got:
                yield buffer[:got]
            if got < wanted:
                return  # cut: should it grow again meanwhile, no chunk may follow a short one
            offset += got

    def unchanged(self) -> bool:
        """Tell whether the object is still what was opened. Raises OSError."""
        return self._place.unchanged(self._fd, self._seen, self._stamp)

    def _fill(self, room: memoryview, offset: int) -> int:
        filled = 0
        while filled < len(room):
            got = os.preadv(self._fd, [room[filled:]], offset + filled)
            if not got:
                break
            filled += got
        return filled
