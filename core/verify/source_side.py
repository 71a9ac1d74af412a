"""A source as a side of a join: walked in order, and looked at key by key.

May import the sources, and its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import NoGatewayRoot
from core.source.posix.meta import MetaWriter
from core.source.posix.names import is_bucket
from core.source.posix.outcome import Changed, Gone, Unreadable
from core.verify.row_mark import metadata_digest
from core.verify.sides import Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.model import Entry
    from core.source.source import Reader, Source

_GONE: Final = Look(here=False)


class SourceKeys:
    """Walks a source's buckets. owners: of their objects, as the plan knew them."""

    def __init__(self, source: Source, owners: Mapping[bytes, str]) -> None:
        self._source = source
        self._owners = owners
        self._bucket: bytes | None = None
        self._reader: Reader | None = None
        self._writer = MetaWriter("")

    def pages(self, bucket: bytes, after: bytes) -> Iterator[list[Entry]]:
        """Yield the entries behind a key; none of a bucket that is not there."""
        if not is_bucket(bucket):
            return
        try:
            found = self._source.bucket(bucket)
        except NoGatewayRoot:
            if bucket in {one.name for one in self._source.buckets()[0]}:
                raise
            return
        for page in self._source.walk(found, (after, b"") if after else None):
            yield page.entries

    def look(self, bucket: bytes, key: bytes, version: bytes) -> Look:
        """Read stamps and attributes; an object that changes under our hands is read twice."""
        if not is_bucket(bucket) or not self._source.can_hold(key):
            return _GONE  # a row names it, and nothing else can
        reader = self._reader_of(bucket)
        if reader is None:
            return _GONE
        for _ in range(2):
            got = reader.read_small(key, version, 0)
            if isinstance(got, Gone):
                return _GONE
            if isinstance(got, Unreadable):
                return Look(here=True, unread=safe(got.why))
            if isinstance(got, Changed):
                continue
            try:
                told = self._writer.describe(
                    got.attributes,
                    got.size_bytes or 0,
                    got.mtime_ns,
                    is_dir=got.is_dir,
                    version=version,
                )
                return Look(
                    here=True,
                    size=got.size_bytes,
                    ino=got.ino,
                    mtime_ns=got.mtime_ns,
                    ctime_ns=got.ctime_ns,
                    mh=metadata_digest(told.meta.manifest()),
                    meta=told.meta,
                    created_ns=told.created_ns,
                )
            finally:
                if not isinstance(got, tuple):
                    got.close()
        return Look(here=True, unread="it changes all the time")

    def close(self) -> None:
        """Close the bucket that is open."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _reader_of(self, bucket: bytes) -> Reader | None:
        if self._bucket != bucket:
            self.close()
            self._bucket = bucket
            self._writer = MetaWriter(self._owners.get(bucket, ""), self._source.default_etag)
            try:
                self._reader = self._source.reader(bucket)
            except NoGatewayRoot:
                if bucket in {one.name for one in self._source.buckets()[0]}:
                    raise
        return self._reader
