"""What one walk of the source found: the facts that half of the assessment is judged by.

It travels from the walking process as JSON and is kept as such. Texts in it are safe to show.
May import the model and the ledger's size classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from core.ledger.counters import CLASSES

if TYPE_CHECKING:
    from core.ledger.counters import Counters

LARGEST: Final = 20
NAMED: Final = 20
"""Examples that are kept of each class; all are counted."""

STARTS: Final = 256

LONGEST_KEY: Final = 1_024
"""Bytes of the longest key that S3 takes."""


class Sized(msgspec.Struct, frozen=True, array_like=True):
    """An object and its size. name: `bucket/key`, odd bytes percent-encoded."""

    name: str
    size_bytes: int


class Start(msgspec.Struct, frozen=True, array_like=True):
    """A place in the source where a trial may begin: a bucket, and a key that lies before it."""

    bucket: bytes
    after: bytes


class ClassCount(msgspec.Struct, frozen=True, array_like=True):
    """What the target cannot carry, of one class. named: the first NAMED of them."""

    name: str
    objects: int
    named: tuple[str, ...] = ()


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """The source as the walk saw it. Times: UTC ns.

    opened: entries whose bytes and attributes could be opened; None: a walk that opened nothing,
    such as a plan's. fault: why the walk did not come to its end, else empty; denied: that was a
    right that is missing; loud: reading on would have changed access times (I6). histogram:
    (objects, bytes) by the ledger's size classes. versions: noncurrent ones. uploads: in progress.
    locked: objects under retention or legal hold. long_keys: over 1,024 bytes, which S3 refuses.
    starts: up to STARTS pages of the walk, drawn evenly, where a trial finds its sample.
    """

    began_ns: int
    ended_ns: int
    buckets: int = 0
    objects: int = 0
    size_bytes: int = 0
    versions: int = 0
    versions_bytes: int = 0
    markers: int = 0
    histogram: tuple[tuple[int, int], ...] = ((0, 0),) * CLASSES
    largest: tuple[Sized, ...] = ()
    classes: tuple[ClassCount, ...] = ()
    owners: tuple[str, ...] = ()
    opened: int | None = None
    unreadable: ClassCount = ClassCount("unreadable", 0)
    no_etag: int = 0
    locked: int = 0
    locked_buckets: int = 0
    uploads: int = 0
    uploads_bytes: int = 0
    long_keys: ClassCount = ClassCount("long_keys", 0)
    strays: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()
    fault: str = ""
    remedy: str = ""
    denied: bool = False
    loud: bool = False

    @property
    def complete(self) -> bool:
        """Whether the walk came to its end, and every entry could be read."""
        return not self.fault and not self.unreadable.objects

    def carried_bytes(self, *, archive: bool) -> int:
        """Return the bytes that the target will hold of one copy. archive: old versions, too."""
        return self.size_bytes if archive else self.size_bytes - self.versions_bytes

    def count_of(self, name: str) -> ClassCount:
        """Return what was counted of a class; none of it is a count, too."""
        found = (one for one in self.classes if one.name == name)
        return next(found, ClassCount(name, 0))


def survey_of_plan(counters: Counters, *, buckets: int, at_ns: int) -> Survey:
    """Return what a finished plan knows of the source, without another walk; nothing was opened."""
    return Survey(
        began_ns=at_ns,
        ended_ns=at_ns,
        buckets=buckets,
        objects=counters.objects,
        size_bytes=counters.size_bytes,
        versions=counters.versions,
        markers=counters.markers,
        histogram=counters.histogram,
        classes=tuple(ClassCount(name, n) for name, n in counters.classes),
    )
