"""What every source of objects can do, whatever it is made of: a tree, or an S3 endpoint.

    source = open_source(source_config(workspace))      # core.source.chosen
    source.check()                        -> findings; BadInput, NoGatewayRoot, Denied, NoAnswer
    buckets, strays = source.buckets()    -> in byte order of their names
    source.walk(bucket, after)            -> pages of `model.Entry` in key order, lazily
    with source.reader(bucket.name) as reader:
        reader.expect(entries, seen, limit_bytes)
        reader.read_small(key, version, limit_bytes)   -> SmallRead | LargeBody | Fault

An entry's fingerprint is (ino, size, mtime_ns, ctime_ns) whatever the source: what moved it has
changed. A tree's are its stamps; an endpoint's are the ETag, the size, and the time that a listing
shows, so that a change of attributes alone does not move it: `sees_attributes` tells.
All calls block: from a thread, or a process of their own. Nothing is written (I6).
May import the model, and what its own room says of buckets, entries and outcomes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from types import TracebackType

    from core.model import Finding, Page
    from core.source.posix.attributes import Attributes
    from core.source.posix.beside import Beside
    from core.source.posix.buckets import Bucket, StrayEntry
    from core.source.posix.outcome import Fault, SmallRead


SeenEntry: TypeAlias = tuple[bytes, bytes, int | None, int, int, int]
"""An entry as the walk saw it: `model.Entry` without its class."""


class LargeBody(Protocol):
    """An object that is read by chunks; its stamps are those of the opening. Close it.

    The fields are those of `SmallRead`, but the body.
    """

    attributes: Attributes
    size_bytes: int
    ino: int
    mtime_ns: int
    ctime_ns: int
    uid: int
    gid: int
    mode: int
    is_dir: bool
    followed: bool

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""

    def close(self) -> None:
        """Give back what it holds."""

    def chunks(
        self, buffer: memoryview, *, offset: int = 0, length: int | None = None
    ) -> Iterator[memoryview]:
        """Yield a range of the object, each chunk as long as the buffer but the last.

        Each view is the buffer itself: done with before the next is asked for. length: None for the
        rest. Ends early where the object was cut; `unchanged` then says so. Raises OSError.
        """

    def unchanged(self) -> bool:
        """Tell whether the object is still what was opened. Raises OSError."""


class Reader(Protocol):
    """Reads the objects of one bucket. Not for two threads; close it."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""

    @property
    def owner(self) -> tuple[int, int]:
        """Return uid and gid of the bucket's folder; (0, 0) where there is none."""

    def expect(
        self,
        entries: Sequence[tuple[bytes, bytes]],
        seen: Sequence[SeenEntry],
        limit_bytes: int,
    ) -> None:
        """Tell which (key, version) `read_small` will be asked for next, in that order.

        They may be fetched ahead; what is asked for out of order is read all the same. seen: the
        same ones as the walk saw them, () if nobody knows. limit_bytes: as in `read_small`.
        """

    def read_small(
        self, key: bytes, version: bytes, limit_bytes: int
    ) -> SmallRead | LargeBody | Fault:
        """Read an object of up to limit_bytes; open a larger one. 0 reads attributes alone.

        version: b"" for the current one. Raises Denied, NoAnswer (a server that is silent: no
        object's fault), NoGatewayRoot where the bucket is gone.
        """

    def moved(self) -> bool:
        """Tell whether something else lies at the bucket's place by now: open another reader."""

    def close(self) -> None:
        """Give back what it holds; large objects already open live on."""


class Source(Protocol):
    """A source of objects. Cheap to make; asks nothing until it is asked."""

    @property
    def default_etag(self) -> str:
        """Return what the gateway shows for objects without an ETag, "" for nothing."""

    @property
    def sees_attributes(self) -> bool:
        """Tell whether a change of tags or metadata alone moves an entry's fingerprint."""

    def can_hold(self, key: bytes) -> bool:
        """Tell whether a key can be one of this source; `read_small` is for no other."""

    def check(self) -> list[Finding]:
        """Look at every bucket; return what an operator should know.

        Raises BadInput for options that contradict, NoGatewayRoot where no bucket lies, Denied,
        and NoAnswer.
        """

    def identity(self) -> tuple[int, int]:
        """Return two numbers that tell this source from another one. Raises as `check`."""

    def buckets(self) -> tuple[list[Bucket], list[StrayEntry]]:
        """Return the buckets in byte order, and what lies among them and is none.

        Raises NoGatewayRoot, Denied, NoAnswer.
        """

    def bucket(self, name: bytes) -> Bucket:
        """Return one bucket. Raises NoGatewayRoot if it is gone, Denied, NoAnswer."""

    def walk(
        self, bucket: Bucket, after: tuple[bytes, bytes] | None = None
    ) -> Generator[Page, None, None]:
        """Yield the bucket's entries in key order, by pages; to be closed or ended.

        after: a key (and version) that is done with all its versions, None for the beginning.
        Raises Denied, NoGatewayRoot if it vanished, NoAnswer.
        """

    def beside(self, bucket: Bucket) -> Iterator[Beside]:
        """Yield what lies in and around a bucket and is no key. Raises as `walk`."""

    def reader(self, name: bytes, *, tick_s: float | None = None) -> Reader:
        """Open a bucket for reading. Raises NoGatewayRoot, Denied, NoAnswer.

        tick_s: how long to wait where an object changed a moment ago; None for as long as is safe.
        """
