"""Where a bucket's keys are parted, so that its runs are listed at once. Pure.

One page of names below the root is enough: its prefixes are where keys part. More names than a page
holds, or none with a slash, and the bucket is one run: then asking for more names would cost more
requests than it saves. May import its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.source.s3.pages import ObjectsPage

RUNS: Final = 8
"""Runs of one bucket, and so listings under way at once."""

_REPLACED: Final = "\ufffd".encode()
"""What a listing shows for bytes that it cannot."""


def cuts(page: ObjectsPage) -> list[bytes]:
    """Return the keys at which a bucket is parted, in order; none where it is one run.

    page: the first one of its names, parted at slashes. A name that stands for another one parts
    the keys as well as any: each lies on one side of it.
    """
    if page.truncated or len(page.prefixes) < 2:  # noqa: PLR2004 - one prefix is no parting
        return []
    prefixes = sorted(page.prefixes)
    wanted = min(RUNS, len(prefixes))
    return [prefixes[len(prefixes) * at // wanted] for at in range(1, wanted)]


def just_before(key: bytes) -> bytes:
    """Return a key that sorts before a prefix `../`, and behind nearly all that do so too."""
    return key[:-1] + b".~"


def is_replaced(key: bytes) -> bool:
    """Tell whether a key may stand for another one, whose bytes no listing shows."""
    return _REPLACED in key
