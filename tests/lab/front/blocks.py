"""Where an object's bytes lie: blocks in Kubo that the cluster pins, or a CAR in a folder."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.lab.front.table import Entry

PIECE = 1 << 20


class Kept(NamedTuple):
    """A content and what keeps it: the root of a pin and the path below it, as rows name them."""

    cid: str
    root: str
    path: str = ""


class Blocks(Protocol):
    """Takes contents and gives them back by CID. All methods raise S3Fault InternalError."""

    async def add(self, file: IO[bytes]) -> Kept:
        """Store a content whole, with the profile's CID parameters, and see it kept."""
        ...

    async def keep(self, entry: Entry) -> Kept:
        """See that another object's content is kept for one more."""
        ...

    async def read(self, entry: Entry, offset: int, length: int) -> AsyncIterator[bytes]:
        """Return the pieces of a part of an object, once it is sure that they are there."""
        ...

    async def close(self) -> None: ...
