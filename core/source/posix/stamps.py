"""Times of files as a ledger can hold them. Pure; imports nothing of the project."""

from __future__ import annotations

from typing import Final

END_NS: Final = 1 << 63
"""Times lie in -END_NS .. END_NS - 1: from 1677 to 2262, the 64 bits of SQLite's integers."""


def held_ns(time_ns: int) -> int:
    """Return a time of modification, or the nearest that 64 bits of nanoseconds hold.

    ext4 keeps times up to 2446, XFS up to 2486, others any: a wrong clock of one writer must not
    end the plan of all. What changes such a file moves its ctime, which is the kernel's own.
    """
    return max(-END_NS, min(time_ns, END_NS - 1))
