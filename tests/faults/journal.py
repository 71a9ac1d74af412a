"""What each key of a source held, moment by moment, while somebody changed it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ETAG, TYPE, TAGS = "user.etag", "user.content-type", "user.X-Amz-Tagging"
SHOWN = (ETAG, TYPE, TAGS)


@dataclass(frozen=True, slots=True)
class Content:
    """An object as a reader may find it at one moment. attributes: of SHOWN, those that are set."""

    size: int
    digest: bytes
    attributes: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Moment:
    """A state of a key between two system calls. content None: no object lies there.

    stamp: (ino, mtime_ns, ctime_ns) once the call that made it has returned; atime_ns with it.
    """

    content: Content | None
    readable: bool = True
    stamp: tuple[int, int, int] | None = None
    atime_ns: int = 0


@dataclass(slots=True)
class Life:
    """One key: its path, what lies there now, and every moment since the beginning."""

    path: Path
    body: bytearray | None = None
    attributes: dict[str, bytes] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)

    def will_be(self, *, readable: bool = True) -> None:
        """Note what the next call makes, before it is made: a reader may be quicker than we."""
        self.moments.append(Moment(self._content() if readable else None, readable))

    def is_so(self) -> None:
        """Note the stamps that the call left."""
        if self.moments[-1].content is not None:
            seen = self.path.lstat()
            self.moments[-1].stamp = (seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns)
            self.moments[-1].atime_ns = seen.st_atime_ns

    def _content(self) -> Content | None:
        if self.body is None:
            return None
        digest = hashlib.sha256(self.body).digest()
        return Content(len(self.body), digest, tuple(sorted(self.attributes.items())))


def etag_of(body: bytes | bytearray) -> bytes:
    """Return the attribute of a single PUT."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'.encode()


def write_new(path: Path, body: bytes | bytearray, attributes: dict[str, bytes]) -> None:
    """Write a file that no key names yet, attributes and all."""
    path.write_bytes(body)
    for name, value in attributes.items():
        os.setxattr(path, name, value)
