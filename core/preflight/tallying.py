"""Counts what a walk meets, in bounded memory: totals, size classes, the largest, examples.

May import the model, the ledger's size classes and what makes texts safe.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from core.display import object_name, safe
from core.ledger.counters import CLASSES, shape
from core.model import Unrepresentable
from core.preflight.survey import (
    LARGEST,
    LONGEST_KEY,
    NAMED,
    STARTS,
    ClassCount,
    Sized,
    Start,
    Survey,
)

if TYPE_CHECKING:
    from core.model import Page
    from core.source.posix.buckets import Bucket

_UNREADABLE = Unrepresentable.UNREADABLE.value


class Tally:
    """The figures of a survey while it is made. began_ns: UTC."""

    def __init__(self, began_ns: int) -> None:
        self._began_ns = began_ns
        self._buckets = 0
        self._owners: set[str] = set()
        self._locked_buckets = 0
        self._sums: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._named: defaultdict[str, list[str]] = defaultdict(list)
        self._largest: list[tuple[int, str]] = []
        self._strays: list[str] = []
        self._pages = 0
        self._starts: list[Start] = []
        self._draw = random.Random(began_ns)  # noqa: S311 - a sample, no secret
        self._behind = b""
        self.opened = 0
        self.no_etag = 0
        self.locked = 0

    @property
    def entries(self) -> int:
        """Entries met so far."""
        return self._sums["entries"]

    def stray(self, name: bytes) -> None:
        """Keep the name of something under the root that is no bucket, if it is among the first."""
        if len(self._strays) < NAMED:
            self._strays.append(safe(name))

    def bucket(self, bucket: Bucket) -> None:
        """Count a bucket whose walk begins."""
        self._buckets += 1
        self._behind = b""
        self._locked_buckets += bool(bucket.attrs.lock)
        if bucket.owner:
            self._owners.add(safe(bucket.owner))

    def page(self, bucket: bytes, page: Page) -> None:
        """Count a page of the walk: sizes, versions, what is skipped."""
        self._start(bucket, page)
        self._sums["entries"] += len(page.entries)
        self._sums.update(shape([entry[2] for entry in page.entries]))
        for key, version, size_bytes, *_ in page.entries:
            if len(key) > LONGEST_KEY:
                self.note("long_keys", object_name(bucket, key, version))
            if size_bytes is None:
                self.note(Unrepresentable.DELETE_MARKER.value, object_name(bucket, key, version))
            elif version:
                self._sums["version_bytes"] += size_bytes
                self.note(
                    Unrepresentable.NONCURRENT_VERSION.value, object_name(bucket, key, version)
                )
            if size_bytes is not None:
                self._rank(bucket, key, version, size_bytes)
        for skip in page.skips:
            self._sums["skipped"] += 1
            self.note(skip.reason.value, object_name(bucket, skip.key, skip.version))

    def beside(self, reason: str, name: str, size_bytes: int) -> None:
        """Count something that is no key, such as an upload in progress."""
        self.note(reason, name)
        if reason == Unrepresentable.UPLOAD_IN_PROGRESS.value:
            self._sums["uploads_bytes"] += size_bytes

    def note(self, reason: str, name: str) -> None:
        """Count one of a class, and keep its name if it is among the first."""
        self._classes[reason] += 1
        if self._classes[reason] <= NAMED:
            self._named[reason].append(name)

    def unreadable(self, name: str) -> None:
        """Count an entry that could not be opened."""
        self.note(_UNREADABLE, name)

    def _start(self, bucket: bytes, page: Page) -> None:
        """Let the page take part in the draw: each is as likely to be kept (reservoir)."""
        if not page.entries:
            return
        start = Start(bucket, self._behind)
        self._behind = page.entries[-1][0]
        self._pages += 1
        if len(self._starts) < STARTS:
            self._starts.append(start)
            return
        place = self._draw.randrange(self._pages)
        if place < STARTS:
            self._starts[place] = start

    def _rank(self, bucket: bytes, key: bytes, version: bytes, size_bytes: int) -> None:
        if len(self._largest) == LARGEST and size_bytes <= self._largest[0][0]:
            return
        item = (size_bytes, object_name(bucket, key, version))
        push = heapq.heappush if len(self._largest) < LARGEST else heapq.heapreplace
        push(self._largest, item)

    def survey(self, ended_ns: int) -> Survey:
        """Return the figures of a walk that came to its end."""
        sums, classes = self._sums, self._classes
        apart = {"long_keys", _UNREADABLE}
        return Survey(
            began_ns=self._began_ns,
            ended_ns=ended_ns,
            buckets=self._buckets,
            objects=sums["entries"] + sums["skipped"],
            size_bytes=sums["bytes"],
            versions=classes[Unrepresentable.NONCURRENT_VERSION.value],
            versions_bytes=sums["version_bytes"],
            markers=sums["markers"],
            histogram=tuple((sums[f"hist:{i}"], sums[f"histb:{i}"]) for i in range(CLASSES)),
            largest=tuple(Sized(name, n) for n, name in sorted(self._largest, reverse=True)),
            classes=tuple(self._class(name) for name in sorted(classes) if name not in apart),
            owners=tuple(sorted(self._owners)),
            opened=self.opened,
            unreadable=self._class(_UNREADABLE),
            no_etag=self.no_etag,
            locked=self.locked,
            locked_buckets=self._locked_buckets,
            uploads=classes[Unrepresentable.UPLOAD_IN_PROGRESS.value],
            uploads_bytes=sums["uploads_bytes"],
            long_keys=self._class("long_keys"),
            strays=tuple(self._strays),
            starts=tuple(self._starts),
        )

    def _class(self, name: str) -> ClassCount:
        return ClassCount(name, self._classes[name], tuple(self._named[name]))
