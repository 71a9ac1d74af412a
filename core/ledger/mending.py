"""What is done about failures, each in one commit with its counters and its event (I4, I5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from core.ledger import changes, jobs, moving, waiving

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from core.ledger.rows import EventDraft, NewBundle, Position

T = TypeVar("T")


class Write(Protocol):
    """The ledger's one door for changes."""

    async def __call__(
        self, change: Callable[[sqlite3.Connection], T], event: EventDraft | None = None
    ) -> T:
        """Run a change in a transaction of its own; return once it is durable."""
        ...


class Mending:
    """Retries, skips and repairs of objects, and how far the job that does them is."""

    def __init__(self, write: Write, clock: Callable[[], int]) -> None:
        self._write = write
        self._clock = clock

    async def retry(
        self,
        job: int,
        bucket_id: int,
        new: Sequence[NewBundle],
        *,
        progress: str = "",
        event: EventDraft | None = None,
    ) -> int:
        """Put failed objects of a bucket into new bundles of a job's round; return how many.

        progress: the job's, in the same commit. Raises WrongState if one of them is not failed (any
        more); then none is moved.
        """

        def change(conn: sqlite3.Connection) -> int:
            moved = moving.retry(conn, bucket_id, new, self._clock(), job)
            if progress:
                jobs.progress(conn, job, progress)
            return moved

        return await self._write(change, event)

    async def carry_again(
        self,
        job: int,
        bucket_id: int,
        new: Sequence[NewBundle],
        *,
        progress: str,
        event: EventDraft | None = None,
    ) -> None:
        """Put recorded objects of a bucket, whose copies are damaged, into new bundles of a job.

        They are dirty until those are recorded. progress: the job's, in the same commit. Raises
        WrongState if one is not recorded (any more); then nothing is stored.
        """

        def change(conn: sqlite3.Connection) -> None:
            changes.carry_again(conn, bucket_id, new, job, self._clock())
            jobs.progress(conn, job, progress)

        await self._write(change, event)

    async def waive(  # noqa: PLR0913 - keyword-only, each a thing of its own
        self,
        positions: Mapping[int, Sequence[Position]],
        *,
        who: str,
        why: str,
        job: int = 0,
        progress: str = "",
        event: EventDraft | None = None,
    ) -> int:
        """Give failed objects up by bucket, for an operator's reason; return how many.

        Raises WrongState if one of them is not failed; then none is skipped.
        """

        def change(conn: sqlite3.Connection) -> int:
            done = [waiving.waive(conn, bid, some, who, why) for bid, some in positions.items()]
            if progress:
                jobs.progress(conn, job, progress)
            return sum(done)

        return await self._write(change, event)

    async def unwaive(
        self,
        positions: Mapping[int, Sequence[Position]],
        *,
        job: int = 0,
        progress: str = "",
        event: EventDraft | None = None,
    ) -> int:
        """Take operators' skips back by bucket; return how many. WrongState if one is none."""

        def change(conn: sqlite3.Connection) -> int:
            done = [waiving.unwaive(conn, bid, some) for bid, some in positions.items()]
            if progress:
                jobs.progress(conn, job, progress)
            return sum(done)

        return await self._write(change, event)

    async def progress(self, job: int, progress: str, event: EventDraft | None = None) -> None:
        """Store how far a job is: JSON that its next run goes on from."""
        await self._write(partial(jobs.progress, job=job, progress=progress), event)
