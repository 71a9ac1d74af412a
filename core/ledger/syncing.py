"""What a sync writes to the ledger: its rounds and what they find, each in one commit (I4, I5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.ledger import changes, rounds, source_buckets
from core.ledger.changes import Round

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from core.ledger.changes import Changes
    from core.ledger.mending import Write
    from core.ledger.rounds import RoundKind, RoundState
    from core.ledger.rows import EventDraft
    from core.ledger.source_buckets import BucketsSeen


class Syncing:
    """The writes of rounds."""

    def __init__(self, write: Write, clock: Callable[[], int]) -> None:
        self._write = write
        self._clock = clock

    async def begin(self, job: int, kind: RoundKind, event: EventDraft | None = None) -> int:
        """Store a round that begins now; return its number."""
        now_ns = self._clock()
        return await self._write(partial(rounds.begin, job=job, kind=kind, now_ns=now_ns), event)

    async def adopt(self, job: int) -> int:
        """Let a job carry what earlier rounds left open; return how many bundles."""
        return await self._write(partial(_adopt, job=job))

    async def buckets(
        self, seen: Sequence[tuple[bytes, str]], event: EventDraft | None = None
    ) -> BucketsSeen:
        """Store the source's buckets (name, attributes); return what is new, changed, back, gone.

        A vanished bucket is not marked by this: see `bucket_gone`.
        """
        return await self._write(partial(source_buckets.store, seen=seen), event)

    async def bucket_gone(self, bucket_id: int, event: EventDraft | None = None) -> None:
        """Mark a bucket that the source has no more."""
        now_ns = self._clock()
        await self._write(partial(source_buckets.gone, bucket_id=bucket_id, now_ns=now_ns), event)

    async def buckets_removed(self, event: EventDraft | None = None) -> None:
        """Note that the target has the vanished buckets no more."""
        await self._write(source_buckets.removed, event)

    async def store(
        self, at: Round, bucket_id: int, found: Changes, event: EventDraft | None = None
    ) -> None:
        """Store what a stretch of a round's walk found, with the cursor behind it.

        Raises WrongState if an object is not as the round saw it; then nothing is stored.
        """
        now_ns = self._clock()

        def change(conn: sqlite3.Connection) -> None:
            changes.store(conn, at, bucket_id, found, now_ns)

        await self._write(change, event)

    async def turn(
        self, round_id: int, state: RoundState, *, why: str = "", event: EventDraft | None = None
    ) -> None:
        """Bring a round into its next state."""
        now_ns = self._clock()
        await self._write(
            partial(rounds.turn, round_id=round_id, state=state, now_ns=now_ns, why=why), event
        )


def _adopt(conn: sqlite3.Connection, job: int) -> int:
    return conn.execute(
        "UPDATE bundles SET rnd=? WHERE st<4 AND rnd<>0 AND rnd<>?", (job, job)
    ).rowcount


__all__ = ["Round", "Syncing"]
