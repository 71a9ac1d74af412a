"""The changefeed of a YDB object table: the changes of `core.target.changes`, read as a topic.

A changefeed is written behind the transactions that it tells of. So each look takes a snapshot of
the table first, and ends where every partition has told a barrier behind it: then all that was
acknowledged before the look is in what was read. Offsets are committed once the ledger has them.
A position is the sum of the partitions' next offsets. Source: YDB's pages on change data capture
and on ALTER TABLE ADD CHANGEFEED. Tested against a stand-in, not against YDB.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

import ydb

from core.errors import BadInput, Broken, Denied, NoAnswer
from core.target import ydb_address
from core.target import ydb_statements as yql
from core.target.changes import CHANGEFEED, ChangePage, NoFeed
from core.target.ydb_client import CALL, YdbClient
from core.target.ydb_errors import FOREIGN, to_error
from core.target.ydb_reading import FeedReading

if TYPE_CHECKING:
    from core.target.open_table import TableLogin
    from core.target.shape import TableShape

FEED: Final = "vgwm_reverse"
CONSUMER: Final = "vgwm"

_PATIENCE_S: Final = 20.0
"""A look that does not come through is said, and taken again: nobody waits for it longer."""
_GONE: Final = "the changefeed is gone"
_ABSENT: Final = (ydb.issues.SchemeError, ydb.issues.NotFound)


class _Partition(NamedTuple):
    """Offsets of one partition of the topic: its first and its end, and what we committed."""

    id: int
    start: int
    end: int
    committed: int


class _Seen(NamedTuple):
    """A changefeed as the server describes it. heard: whether our consumer is there."""

    keeps_s: float
    heard: bool
    partitions: tuple[_Partition, ...] = ()

    @property
    def position(self) -> int:
        return sum(one.committed for one in self.partitions)

    @property
    def torn(self) -> str:
        """Why changes are lost for sure, "" if none is."""
        if not self.heard or not self.partitions:
            return _GONE
        if any(one.start > one.committed for one in self.partitions):
            return "changes went out of the changefeed unread"
        return ""


class ChangeFeed:
    """The changefeed of one object table. Every method raises the errors of the table itself."""

    def __init__(
        self, address: str, shape: TableShape, login: TableLogin, *, directory: str = ""
    ) -> None:
        """address, directory: as `YdbTable.open` takes them; nothing is asked yet."""
        self._address = ydb_address.parse(address)
        root = f"{self._address.database}/{directory}".rstrip("/")
        self._table = f"{root}/{shape.name}"
        self._topic = f"{self._table}/{FEED}"
        self._key = shape.key
        self._login = login
        self._client: YdbClient | None = None
        self._reading: FeedReading | None = None

    @property
    def way(self) -> str:
        """By which way its changes are known."""
        return CHANGEFEED

    async def arm(self, keeps_s: float = 0.0) -> int:
        """Have every change told from now on; return the position before the next. Repeatable.

        One that is whole stays; another, or one that keeps changes for too short, is made anew.
        Raises NoFeed where the server does not do it.
        """
        seen = await self._look()
        if seen is None or seen.torn or seen.keeps_s < min(keeps_s, yql.MOST_KEPT_S):
            await self.disarm()
            seen = await self._make(keeps_s)
        return seen.position

    async def disarm(self) -> None:
        """Have nothing told any more, and forget what was. Repeatable."""
        await self.rest()
        client = await self._connected()
        if await self._look() is None:
            return
        try:
            await client.define(yql.drop_changefeed(self._table, FEED))
        except (BadInput, Broken):
            # an answer that was lost leaves nothing to drop for the second try
            if await self._look() is not None:
                raise

    async def gap(self, position: int | None) -> str:
        """Return why changes behind a position may be missing, "" if all of them will come."""
        seen = await self._look()
        if seen is None or seen.torn:
            return _GONE if seen is None else seen.torn
        if position is None:
            return ""
        if seen.position > position:
            # such as a ledger that was put back from a backup
            return "more of the changefeed was read than the ledger knows of"
        if sum(one.end for one in seen.partitions) < position:
            return "the changefeed is another one than was read before"
        return ""

    async def page(self, after: int, limit: int) -> ChangePage:
        """Return the next changes; the first page of a look opens the topic."""
        client = await self._connected()
        try:
            if self._reading is None:
                opened = await self._open(client)
                if isinstance(opened, str):
                    return ChangePage([], after, whole=False, gap=opened)
                self._reading = opened
            return await self._reading.page(limit)
        except FOREIGN as error:
            raise to_error(error, client.where) from error

    async def trim(self, position: int) -> None:
        """Commit what the pages of this look have told; what is not taken comes once more."""
        del position  # it is the last page's
        client = await self._connected()
        try:
            if self._reading is not None:
                await self._reading.commit()
        except FOREIGN as error:
            raise to_error(error, client.where) from error

    async def rest(self) -> None:
        """Let go of the partitions: another look, of whomever, begins at what is committed."""
        reading, self._reading = self._reading, None
        if reading is not None:
            await reading.close()

    async def close(self) -> None:
        """Let go of everything; takes 5 s if the server is gone."""
        await self.rest()
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _connected(self) -> YdbClient:
        if self._client is None:
            self._client = await YdbClient.connect(self._address, self._login, _PATIENCE_S)
        return self._client

    async def _make(self, keeps_s: float) -> _Seen:
        """Make a changefeed and our consumer, read back. Raises NoFeed for a refusal, no silence.

        One that cannot be used is not left there.
        """
        client = await self._connected()
        why = "it is not whole after it was made"
        try:
            await client.define(yql.add_changefeed(self._table, FEED, keeps_s))
        except (BadInput, Broken, Denied) as refusal:
            why = refusal.what  # as is the second try of one whose answer was lost
        seen = await self._look()
        if seen is not None:
            try:
                await client.call(self._listen)
            except (BadInput, Broken, Denied) as refusal:
                why = refusal.what
            seen = await self._look()
        if seen is None or seen.torn:
            await self.disarm()
            raise _refused(why, client.where)
        return seen

    async def _listen(self) -> None:
        """Name our consumer: what it has read is remembered by the server."""
        client = await self._connected()
        async with asyncio.timeout(CALL.timeout):
            try:
                await client.driver.topic_client.alter_topic(self._topic, add_consumers=[CONSUMER])
            except ydb.Error:
                told = await client.driver.topic_client.describe_topic(self._topic)
                if CONSUMER not in {one.name for one in told.consumers}:
                    raise

    async def _look(self) -> _Seen | None:
        """Return the changefeed as it is, None where there is none."""
        client = await self._connected()
        topics = client.driver.topic_client

        async def attempt() -> _Seen | None:
            async with asyncio.timeout(CALL.timeout):
                try:
                    told = await topics.describe_topic(self._topic)
                    keeps = told.retention_period
                    keeps_s = 0.0 if keeps is None else keeps.total_seconds()
                    if CONSUMER not in {one.name for one in told.consumers}:
                        return _Seen(keeps_s, heard=False)
                    ours = await topics.describe_consumer(self._topic, CONSUMER, include_stats=True)
                except _ABSENT:
                    return None
                parts = tuple(_partition(one, client.where) for one in ours.partitions)
                return _Seen(keeps_s, heard=True, partitions=parts)

        return await client.call(attempt)

    async def _open(self, client: YdbClient) -> FeedReading | str:
        """Begin a look; return why it cannot be a whole one instead."""
        step = await client.call(self._snapshot)
        if step is None:
            return "the database tells no snapshot of the table"
        seen = await self._look()
        if seen is None or seen.torn:
            return _GONE if seen is None else seen.torn
        reader = client.driver.topic_client.reader(
            self._topic,
            CONSUMER,
            buffer_size_bytes=FeedReading.BUFFER_BYTES,
            auto_partitioning_support=False,
        )
        offsets = {one.id: one.committed for one in seen.partitions}
        return FeedReading(reader, offsets, step, client.where)

    async def _snapshot(self) -> int | None:
        """Return the global time of a snapshot: all that was acknowledged until now is in it.

        None where the server tells none, as for a table without rows.
        """
        client = await self._connected()
        session = await client.driver.table_client.session().create(CALL)
        try:
            parts = await session.read_table(
                self._table, columns=self._key, row_limit=1, use_snapshot=True, settings=CALL
            )
            steps = [int(one.snapshot.plan_step) async for one in parts if one.snapshot]
        finally:
            await session.delete(CALL)
        return max(steps, default=None)


def _partition(told: ydb.TopicConsumerDescription.PartitionInfo, where: str) -> _Partition:
    has, ours = told.partition_stats, told.partition_consumer_stats
    if has is None or ours is None:
        raise NoAnswer(
            what="YDB does not say how far the changefeed was read",
            where=where,
            remedy="It is asked again.",
        )
    return _Partition(
        told.partition_id, has.partition_start, has.partition_end, ours.committed_offset
    )


def _refused(why: str, where: str) -> NoFeed:
    return NoFeed(
        what=f"YDB gives no changefeed: {why}",
        where=where,
        remedy="Give the table's user the right to alter it, or let the table be compared whole.",
    )
