"""What is asked of the body lane, and what comes back. An object's own failure is a value.

May import its sibling's outcomes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from core.source.posix.outcome import Fault


class Wanted(NamedTuple):
    """An object to be read. version: b"" for the current one.

    size_bytes: as a listing had it, to spare a large one its first, broken off answer; -1: unknown.
    part: 0 for all of it, else the number of a part of a multipart upload, for its headers alone.
    """

    key: bytes
    version: bytes = b""
    size_bytes: int = -1
    part: int = 0


class Head(NamedTuple):
    """What the headers of an object say.

    etag: without quotes, "" for none. modified_ns: UTC, whole seconds. version: its id, b"" where
    the bucket has none. tags: how many it has; -1: not said. fields: all of them, by names in
    lower case, values as they came.
    """

    size_bytes: int
    etag: str
    modified_ns: int
    version: bytes
    tags: int
    fields: dict[str, bytes]


class Whole(NamedTuple):
    """An object with all its bytes, as many as its headers say.

    tags: the attribute `X-Amz-Tagging`, a JSON object; b"" for none. They were asked for if the
    headers count any.
    """

    wanted: Wanted
    head: Head
    body: bytes
    tags: bytes = b""


class Looked(NamedTuple):
    """An object whose headers alone were asked for. tags: as in `Whole`."""

    wanted: Wanted
    head: Head
    tags: bytes = b""


class Larger(NamedTuple):
    """An object longer than the limit, to be streamed; none of it was kept."""

    wanted: Wanted


class Missed(NamedTuple):
    """An object that did not come, and why: it is gone, it is a marker, reading it is refused."""

    wanted: Wanted
    fault: Fault


Fetched = Whole | Larger | Missed
