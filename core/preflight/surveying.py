"""One walk of the whole source that opens every entry: what the assessment knows of it.

Reads names, attributes and sizes, no object's bytes; nothing moves (I6). Memory does not grow with
the source. May import the source, the profile, and its own room.
"""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.display import object_name, safe
from core.errors import Denied, VgwmError
from core.preflight.tallying import Tally
from core.source.chosen import open_source
from core.source.posix.config import MetadataMode, PosixConfig
from core.source.posix.meta import MetaWriter
from core.source.posix.outcome import Changed, Gone, SmallRead, Unreadable
from core.target import profile as profiles
from core.target.attributes import lost_attributes
from core.target.bucket_rows import lost_bucket_attributes

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.model import Page
    from core.preflight.survey import Survey
    from core.source.chosen import SourceConfig
    from core.source.posix.buckets import Bucket
    from core.source.source import Reader, Source
    from core.target.profile import Profile

_LOCKS = frozenset({"object-retention", "object-legal-hold"})


def survey(
    config: SourceConfig, profile: str, walked: Callable[[int], None], *, tick_s: float = 0.0
) -> Survey:
    """Return what the source holds; what stopped the walk stands in the survey.

    walked: hears the entries seen so far, after each page. tick_s: how long to wait where an
    object changed a moment ago; a survey reads no bytes, so it need not.
    """
    tally = Tally(time.time_ns())
    try:
        source = open_source(config)
        looker = _Looker(source, profiles.load(profile), tally, tick_s)
        looker.none = isinstance(config, PosixConfig) and config.mode is MetadataMode.NONE
        buckets, strays = source.buckets()
        for stray in strays:
            tally.stray(stray.name)
        for bucket in buckets:
            looker.look(bucket, walked)
    except VgwmError as error:
        return _broken_off(tally.survey(time.time_ns()), error)
    return tally.survey(time.time_ns())


def _broken_off(seen: Survey, error: VgwmError) -> Survey:
    """Return what was seen until an error, with what it says."""
    cause = error.__cause__
    loud = isinstance(cause, OSError) and cause.errno == errno.EPERM
    return replace(
        seen,
        fault=error.what,
        remedy=error.remedy,
        denied=isinstance(error, Denied) and not loud,
        loud=loud,
    )


class _Looker:
    """Looks at buckets, one after another. none: the gateway keeps no attributes."""

    def __init__(self, source: Source, profile: Profile, tally: Tally, tick_s: float) -> None:
        self._source = source
        self._profile = profile
        self._tally = tally
        self._tick_s = tick_s
        self.none = False

    def look(self, bucket: Bucket, walked: Callable[[int], None]) -> None:
        """Walk a bucket, and open all that it holds."""
        tally = self._tally
        tally.bucket(bucket)
        writer = MetaWriter(bucket.owner, self._source.default_etag)
        with self._source.reader(bucket.name, tick_s=self._tick_s) as reader:
            for page in self._source.walk(bucket):
                tally.page(bucket.name, page)
                self._open_all(bucket.name, page, reader, writer)
                walked(tally.entries)
        for one in self._source.beside(bucket):
            tally.beside(one.reason.value, f"{safe(bucket.name)}: {safe(one.name)}", one.size_bytes)
        for name in lost_bucket_attributes(self._profile, bucket.attrs.document(bucket.owner)):
            tally.note("bucket_attr", f"{safe(bucket.name)}: {safe(name)}")

    def _open_all(self, bucket: bytes, page: Page, reader: Reader, writer: MetaWriter) -> None:
        tally = self._tally
        # by place: the walk hands on plain tuples of the entry's shape
        reader.expect([(entry[0], entry[1]) for entry in page.entries], page.entries, 0)
        for key, version, size_bytes, *_ in page.entries:
            got = reader.read_small(key, version, 0)
            if isinstance(got, Unreadable):
                tally.unreadable(f"{object_name(bucket, key, version)}: {safe(got.why)}")
                continue
            if isinstance(got, Gone | Changed):
                continue  # clients write meanwhile
            if not isinstance(got, SmallRead):
                got.close()
            tally.opened += 1
            attributes = got.attributes
            tally.locked += not _LOCKS.isdisjoint(attributes)
            if size_bytes is None or self.none:
                continue
            tally.no_etag += "etag" not in attributes
            told = writer.describe(attributes, size_bytes, got.mtime_ns, version=version)
            for loss in told.losses:
                tally.note(
                    loss.reason.value, f"{object_name(bucket, key, version)}: {safe(loss.detail)}"
                )
            if self._profile.not_in_table and not version:
                for what in lost_attributes(told.meta.manifest()):
                    if what in self._profile.not_in_table:
                        tally.note(what.value, object_name(bucket, key))
