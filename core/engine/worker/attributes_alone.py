"""Objects whose bytes are known: their attributes are read again, and no byte.

Where a listing does not show a change of attributes, a round has to ask for them; an equal ETag,
size and time say that the bytes behind the CID are the same. May import source and the tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.source.posix.outcome import Changed, Gone, SmallRead, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.crew.task import CopyTask
    from core.engine.worker.seal import Carried
    from core.source.posix.meta import MetaWriter
    from core.source.posix.outcome import Fault
    from core.source.source import Reader


def attributes_alone(
    task: CopyTask,
    reader: Reader,
    writer: MetaWriter,
    failed: Callable[[bytes, bytes, Fault], None],
) -> list[Carried]:
    """Return the task's objects under the CIDs that it knows of them.

    failed: hears of those that are gone, cannot be read, or are no longer what the walk saw.
    """
    carried: list[Carried] = []
    reader.expect(task.entries, task.seen, 0)
    for (key, version), seen, cid in zip(task.entries, task.seen, task.known, strict=True):
        got = reader.read_small(key, version, 0)
        if isinstance(got, Gone | Changed | Unreadable):
            failed(key, version, got)
            continue
        if not isinstance(got, SmallRead):
            got.close()
        if (got.size_bytes, got.ino, got.mtime_ns) != seen[2:5]:
            failed(key, version, Changed())
            continue
        size = got.size_bytes
        told = writer.describe(
            got.attributes, size or 0, got.mtime_ns, is_dir=got.is_dir, version=version
        )
        carried.append(  # a plain tuple of Carried's shape
            (
                key,
                version,
                cid,
                size or 0,
                size,
                got.ino,
                got.mtime_ns,
                got.ctime_ns,  # type: ignore[arg-type]
                got.uid,
                got.gid,
                got.mode,
                told.created_ns,
                told.meta,
                told.etag,
            )
        )
    return carried
