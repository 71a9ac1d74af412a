"""All that one process asks of an S3 endpoint, over one set of kept connections. Synchronous.

    with S3Client(config) as client:
        client.buckets()                           -> [ListedBucket], in byte order
        client.bucket_attributes(bucket)           -> attributes as a posix backend keeps them
        client.has_lock(bucket)                    -> whether its objects may be locked
        client.listing(bucket, after=None, versions=False)   -> pages, in byte order of the keys
        client.fetch(bucket, wanted, limit_bytes)  -> Whole | Larger | Missed, in the order wanted
        with client.stream(bucket, wanted) as large:
            large.head, large.chunks(buffer, offset=0, length=None)
        client.heads(bucket, wanted)               -> Looked | Missed, in the order wanted
        client.head(bucket, wanted)                -> Head | a fault
        client.uploads(bucket)                     -> uploads in progress
        client.parts(bucket, wanted, head)         -> end offsets of a multipart upload's parts
        client.tags(bucket, wanted)                -> the tags, as the attribute X-Amz-Tagging

    headers.attributes(head, tags)  -> attributes as a posix backend keeps them, so that
                                       `posix.meta` and `posix.integrity` judge them unchanged

An object's own failure is a value. Raised are: Denied (wrong keys, a clock too far off),
NodeBusy (after the waits that it asked for), NodeUnreachable, BadInput (no such bucket, another
region), Broken (a listing that does not advance, an answer that is no S3).
May import its own room and the outcomes of its sibling.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, Self

from core.errors import VgwmError
from core.source.s3 import account
from core.source.s3.caller import Caller
from core.source.s3.config import HANDLES
from core.source.s3.handle import Door
from core.source.s3.lane import Lane
from core.source.s3.listing import Listing
from core.source.s3.locks import version_locks
from core.source.s3.parts import part_ends
from core.source.s3.refusals import as_error
from core.source.s3.reply import Reply, head_of
from core.source.s3.request import object_request, tagging_request
from core.source.s3.settings import bucket_attributes, has_lock
from core.source.s3.splitting import RUNS
from core.source.s3.stream import Streamer
from core.source.s3.tagging import tags_attribute
from core.source.s3.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from types import TracebackType

    from core.source.posix.attributes import Attributes
    from core.source.posix.outcome import Fault
    from core.source.s3.config import S3Config
    from core.source.s3.fetched import Fetched, Head, Looked, Missed, Wanted
    from core.source.s3.listed import ListedBucket, ListingPage, Upload


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

    def has_lock(self, bucket: bytes) -> bool:
        """Tell whether a bucket's objects may be locked: their locks are asked for by `head`."""

    def version_locks(self, bucket: bytes, wanted: Wanted) -> dict[str, bytes]:
        """Return an old version's locks, as the headers that would tell them."""

    def listing(
        self, bucket: bytes, *, after: bytes | None = None, versions: bool = False
    ) -> Iterator[ListingPage]:
        """Yield the bucket's rows in byte order of the keys, strictly behind the key `after`."""

    def fetch(
        self, bucket: bytes, wanted: Iterable[Wanted], limit_bytes: int
    ) -> Generator[Fetched, None, None]:
        """Yield what became of each object, in the order wanted, some of them read ahead.

        To be closed or ended before anything else is fetched.
        """

    def heads(
        self, bucket: bytes, wanted: Iterable[Wanted]
    ) -> Generator[Looked | Missed, None, None]:
        """Yield each object's headers, in the order wanted, some of them asked for ahead.

        To be closed or ended before anything else is fetched.
        """

    def uploads(self, bucket: bytes) -> Iterator[Upload]:
        """Yield the multipart uploads that are neither finished nor aborted."""

    def stream(self, bucket: bytes, wanted: Wanted) -> Streamed | Fault:
        """Open an object of any size."""

    def head(self, bucket: bytes, wanted: Wanted) -> Head | Fault:
        """Return an object's headers."""

    def parts(self, bucket: bytes, wanted: Wanted, head: Head) -> tuple[int, ...]:
        """Return the end offsets of a multipart upload's parts; () if it is none, or not told."""

    def tags(self, bucket: bytes, wanted: Wanted) -> bytes:
        """Return an object's tags as the attribute `X-Amz-Tagging`: a JSON object; b"" for none."""

    def close(self) -> None:
        """Give the connections back."""


