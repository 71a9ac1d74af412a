"""Which objects an act takes: by name, all of them or none, or by class, in order of the list.

May import the ledger, the display's names and the engine's wishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.display import object_name, parse_object_name, safe
from core.engine.acts.wish import Deed
from core.errors import BadInput, Refused, VgwmError, WrongState
from core.ledger.rows import Disposition
from core.model import ObjectState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from core.engine.acts.wish import Wish
    from core.ledger.failure_looks import Standing
    from core.ledger.failure_pages import FailurePlace
    from core.ledger.reading import LedgerReader

PAGE: Final = 1_000

_ENDED: Final = {
    ObjectState.RECORDED: ("recorded already", "It is on the target: leave it out of the list."),
    ObjectState.GONE: ("gone from the source", "There is nothing left to do for it."),
    ObjectState.GONE_APPLIED: ("gone from the source", "There is nothing left to do for it."),
}


async def chosen(
    ledger: LedgerReader, wish: Wish, *, after: FailurePlace | None = None
) -> AsyncIterator[list[Standing]]:
    """Yield the objects that an act takes behind a place, in order, by pages.

    What does not stand as the act needs it (any more) is passed over.
    """
    if wish.places is None:
        while page := await ledger.failed.standings(wish.filter, PAGE, after=after):
            after = page[-1].place
            yield page
        return
    left = [place for place in wish.places if after is None or place > after]
    for first in range(0, len(left), PAGE):
        found = await ledger.failed.named(left[first : first + PAGE])
        page = [one for some in found for one in some if one.disposition == wish.deed.takes]
        if page:
            yield page


async def named(ledger: LedgerReader, deed: Deed, names: Sequence[str]) -> list[FailurePlace]:
    """Return the places of objects that were named, in order; each must stand as the act needs it.

    Raises BadInput for a name that the ledger does not know, Refused or WrongState for an object
    that is in another state: all or none.
    """
    buckets = {row.name: row.id for row in await ledger.buckets()}
    found: set[FailurePlace] = set()
    for first in range(0, len(names), PAGE):
        some = names[first : first + PAGE]
        asked = [_parsed(name, buckets) for name in some]
        stand = await ledger.failed.named(asked)
        for name, hits in zip(some, stand, strict=True):
            if not hits:
                raise _unknown(name)
            for one in hits:
                if one.disposition != deed.takes:
                    raise _unfit(deed, name, one)
                found.add(one.place)
    return sorted(found)


def _parsed(name: str, buckets: Mapping[bytes, int]) -> tuple[int, bytes, bytes | None]:
    object_ = parse_object_name(name)
    bucket = buckets.get(object_.bucket)
    if bucket is None:
        raise _unknown(name)
    return bucket, object_.key, object_.version or None


def _unknown(name: str) -> BadInput:
    return BadInput(
        what=f"{safe(name)} is no object of this migration; nothing was done",
        where="list of objects",
        remedy="Write them as vgwm errors prints them: BUCKET/KEY, odd bytes as %NN.",
    )


def _unfit(deed: Deed, name: str, one: Standing) -> VgwmError:
    """Return why an object cannot be taken: all or nothing."""
    told = safe(name)
    if one.state in _ENDED:
        how, remedy = _ENDED[one.state]
        return Refused(what=f"{told} is {how}; nothing was done", where=str(deed), remedy=remedy)
    if one.disposition == Disposition.SKIP:
        return Refused(
            what=f"{told} was left out by the plan ({one.code}); nothing was done",
            where=str(deed),
            remedy="Its class says what it is: vgwm errors. Leave it out of the list.",
        )
    if one.disposition == Disposition.WAIVED:
        return Refused(
            what=f"{told} is skipped already; nothing was done",
            where=str(deed),
            remedy="vgwm skip --undo takes a skip back; else leave it out of the list.",
        )
    if deed is Deed.UNSKIP:
        return Refused(
            what=f"{told} is not skipped; nothing was done",
            where=str(deed),
            remedy="Leave it out of the list.",
        )
    return WrongState(
        what=f"{told} has not failed: it waits to be copied; nothing was done",
        where=str(deed),
        remedy="Let vgwm copy bring it first, or leave it out of the list.",
    )


def shown(buckets: Mapping[int, bytes], one: Standing) -> str:
    """Return an object's name as it is written."""
    return object_name(buckets.get(one.bucket_id, b""), one.key, one.version)
