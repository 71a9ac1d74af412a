"""All that one process asks of an S3 endpoint, over one set of kept connections. Synchronous.

    with S3Client(config) as client:
        client.buckets()                           -> [ListedBucket], in byte order
        client.bucket_attributes(bucket)           -> attributes as a posix backend keeps them
        client.listing(bucket, after=None, versions=False)   -> pages, in byte order of the keys
        client.fetch(bucket, wanted, limit_bytes)  -> Whole | Larger | Missed, in the order wanted
        with client.stream(bucket, wanted) as large:
            large.head, large.chunks(buffer, offset=0, length=None)
        client.head(bucket, wanted)                -> Head | a fault
        client.tags(bucket, wanted)                -> the tags, as the attribute X-Amz-Tagging

    headers.attributes(head, tags)  -> attributes as a posix backend keeps them, so that
                                       `posix.meta` and `posix.integrity` judge them unchanged

An object's own failure is a value. Raised are: Denied (wrong keys, a clock too far off),
NodeBusy (after the waits that it asked for), NodeUnreachable, BadInput (no such bucket, another
region), Broken (a listing that does not advance, an answer that is no S3).
May import its own room and the outcomes of its sibling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from core.source.posix.attributes import Attributes
    from core.source.posix.outcome import Fault
    from core.source.s3.fetched import Fetched, Head, Wanted
    from core.source.s3.listed import ListedBucket, ListingPage


class Streamed(Protocol):
    """A large object on its way; the shape of `posix.large.LargeObject`. Close it."""

    @property
    def head(self) -> Head:
        """Its headers."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def chunks(
        self, buffer: memoryview, *, offset: int = 0, length: int | None = None
    ) -> Iterator[memoryview]:
        """Yield a range, each chunk as long as the buffer but the last.

        What breaks off is asked for again from there, under the same ETag. Ends early if the object
        was replaced: `unchanged` says so.
        """

    def unchanged(self) -> bool:
        """Tell whether all came from the object that was opened."""


class Endpoint(Protocol):
    """What the rest of the house sees of `S3Client`."""

    def buckets(self) -> list[ListedBucket]:
        """Return the buckets that the account sees, in byte order."""

    def bucket_attributes(self, bucket: bytes) -> Attributes:
        """Return a bucket's own attributes under the names that a posix backend has for them."""

    def listing(
        self, bucket: bytes, *, after: bytes | None = None, versions: bool = False
    ) -> Iterator[ListingPage]:
        """Yield the bucket's rows in byte order of the keys, strictly behind the key `after`."""

    def fetch(
        self, bucket: bytes, wanted: Iterable[Wanted], limit_bytes: int
    ) -> Iterator[Fetched]:
        """Yield what became of each object, in the order wanted, some of them read ahead."""

    def stream(self, bucket: bytes, wanted: Wanted) -> Streamed | Fault:
        """Open an object of any size."""

    def head(self, bucket: bytes, wanted: Wanted) -> Head | Fault:
        """Return an object's headers."""

    def tags(self, bucket: bytes, wanted: Wanted) -> bytes:
        """Return an object's tags as the attribute `X-Amz-Tagging`: a JSON object; b"" for none."""

    def close(self) -> None:
        """Give the connections back."""
