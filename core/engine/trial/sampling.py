"""The sample of a trial: pages of the real source, drawn evenly by its survey, cut into bundles.

May import the source, the survey and the engine's cutter. Reads names only (I6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.engine.planning.bundling import Cutter
from core.preflight.survey import Start
from core.source.chosen import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.config.knobs import Knobs
    from core.engine.planning.bundling import Cut
    from core.model import Entry, Page
    from core.source.chosen import SourceConfig
    from core.source.posix.buckets import Bucket
    from core.source.source import Source


class Sampled(NamedTuple):
    """A bundle of the sample, and the bucket that it lies in."""

    bucket: Bucket
    cut: Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Where the sample lies. starts: of the survey; none: every bucket's beginning."""

    source: SourceConfig
    starts: Sequence[Start]
    archive_versions: bool

    def bundles(self, knobs: Knobs) -> Iterator[Sampled]:
        """Yield bundles, a page of the source after another, and each page once; then end.

        A page that its bucket no longer has is left out. Raises Denied, NoGatewayRoot.
        """
        source = open_source(self.source)
        known = {bucket.name: bucket for bucket in source.buckets()[0]}
        starts = self.starts or [Start(name, b"") for name in known]
        seen: set[tuple[bytes, bytes]] = set()
        for start in starts:
            bucket = known.get(start.bucket)
            if bucket is None:
                continue
            cutter = Cutter(
                batch_size=knobs.batch_size,
                bundle_bytes=knobs.bundle_bytes,
                large_threshold=knobs.large_threshold,
                first_bytes=knobs.bundle_bytes,
                first_bundles=0,
            )
            page = self._page(source, bucket, start.after)
            if page is None or not page.entries or (bucket.name, page.entries[0][0]) in seen:
                continue
            seen.add((bucket.name, page.entries[0][0]))
            for cut in (*cutter.feed(self._kept(page)), *cutter.rest()):
                yield Sampled(bucket, cut)

    def _page(self, source: Source, bucket: Bucket, after: bytes) -> Page | None:
        pages = source.walk(bucket, (after, b"") if after else None)
        try:
            return next(pages, None)
        finally:
            pages.close()

    def _kept(self, page: Page) -> list[Entry]:
        if self.archive_versions:
            return page.entries
        # by place: the walk hands on plain tuples of the entry's shape
        return [entry for entry in page.entries if not entry[1] and entry[2] is not None]
