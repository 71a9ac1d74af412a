"""TopicService, as far as a reader of a changefeed calls it: describe, alter, read, commit.

A consumer's partitions belong to one reader, whole; the next one waits until it is gone.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias

import grpc

from tests.fakes.ydb_server.answers import Answer, as_answer
from tests.fakes.ydb_server.protos import Status, issues, topic
from tests.fakes.ydb_server.topics import PARTITIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from tests.fakes.ydb_server.core import Core
    from tests.fakes.ydb_server.topics import Message

_AT_ONCE: Final = 50
_POLL_S: Final = 0.02
_RAW: Final = 1

FromServer: TypeAlias = topic.StreamReadMessage.FromServer
FromClient: TypeAlias = topic.StreamReadMessage.FromClient


class TopicMethods:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._held: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    def described(self) -> Mapping[str, Callable[..., Awaitable[object]]]:
        return {
            "DescribeTopic": self._describe,
            "DescribeConsumer": self._describe_consumer,
            "AlterTopic": self._alter,
        }

    def streams(self) -> dict[str, grpc.RpcMethodHandler]:
        handler = grpc.stream_stream_rpc_method_handler(
            self._read,
            request_deserializer=FromClient.FromString,
            response_serializer=FromServer.SerializeToString,
        )
        return {"StreamRead": handler}

    async def _describe(self, request: topic.DescribeTopicRequest) -> object:
        store = self._core.store
        path = store.absolute(request.path)
        told = topic.DescribeTopicResult()
        told.self.name = path.rpartition("/")[2]
        told.retention_period.seconds = store.topics.keeps_s(path)
        for part in store.topics.partitions(path):
            told.partitions.add(partition_id=part.id, active=True)
        for name in store.topics.consumers(path):
            told.consumers.add(name=name)
        return told

    async def _describe_consumer(self, request: topic.DescribeConsumerRequest) -> object:
        store = self._core.store
        path = store.absolute(request.path)
        told = topic.DescribeConsumerResult()
        told.consumer.name = request.consumer
        for part in store.topics.partitions(path):
            at = told.partitions.add(partition_id=part.id, active=True)
            at.partition_stats.partition_offsets.start = part.start
            at.partition_stats.partition_offsets.end = part.end
            committed = store.topics.committed(path, request.consumer, part.id)
            at.partition_consumer_stats.committed_offset = committed
        return told

    async def _alter(self, request: topic.AlterTopicRequest) -> None:
        topics, path = self._core.store.topics, self._core.store.absolute(request.path)
        for one in request.add_consumers:
            topics.add_consumer(path, one.name)

    async def _read(
        self, requests: AsyncIterator[FromClient], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[FromServer]:
        try:
            await self._core.admit("StreamRead", context)
            init = (await anext(requests)).init_request
            path = self._core.store.absolute(init.topics_read_settings[0].path)
            yield FromServer(
                status=Status.SUCCESS, init_response={"session_id": f"reader-{id(requests)}"}
            )
            async with self._held[path, init.consumer]:
                async for told in self._told(requests, path, init.consumer):
                    yield told
        # The border of the server: whatever a handler raises becomes a status.
        except Exception as error:  # noqa: BLE001
            answer = as_answer(error)
            yield FromServer(status=answer.status, issues=issues(answer.text))

    async def _told(
        self, requests: AsyncIterator[FromClient], path: str, consumer: str
    ) -> AsyncIterator[FromServer]:
        topics = self._core.store.topics
        offsets: dict[int, int] = {}
        for part in topics.partitions(path):
            committed = topics.committed(path, consumer, part.id)
            offsets[part.id] = max(committed, part.start)
            started = FromServer(status=Status.SUCCESS)
            session = started.start_partition_session_request
            session.partition_session.partition_session_id = part.id + 1
            session.partition_session.path = path
            session.partition_session.partition_id = part.id
            session.committed_offset = committed
            session.partition_offsets.start = part.start
            session.partition_offsets.end = part.end
            yield started
        answers: asyncio.Queue[FromServer] = asyncio.Queue()
        hearing = asyncio.create_task(self._commits(requests, path, consumer, answers))
        try:
            while not hearing.done():
                found = await self._core.thread(lambda: self._next(path, offsets))
                if found:
                    yield _read_response(found)
                while not answers.empty():
                    yield answers.get_nowait()
                if not found:
                    await asyncio.sleep(_POLL_S)
        finally:
            hearing.cancel()

    def _next(self, path: str, offsets: dict[int, int]) -> list[Message]:
        topics, found = self._core.store.topics, []
        for part in range(PARTITIONS):
            some = topics.read(path, part, offsets[part], _AT_ONCE)
            if some:
                offsets[part] = some[-1].offset + 1
            found += some
        return found

    async def _commits(
        self,
        requests: AsyncIterator[FromClient],
        path: str,
        consumer: str,
        answers: asyncio.Queue[FromServer],
    ) -> None:
        topics = self._core.store.topics
        async for request in requests:
            for one in request.commit_offset_request.commit_offsets:
                part = one.partition_session_id - 1
                if one.offsets[0].start > topics.committed(path, consumer, part):
                    raise Answer(Status.BAD_REQUEST, "Gap in committed offsets")
                end = one.offsets[-1].end
                topics.commit(path, consumer, part, end)
                told = FromServer(status=Status.SUCCESS)
                told.commit_offset_response.partitions_committed_offsets.add(
                    partition_session_id=one.partition_session_id, committed_offset=end
                )
                answers.put_nowait(told)


def _read_response(found: list[Message]) -> FromServer:
    told = FromServer(status=Status.SUCCESS)
    response = told.read_response
    for part in sorted({one.part for one in found}):
        data = response.partition_data.add(partition_session_id=part + 1)
        batch = data.batches.add(codec=_RAW, producer_id="feed")
        for one in found:
            if one.part == part:
                batch.message_data.add(offset=one.offset, seq_no=one.offset, data=one.data)
    response.bytes_size = sum(len(one.data) for one in found)
    return told
