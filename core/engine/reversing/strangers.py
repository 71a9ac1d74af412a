"""Whether somebody else wrote to blue since the flip: none should, clients are at green. Pure.

Seen where a key is about to be replaced or deleted. What stands there is kept either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.engine.reversing.undoing import Fingerprint
    from core.ledger.greenlog import GreenRow
    from core.ledger.known import Known


def is_strangers(
    seen: Fingerprint | None, at: GreenRow, known: Known | None, modified_us: int | None
) -> bool:
    """Tell whether what stands under a key came neither by the migration nor by this copy.

    seen: None for nothing. modified_us: the time that this copy is about to give it: a copy that
    was killed behind its write, and before its note, finds its own work.
    """
    if seen is None or (modified_us is not None and seen.mtime_ns == modified_us * 1000):
        return False
    return seen[:2] != _expected(at, known)


def _expected(at: GreenRow, known: Known | None) -> tuple[int, int] | None:
    """Return inode and time of what should stand there; tags alone move neither."""
    if at.ino is not None:
        return (at.ino, at.mtime_ns or 0)
    return None if known is None else (known.ino, known.mtime_ns)
