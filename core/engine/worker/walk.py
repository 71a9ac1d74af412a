"""The walk of one bucket, in a process of its own: pages of entries, streamed to the coordinator.

And looks at some of its keys, where somebody named them.

May import the source, and the engine's tasks and board.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.display import safe, size
from core.engine.crew.board import Step
from core.engine.crew.task import (
    Fault,
    LookPage,
    LookTask,
    Oddity,
    WalkPage,
    WalkTask,
    WorkerSetup,
)
from core.errors import VgwmError
from core.model import Page, Skip, Unrepresentable
from core.source.chosen import open_source
from core.source.posix.config import PosixConfig
from core.source.posix.look import look
from core.source.posix.source import PosixSource
from core.target import profile as profiles
from core.target.bucket_rows import lost_bucket_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.engine.crew.board import Desk
    from core.source.posix.buckets import Bucket


def stream_pages(setup: WorkerSetup, task: WalkTask, desk: Desk) -> Iterator[WalkPage]:
    """Yield the bucket's pages in key order; the last one is empty and marked.

    An error ends the stream: it travels in the last page.
    """
    desk.at(Step.WALK)
    seen = 0
    try:
        source = open_source(setup.source)
        bucket = source.bucket(task.bucket)
        for found in source.walk(bucket, task.after):
            page = found if setup.archive_versions else current_only(found)
            seen += len(page.entries)
            desk.tick(seen, objects=len(page.entries))
            yield WalkPage(page=page, last=False)
        around = tuple(
            Oddity(one.reason, f"{one.detail}: {safe(one.name)}, {size(one.size_bytes)}")
            for one in source.beside(bucket)
        )
        around += _lost(setup.profile, bucket)
    except VgwmError as error:
        yield WalkPage(page=Page([], []), last=True, error=Fault.of(error))
        return
    yield WalkPage(page=Page([], []), last=True, beside=around)


def look_at(setup: WorkerSetup, task: LookTask, desk: Desk) -> LookPage:
    """Return what lies at some keys of a tree; of another source nothing is known by name."""
    desk.at(Step.WALK)
    if not isinstance(setup.source, PosixConfig):
        return LookPage(Page([], []), list(task.keys))
    try:
        source = PosixSource(setup.source)
        seen = look(source, source.bucket(task.bucket), task.keys)
    except VgwmError as error:
        return LookPage(Page([], []), list(task.keys), error=Fault.of(error))
    page = seen.page if setup.archive_versions else current_only(seen.page)
    desk.tick(len(page.entries), objects=len(page.entries))
    return LookPage(page, seen.left)


def _lost(profile: str, bucket: Bucket) -> tuple[Oddity, ...]:
    """Return what the bucket has and the profile's table has no place for."""
    names = lost_bucket_attributes(profiles.load(profile), bucket.attrs.document(bucket.owner))
    return tuple(
        Oddity(Unrepresentable.BUCKET_ATTR, f"the bucket's {safe(name)}: no column for it")
        for name in names
    )


def current_only(page: Page) -> Page:
    """Return a page whose old versions and delete markers are skipped, each by name (I4)."""
    entries, skips = [], list(page.skips)
    for entry in page.entries:
        key, version, size_bytes = entry[0], entry[1], entry[2]
        if version or size_bytes is None:
            reason = (
                Unrepresentable.DELETE_MARKER
                if size_bytes is None
                else Unrepresentable.NONCURRENT_VERSION
            )
            skips.append(Skip(key, version, reason, "versions: skip"))
        else:
            entries.append(entry)
    return Page(entries, skips)
