"""Reading the objects of one bucket of an endpoint: what is expected is fetched ahead, in order.

    reader.expect(entries, seen, limit_bytes)
    reader.read_small(key, version, limit_bytes)   -> SmallRead | S3Large | Fault

One answer is of one moment: bytes and headers belong together, and no second look is needed.
May import the model, its own room, and the outcomes and attributes of a posix source.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, Self

from core.errors import NodeUnreachable
from core.source.posix.attributes import MARKER, VERSION_ID
from core.source.posix.outcome import Changed, Gone, SmallRead, Unreadable
from core.source.s3.fetched import Larger, Looked, Missed, Wanted
from core.source.s3.headers import attributes
from core.source.s3.large import S3Large
from core.source.s3.marks import etag_number

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from types import TracebackType

    from core.source.posix.attributes import Attributes
    from core.source.posix.outcome import Fault
    from core.source.s3.client import Streamed
    from core.source.s3.fetched import Fetched, Head
    from core.source.source import SeenEntry

_SLASH: Final = ord("/")
CAREFUL: Final = 64
"""Objects that are read one by one once something broke off: as many as are read ahead."""

_LOCKS: Final = "x-amz-object-lock-"


class Objects(Protocol):
    """The part of an endpoint's client that reads objects; see `core.source.s3.client`."""

    def fetch(
        self, bucket: bytes, wanted: Iterable[Wanted], limit_bytes: int
    ) -> Generator[Fetched, None, None]:
        """Yield what became of each object, in the order wanted."""

    def heads(
        self, bucket: bytes, wanted: Iterable[Wanted]
    ) -> Generator[Looked | Missed, None, None]:
        """Yield each object's headers, in the order wanted."""

    def stream(self, bucket: bytes, wanted: Wanted) -> Streamed | Fault:
        """Open an object of any size."""

    def parts(self, bucket: bytes, wanted: Wanted, head: Head) -> tuple[int, ...]:
        """Return the end offsets of a multipart upload's parts."""

    def has_lock(self, bucket: bytes) -> bool:
        """Tell whether a bucket's objects may be locked."""

    def version_locks(self, bucket: bytes, wanted: Wanted) -> dict[str, bytes]:
        """Return an old version's locks, as the headers that would tell them."""

    def head(self, bucket: bytes, wanted: Wanted) -> Head | Fault:
        """Return an object's headers."""

    def tags(self, bucket: bytes, wanted: Wanted) -> bytes:
        """Return an object's tags as an attribute."""

    def close(self) -> None:
        """Give the connections back."""


