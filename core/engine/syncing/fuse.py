"""The fuse: many deletes, a bucket that vanished or lost its last object, go only as shown (I8).

An unmounted tree looks like a mass delete; an endpoint that lists nothing, like an empty bucket.
May import the ledger and the engine's parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.display import count, counted, object_name, safe
from core.errors import Refused

if TYPE_CHECKING:
    from core.engine.premises import Premises
    from core.ledger.sync_looks import Due

SHARE = 100
"""One of so many objects may always go: 1 %."""


def limit(max_delete: int, objects: int) -> int:
    """Return how many deletes of a round need no yes."""
    return max(max_delete, objects // SHARE)


def held(due: Due, most: int) -> bool:
    """Tell whether these deletes wait for somebody's yes."""
    return due.objects > most or bool(due.buckets) or bool(due.emptied)


async def require_few(premises: Premises) -> None:
    """Raise Refused if what is due needs a yes: one that was given is done, and serves once."""
    if not await premises.ledger.rounds.any_due():
        return
    due = await premises.ledger.rounds.due()
    counted = await premises.ledger.counters()
    most = limit(premises.knobs.max_delete, counted.migrated + counted.gone)
    if not held(due, most):
        return
    raise Refused(
        what=f"{told(due)}; {_why(due, most)}: nothing was deleted",
        where="sync: deletes",
        remedy="Is the source mounted, and whole? If they are to go:"
        f" vgwm sync --accept {due.hash}",
    )


async def require_shown(premises: Premises, accepted: str) -> None:
    """Raise Refused unless what is due now is what was shown under this hash."""
    due = await premises.ledger.rounds.due()
    if due.hash != accepted:
        now = f"now it is {told(due)}, hash {due.hash}" if due.hash else "now nothing is due"
        raise Refused(
            what=f"no deletes with hash {safe(accepted)} wait: {now}; nothing was deleted",
            where="sync: deletes",
            remedy="Look at them again, and accept those.",
        )


def told(due: Due) -> str:
    """Return what is due, as people read it."""
    parts = []
    if due.objects:
        bucket, key, version = due.first[0]
        first = safe(object_name(bucket, key, version))
        gone = f"{counted(due.objects, 'object')} {'is' if due.objects == 1 else 'are'}"
        parts.append(f"{gone} gone at the source, the first {first}")
    if due.buckets:
        more = f" and {len(due.buckets) - 1} more" if due.buckets[1:] else ""
        parts.append(f"bucket {safe(due.buckets[0])}{more} vanished")
    if due.emptied:
        more = f" and {len(due.emptied) - 1} more" if due.emptied[1:] else ""
        parts.append(f"bucket {safe(due.emptied[0])}{more} has no object any more")
    return ", ".join(parts)


def _why(due: Due, most: int) -> str:
    if due.objects > most:
        return f"without a yes at most {count(most)} are deleted"
    return "a bucket goes, or its last object, only with a yes"