class S3Client:
    """An `Endpoint`. Connections are opened when they are wanted. Not for two threads; close it.

    Raises BadInput for what is no address, or where a key is absent, Denied.
    """

    def __init__(self, config: S3Config, *, handles: int = HANDLES) -> None:
        self._door = Door(config)
        self._handles = handles
        self._caller = Caller(self._door)
        self._lane: Lane | None = None
        self._looks: Lane | None = None
        self._wire: Wire | None = None
        self._streamer: Streamer | None = None

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
        """Give the connections back; what was not taken to its end is given up."""
        for part in (self._lane, self._looks, self._wire, self._streamer, self._caller):
            if part is not None:
                part.close()
        self._lane = self._looks = self._wire = self._streamer = None

    def buckets(self) -> list[ListedBucket]:
        """See `Endpoint`."""
        return account.buckets(self._caller, self._door.where)

    def bucket_attributes(self, bucket: bytes) -> Attributes:
        """See `Endpoint`."""
        return bucket_attributes(self._caller, bucket, self._door.bucket(bucket))

    def has_lock(self, bucket: bytes) -> bool:
        """See `Endpoint`."""
        return has_lock(self._caller, bucket, self._door.bucket(bucket))

    def version_locks(self, bucket: bytes, wanted: Wanted) -> dict[str, bytes]:
        """See `Endpoint`."""
        return version_locks(self._caller, bucket, wanted, self._door.bucket(bucket))

    def uploads(self, bucket: bytes) -> Iterator[Upload]:
        """See `Endpoint`."""
        return account.uploads(self._caller, bucket, self._door.bucket(bucket))

    def listing(
        self, bucket: bytes, *, after: bytes | None = None, versions: bool = False
    ) -> Iterator[ListingPage]:
        """See `Endpoint`. One at a time."""
        if self._wire is None:
            self._wire = Wire(self._door, RUNS)
        exists = partial(self._exists, bucket)
        listing = Listing(self._door, self._wire, self._caller, bucket, exists=exists)
        return listing.pages(after, versions=versions)

    def fetch(
        self, bucket: bytes, wanted: Iterable[Wanted], limit_bytes: int
    ) -> Generator[Fetched, None, None]:
        """See `Endpoint`. One reading at a time."""
        return self._lane_of().fetch(bucket, wanted, limit_bytes)

    def heads(
        self, bucket: bytes, wanted: Iterable[Wanted]
    ) -> Generator[Looked | Missed, None, None]:
        """See `Endpoint`. One reading at a time."""
        return self._lane_of().heads(bucket, wanted)

    def stream(self, bucket: bytes, wanted: Wanted) -> Streamed | Fault:
        """See `Endpoint`. One at a time."""
        if self._streamer is None:
            self._streamer = Streamer(self._door)
        return self._streamer.open(bucket, wanted)

    def head(self, bucket: bytes, wanted: Wanted) -> Head | Fault:
        """See `Endpoint`."""
        request = object_request(bucket, wanted.key, wanted.version, method="HEAD")
        got = self._caller.ask(request, self._door.bucket(bucket))
        if isinstance(got, Reply):
            return head_of(got)
        if isinstance(got, VgwmError):
            raise got
        return got

    def parts(self, bucket: bytes, wanted: Wanted, head: Head) -> tuple[int, ...]:
        """See `Endpoint`. Over connections of its own: a fetch may be under way."""
        if self._looks is None:
            self._looks = Lane(self._door, handles=self._handles)
        return part_ends(self._looks, bucket, wanted, head)

    def tags(self, bucket: bytes, wanted: Wanted) -> bytes:
        """See `Endpoint`. Raises Denied, BadInput where they are not told."""
        where = self._door.bucket(bucket)
        got = self._caller.ask(tagging_request(bucket, wanted.key, wanted.version), where)
        if isinstance(got, Reply):
            return tags_attribute(got.body, where)
        raise as_error(got, where)

    def _lane_of(self) -> Lane:
        if self._lane is None:
            self._lane = Lane(self._door, handles=self._handles)
        return self._lane

    def _exists(self, bucket: bytes, key: bytes, version: bytes) -> bool:
        """Tell whether a key that a listing shows is its true one."""
        request = object_request(bucket, key, version, method="HEAD")
        return isinstance(self._caller.ask(request, self._door.bucket(bucket)), Reply)
