"""The parts that a join is cut into: a stretch of one bucket's keys each, done or to be done again.

A part that was ended stays so, whatever ends the process; the next engine does the others. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAST_KEYS: Final = 50_000
MOST_SEGMENTS: Final = 1_000
"""Parts at the most: each leaves some small files until the lists are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Keys of a bucket behind `after` up to `upto`, that one included; None: to the bucket's end.

    bucket_id: 0 where the ledger does not know the bucket. owner: of its objects, "" for none.
    """

    number: int
    bucket: bytes
    bucket_id: int
    owner: str = ""
    after: bytes = b""
    upto: bytes | None = None


def segment_keys(keys: int) -> int:
    """Return how many keys a part shall have, of so many."""
    return max(LEAST_KEYS, -(-keys // MOST_SEGMENTS))


def cuts(bundles: Iterable[tuple[bytes, int]], keys: int) -> Iterator[bytes]:
    """Yield the keys at which a bucket is cut. bundles: (last key, objects), in order of key.

    Each cut lies behind the one before; the rest of the bucket is the last part.
    """
    held, last = 0, b""
    for upto, objects in bundles:
        held += objects
        if held >= keys and upto > last:
            yield upto
            held, last = 0, upto
