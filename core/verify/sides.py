"""The sides of a join: each gives one bucket's keys in byte order, by pages, from a place on.

All calls block: a join runs in a process of its own. Keys are bytes. A side that could not look
raises; that is an error, never an empty side (I7). May import the model and its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from core.model import Entry, MetaText
    from core.target.shape import Row
    from core.verify.difference import Difference
    from core.verify.feed import Feed
    from core.verify.ledger_row import LedgerRow
    from core.verify.packed import Packed
    from core.verify.packed_ledger import KeptPacked


class Look(NamedTuple):
    """An object of the source as it is now. size None: a delete marker.

    here: False where it is gone; the other members say nothing then. mh: digest of its metadata.
    unread: why nobody could look, "" where somebody did (I7).
    """

    here: bool
    size: int | None = None
    ino: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    mh: int = 0
    meta: MetaText | None = None
    created_ns: int = 0
    unread: str = ""


class PinSeen(NamedTuple):
    """A recorded bundle and its pin. ills: what is wrong, () where it is seen on each allocation.

    root: as text. An ill is (where, what was found); unread: nobody could look there.
    """

    root: str
    ills: tuple[tuple[str, str], ...] = ()
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def seen(self) -> bool:
        """Whether each allocation was seen to hold it."""
        return not self.ills and not self.unread


class SourceSide(Protocol):
    """What the source has. A key's versions may come in any order, but all before the next key."""

    def pages(self, bucket: bytes, after: bytes) -> Iterator[Sequence[Entry]]:
        """Yield the entries whose keys lie behind `after`, b"" for all of the bucket.

        A bucket that is not there has none. Raises Denied, NoAnswer.
        """
        ...

    def look(self, bucket: bytes, key: bytes, version: bytes) -> Look:
        """Read an object's stamps and attributes now, and no bytes. Raises Denied, NoAnswer."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class LedgerCut(NamedTuple):
    """A stretch of the ledger's rows.

    end: as of `TableCut`. packed: the rows in columns, None where they are not to be had so. rows:
    the rows, by key and version.
    """

    end: bytes | None
    packed: KeptPacked | None
    rows: Callable[[], list[LedgerRow]]


class LedgerSide(Protocol):
    """What the ledger says of each key."""

    def cut(
        self, bucket_id: int, low: bytes, end: bytes | None, *, packed: bool, whole: bool = False
    ) -> LedgerCut:
        """Return the rows from a key on and below another one, None: to the bucket's end.

        packed: in columns if that can be had. whole: however many there are.
        """
        ...

    def row(self, bucket_id: int, key: bytes, version: bytes) -> LedgerRow | None:
        """Return one row as it is now."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class TableCut(NamedTuple):
    """A stretch of the object table's rows.

    end: all rows below it are in, None: to the bucket's end; it may lie before what was asked for.
    packed: the rows in columns, None where they are not to be had so. rows: the rows.
    """

    end: bytes | None
    packed: Packed | None
    rows: Callable[[], list[Row]]


class TableCursor(Protocol):
    """A place in one bucket's rows."""

    @property
    def feed(self) -> Feed[Row] | None:
        """Return what the rows come from by pages; None where any stretch can be had at once."""
        ...

    def cut(self, end: bytes | None) -> TableCut:
        """Take the rows below a key, None: to the end. Raises NoAnswer, Denied, Broken."""
        ...


class TableSide(Protocol):
    """What the object table holds."""

    def open(self, bucket: str, after: str) -> TableCursor:
        """Begin to read a bucket's rows behind a key. Raises NoAnswer, Denied, Broken."""
        ...

    def read(self, bucket: str, keys: Sequence[str]) -> dict[str, Row]:
        """Return the rows of those keys that exist now."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class PinSide(Protocol):
    """What was seen of each bundle's pin: a file with its length, or a word of each peer."""

    def of(self, bundles: Sequence[int]) -> dict[int, PinSeen]:
        """Return what is known of these bundles; one that was never looked at is absent."""
        ...

    def renew(self) -> None:
        """Forget what was kept at hand: the pins were looked at anew."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class FoundSide(Protocol):
    """What a look at the bytes found wrong before the join."""

    def pages(self, bucket: bytes, after: bytes) -> Iterator[Sequence[Difference]]:
        """Yield a bucket's findings behind a key, by key and version."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...
