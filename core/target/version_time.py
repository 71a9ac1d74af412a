"""When a version was made: its id says so, if it is a ULID. Pure.

A manifest names no creation time of its own, so rows made from it read it here.
Source: guide.md 5 (created_at).
"""

from __future__ import annotations

import re
from typing import Final

_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_TIME_DIGITS: Final = 10
# Crockford's alphabet leaves out I, L, O and U; closed up it is Python's base 32.
_CLOSED: Final = str.maketrans("ABCDEFGHJKMNPQRSTVWXYZ", "ABCDEFGHIJKLMNOPQRSTUV")
_NS_PER_MS: Final = 1_000_000


def created_ns(version_id: object, mtime_ns: int) -> int:
    """Return the time in a version id, UTC ns, else mtime_ns: without an id nobody knows better."""
    if not isinstance(version_id, str) or not _ULID.fullmatch(version_id):
        return mtime_ns
    return int(version_id[:_TIME_DIGITS].translate(_CLOSED), 32) * _NS_PER_MS