class S3Reader:
    """Reads objects over one set of connections. Not for two threads; close it."""

    def __init__(self, client: Objects, bucket: bytes) -> None:
        self._client = client
        self._bucket = bucket
        self._locked = client.has_lock(bucket)
        self._due: deque[Wanted] = deque()
        self._ahead: Generator[Fetched | Looked, None, None] | None = None
        self._careful = 0
        self._markers: dict[tuple[bytes, bytes], int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def owner(self) -> tuple[int, int]:
        """Return (0, 0): an endpoint tells no uid."""
        return (0, 0)

    def close(self) -> None:
        """Give the connections back."""
        self._drop()
        self._client.close()

    def moved(self) -> bool:
        """Tell that nothing moves: each request names its bucket anew."""
        return False

    def expect(
        self,
        entries: Sequence[tuple[bytes, bytes]],
        seen: Sequence[SeenEntry],
        limit_bytes: int,
    ) -> None:
        """Begin to fetch what will be asked for, in that order.

        seen: as the walk saw them, which spares a large object its first, broken off answer, and
        tells a marker, which cannot be read; () if nobody knows.
        """
        self._markers = {(one[0], one[1]): one[4] for one in seen if one[2] is None}
        if seen:
            wanted = [Wanted(key, ver, size) for key, ver, size, *_ in seen if size is not None]
        else:
            wanted = [Wanted(key, version) for key, version in entries]
        self._drop()
        self._due = deque(wanted)
        self._careful = 0
        if wanted:
            self._ahead = self._asked(wanted, limit_bytes)

    def read_small(
        self, key: bytes, version: bytes, limit_bytes: int
    ) -> SmallRead | S3Large | Fault:
        """Read an object of up to limit_bytes; open a larger one. 0 reads its attributes alone."""
        marked_ns = self._markers.get((key, version))
        if marked_ns is not None:
            return _marker(version, marked_ns)
        got = self._fetched(key, version, limit_bytes)
        if isinstance(got, Missed):
            return got.fault
        if isinstance(got, Larger):
            return self._opened(got.wanted)
        head = got.head
        if self._locked and (version or not isinstance(got, Looked)):
            head = self._with_lock(got.wanted, head)
        if isinstance(got, Looked):
            told = self._told(got.wanted, head, got.tags)
            return S3Large(head, told, partial(self._stream, got.wanted))
        return SmallRead(
            got.body,
            self._told(got.wanted, head, got.tags),
            head.size_bytes,
            etag_number(head.etag),
            head.modified_ns,
            0,
            0,
            0,
            0,
            key[-1] == _SLASH,
        )

    def _fetched(self, key: bytes, version: bytes, limit_bytes: int) -> Fetched | Looked:
        """Return what was fetched ahead; what was not expected here is asked for by itself."""
        due = self._due
        if not due or due[0][:2] != (key, version):
            return self._alone(Wanted(key, version), limit_bytes)
        wanted = due.popleft()
        if self._careful:
            self._careful -= 1
            return self._alone(wanted, limit_bytes)
        if self._ahead is None:
            self._ahead = self._asked([wanted, *due], limit_bytes)
        try:
            return next(self._ahead)
        except NodeUnreachable:
            # of one of those ahead, nobody knows which: those that come are read one by one
            self._careful = CAREFUL
            return self._alone(wanted, limit_bytes)

    def _alone(self, wanted: Wanted, limit_bytes: int) -> Fetched | Looked:
        """Ask for one object. Raises NodeUnreachable where the endpoint is silent altogether.

        One that breaks off again and again beside an endpoint that answers has failed by itself.
        """
        self._drop()
        try:
            return self._one(wanted, limit_bytes)
        except NodeUnreachable:
            self._client.head(self._bucket, wanted)
        try:
            return self._one(wanted, limit_bytes)
        except NodeUnreachable as error:
            return Missed(wanted, Unreadable(error.what))

    def _one(self, wanted: Wanted, limit_bytes: int) -> Fetched | Looked:
        with closing(self._asked([wanted], limit_bytes)) as asked:
            return next(asked)

    def _drop(self) -> None:
        """Give up what was fetched ahead: one connection carries one thing."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def _asked(
        self, wanted: list[Wanted], limit_bytes: int
    ) -> Generator[Fetched | Looked, None, None]:
        if limit_bytes:
            return self._client.fetch(self._bucket, wanted, limit_bytes)
        return self._client.heads(self._bucket, wanted)

    def _opened(self, wanted: Wanted) -> S3Large | Fault:
        got = self._stream(wanted)
        if isinstance(got, Gone | Changed | Unreadable):
            return got
        tags = self._client.tags(self._bucket, wanted) if got.head.tags > 0 else b""
        head = got.head
        if self._locked:
            head = self._with_lock(wanted, head)
        told = self._told(wanted, head, tags)
        return S3Large(head, told, partial(self._stream, wanted), got)

    def _told(self, wanted: Wanted, head: Head, tags: bytes) -> Attributes:
        """Return an object's attributes; the layout of a multipart upload is asked for."""
        parts = self._client.parts(self._bucket, wanted, head) if "-" in head.etag else ()
        return attributes(head, tags, parts)

    def _stream(self, wanted: Wanted) -> Streamed | Fault:
        return self._client.stream(self._bucket, wanted)

    def _with_lock(self, wanted: Wanted, head: Head) -> Head:
        """Return the headers of a GET with the locks that a VersityGW tells elsewhere."""
        if wanted.version:
            locks = self._client.version_locks(self._bucket, wanted)
            return head._replace(fields=head.fields | locks)
        got = self._client.head(self._bucket, wanted)
        if isinstance(got, Gone | Changed | Unreadable) or got.etag != head.etag:
            return head  # replaced since: the next round sees another ETag
        locks = {name: text for name, text in got.fields.items() if name.startswith(_LOCKS)}
        return head._replace(fields=head.fields | locks)


def _marker(version: bytes, modified_ns: int) -> SmallRead:
    """Return a delete marker: it has an id and a time, and no request reads anything of it."""
    told: Attributes = {MARKER: b""}
    if version:
        told[VERSION_ID] = version
    return SmallRead(b"", told, None, 0, modified_ns, 0, 0, 0, 0)
