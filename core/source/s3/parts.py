"""How a multipart upload was parted: its ETag and its composite checksum are made of the parts'.

No header tells it, but each part can be looked at. May import its own room, and the checksums of
its sibling.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from core.source.posix.checksums import part_count
from core.source.s3.fetched import Missed, Wanted

if TYPE_CHECKING:
    from core.source.s3.fetched import Head
    from core.source.s3.lane import Lane


def part_ends(lane: Lane, bucket: bytes, wanted: Wanted, head: Head) -> tuple[int, ...]:
    """Return the end offsets of an object's parts; () where it has none, or nobody tells them.

    lane: one on which nothing is under way. Raises as `Lane.heads`.
    """
    count = part_count(head.etag)
    if count is None:
        return ()
    asked = (Wanted(wanted.key, wanted.version, part=number) for number in range(1, count + 1))
    ends: list[int] = []
    at = 0
    with closing(lane.heads(bucket, asked)) as looks:
        for got in looks:
            if isinstance(got, Missed) or got.head.etag != head.etag:
                return ()
            at += got.head.size_bytes
            ends.append(at)
            if at >= head.size_bytes and len(ends) < count:
                return ()  # it knows no parts, and tells the whole each time
    return tuple(ends) if at == head.size_bytes else ()
