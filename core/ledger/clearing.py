"""What a sync clears away, read and changed: tombstones, spent bundles, wasteful ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.ledger import rebundled, tombstones, waste

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.ledger.bundles import Copy
    from core.ledger.mending import Write
    from core.ledger.reader import Reader
    from core.ledger.rebundled import Survivor
    from core.ledger.rows import EventDraft
    from core.ledger.tombstones import Place, Tombstone
    from core.ledger.waste import Held
    from core.model import Cid


class WasteLooks:
    """Reads what is due to be cleared away."""

    def __init__(self, scanner: Reader) -> None:
        self._scanner = scanner

    async def tombstones(self, limit: int, after: Place = tombstones.BEGINNING) -> list[Tombstone]:
        """Return objects that are gone at the source and not yet on the target, in key order."""
        return await self._scanner.read(partial(tombstones.due, after=after, limit=limit))

    async def spent(self, limit: int, after: int = 0) -> list[Held]:
        """Return recorded bundles without any object left, by number."""
        return await self._scanner.read(partial(waste.spent, after=after, limit=limit))

    async def wasteful(self, limit: int, share: float, after: int = 0) -> list[Held]:
        """Return recorded bundles of which more than a share is dead, by number."""
        return await self._scanner.read(
            partial(waste.wasteful, after=after, limit=limit, share=share)
        )

    async def destined(self, bundle: int) -> int:
        """Return the number that `Clearing.destine` noted for a bundle, 0 for none."""
        return await self._scanner.read(partial(waste.destined, number=bundle))

    async def recorded(self, bucket_id: int, keys: Sequence[bytes]) -> dict[bytes, Cid]:
        """Return the content of those current objects that are recorded."""
        return await self._scanner.read(partial(rebundled.recorded, bucket_id=bucket_id, keys=keys))

    async def survivors(self, bundle: int) -> list[Survivor]:
        """Return the recorded members of a bundle, in key order."""
        return await self._scanner.read(partial(rebundled.survivors, number=bundle))


class Clearing:
    """Notes what was cleared away, each in one commit with its event (I5)."""

    def __init__(self, write: Write) -> None:
        self._write = write

    async def applied(self, stones: Sequence[Tombstone], event: EventDraft | None = None) -> None:
        """Note that these are off the target. WrongState if one is not due (any more)."""
        await self._write(partial(tombstones.apply, stones=stones), event)

    async def note_spent(self, bundles: Sequence[int], round_id: int) -> None:
        """Note since which round bundles have been without objects."""
        await self._write(partial(waste.note_spent, numbers=bundles, round_id=round_id))

    async def destine(self, bundle: int, new: int) -> None:
        """Note which number the new bundle of what is left of one has, before anything is made."""
        await self._write(partial(waste.destine, number=bundle, new=new))

    async def let_go(self, bundles: Sequence[int], event: EventDraft | None = None) -> None:
        """Note that the target holds these roots no more. WrongState if a bundle has objects."""
        await self._write(partial(waste.let_go, numbers=bundles), event)

    async def move(  # noqa: PLR0913 - keyword-only, each a thing of its own
        self,
        *,
        old: int,
        new: int,
        moved: Sequence[Survivor],
        copy: Copy,
        job: int,
        event: EventDraft | None = None,
    ) -> None:
        """Give a bundle's survivors to a new one that is pinned already (I1).

        Raises WrongState if others are left of the old one; then nothing is stored.
        """
        await self._write(
            partial(rebundled.move, old=old, new=new, moved=moved, copy=copy, job=job), event
        )
