"""What reading one object came to. An object's own failure is a value, not an exception.

Imports nothing of the project but its own room's attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from core.source.posix.attributes import Attributes


class SmallRead(NamedTuple):
    """A whole object that did not change while it was read.

    size_bytes: None for a delete marker, whose body is b"": the bytes of the deleted object stay
    unread. ctime_ns: in sidecar mode the digest of both ctimes. Times: UTC ns.
    is_dir: a directory object. followed: it lies behind a symlink.
    """

    body: bytes
    attributes: Attributes
    size_bytes: int | None
    ino: int
    mtime_ns: int
    ctime_ns: int
    uid: int
    gid: int
    mode: int
    is_dir: bool = False
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing lies at the key any more, or nothing that is an object."""


@dataclass(frozen=True, slots=True)
class Changed:
    """It changed while it was read: what was read is good for nothing."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The system refused. why: its own words."""

    why: str


Fault = Gone | Changed | Unreadable
