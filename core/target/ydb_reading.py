"""One look at a changefeed, from what is committed up to a snapshot of its table.

Tested against a stand-in, not against YDB.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec
import ydb

from core.errors import Broken
from core.target.changes import Change, ChangePage
from core.target.ydb_errors import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Mapping

SILENT_S: Final = 20.0
"""After this long without a change or a barrier that was waited for, nobody knows (I7)."""
_CLOSE_S: Final = 5.0
_NS_A_STEP: Final = 1_000_000


class _Record(msgspec.Struct):
    """A message of a changefeed in JSON: a change with its key and time, or a barrier."""

    key: tuple[str, str] | None = None
    ts: tuple[int, int] = (0, 0)
    resolved: tuple[int, int] | None = None


class FeedReading:
    """A reader of a topic that knows where to stop.

    offsets: what is committed, by partition. step: the global time of the snapshot, ms.
    """

    BUFFER_BYTES: ClassVar = 4 << 20

    def __init__(
        self, reader: ydb.TopicReaderAsyncIO, offsets: Mapping[int, int], step: int, where: str
    ) -> None:
        self._reader = reader
        self._next = dict(offsets)
        self._step = step
        self._where = where
        self._behind = set(offsets)
        self._taken: list[ydb.TopicReaderBatch] = []

    async def page(self, limit: int) -> ChangePage:
        """Return the next changes, at most so many. Raises TimeoutError and the SDK's errors."""
        found: list[Change] = []
        clock, messages = asyncio.get_running_loop().time, 0
        until_s = clock() + SILENT_S
        # barriers count as well: an engine that was down for long finds many of them
        while messages < limit and self._behind:
            async with asyncio.timeout_at(until_s):
                batch = await self._reader.receive_batch(max_messages=limit - messages)
            if batch is None:
                continue
            messages += len(batch.messages)
            before = len(found) - len(self._behind)
            gap = self._take(batch, found)
            if gap:
                return ChangePage([], self._position, whole=False, gap=gap)
            self._taken.append(batch)
            if len(found) - len(self._behind) != before:
                until_s = clock() + SILENT_S
        return ChangePage(found, self._position, whole=not self._behind)

    async def commit(self) -> None:
        """Let the server remember that all that was returned is stored."""
        taken, self._taken = self._taken, []

        async def one(batch: ydb.TopicReaderBatch) -> None:
            # Read before the connection was lost and found again: it comes once more.
            with contextlib.suppress(ydb.TopicReaderPartitionExpiredError):
                await self._reader.commit_with_ack(batch)

        async with asyncio.timeout(SILENT_S):
            await asyncio.gather(*(one(batch) for batch in taken))

    async def close(self) -> None:
        """Give the partitions back; what is not committed comes to the next look."""
        with contextlib.suppress(*FOREIGN):
            async with asyncio.timeout(_CLOSE_S):
                await self._reader.close(flush=False)

    @property
    def _position(self) -> int:
        return sum(self._next.values())

    def _take(self, batch: ydb.TopicReaderBatch, found: list[Change]) -> str:
        """Add a batch's changes to a page; return why some are missing before it."""
        for message in batch.messages:
            at = message.partition_id
            if at not in self._next:
                return "the changefeed has got other partitions"
            if message.offset > self._next[at]:
                return "changes went out of the changefeed while it was read"
            self._next[at] = max(self._next[at], message.offset + 1)
            record = self._parsed(message.data)
            if record.resolved is not None:
                # strictly behind: a barrier promises what is earlier than itself
                if record.resolved[0] > self._step:
                    self._behind.discard(at)
            elif record.key is not None:
                at_ns = record.ts[0] * _NS_A_STEP
                found.append(Change(self._position, *record.key, at_ns))
        return ""

    def _parsed(self, data: bytes) -> _Record:
        try:
            return msgspec.json.decode(data, type=_Record)
        except msgspec.MsgspecError as error:
            raise Broken(
                what=f"the changefeed tells what is no change: {type(error).__name__}",
                where=self._where,
                remedy="Compare the version of YDB; without it the whole table is compared.",
            ) from error
