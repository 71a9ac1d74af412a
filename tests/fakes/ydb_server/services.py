"""The services: each method of the wire protocol that the project calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from tests.fakes.ydb_server.answers import Answer, as_answer
from tests.fakes.ydb_server.dml import Parameters
from tests.fakes.ydb_server.protos import (
    Status,
    auth,
    discovery,
    issues,
    operation,
    query,
    scheme,
    table,
    topic,
)
from tests.fakes.ydb_server.store import now_us
from tests.fakes.ydb_server.topic_methods import TopicMethods
from tests.fakes.ydb_server.values import result_set

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from tests.fakes.ydb_server.core import Core
    from tests.fakes.ydb_server.protos import value

_ROWS_A_PART = 1000


class Services:
    """All methods, as handlers for a gRPC server."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        topics = TopicMethods(self._core)
        return [
            self._service(
                "Discovery.V1.DiscoveryService", discovery, {"ListEndpoints": self._list}
            ),
            self._service("Auth.V1.AuthService", auth, {"Login": self._login}),
            self._service(
                "Table.V1.TableService",
                table,
                {
                    "CreateSession": self._create_table_session,
                    "DeleteSession": self._delete_session,
                    "DescribeTable": self._describe,
                    "BulkUpsert": self._bulk_upsert,
                    "RenameTables": self._rename,
                },
            ),
            self._service(
                "Scheme.V1.SchemeService", scheme, {"ListDirectory": self._list_directory}
            ),
            self._service("Topic.V1.TopicService", topic, topics.described()),
            grpc.method_handlers_generic_handler("Ydb.Topic.V1.TopicService", topics.streams()),
            grpc.method_handlers_generic_handler(
                "Ydb.Table.V1.TableService", {"StreamReadTable": self._read_table_method()}
            ),
            grpc.method_handlers_generic_handler(
                "Ydb.Query.V1.QueryService", self._query_methods()
            ),
        ]

    def _service(
        self, name: str, package: object, methods: Mapping[str, Callable[..., Awaitable[object]]]
    ) -> grpc.GenericRpcHandler:
        """A service whose answers are operations with a packed result."""
        return grpc.method_handlers_generic_handler(
            f"Ydb.{name}",
            {
                method: grpc.unary_unary_rpc_method_handler(
                    self._packing(method, getattr(package, f"{method}Response"), work),
                    request_deserializer=getattr(package, f"{method}Request").FromString,
                    response_serializer=getattr(package, f"{method}Response").SerializeToString,
                )
                for method, work in methods.items()
            },
        )

    def _packing(
        self,
        method: str,
        response: Callable[..., object],
        work: Callable[..., Awaitable[object]],
    ) -> Callable[..., Awaitable[object]]:
        async def handle(request: object, context: grpc.aio.ServicerContext) -> object:
            done = operation.Operation(ready=True, status=Status.SUCCESS)
            try:
                await self._core.admit(method, context)
                result = await work(request)
                if result is not None:
                    done.result.Pack(result)
            # The border of the server: whatever a handler raises becomes a status.
            except Exception as error:  # noqa: BLE001
                answer = as_answer(error)
                done.status = answer.status
                done.issues.extend(issues(answer.text))
            return response(operation=done)

        return handle

    async def _list(self, request: discovery.ListEndpointsRequest) -> object:
        if request.database.rstrip("/") != self._core.store.database:
            text = f"Requested database not exists: {request.database}"
            raise Answer(Status.NOT_FOUND, text)
        options = self._core.options
        result = discovery.ListEndpointsResult(self_location="here")
        result.endpoints.add(
            address=options.advertise, port=options.port, ssl=options.tls, node_id=1
        )
        return result

    async def _login(self, request: auth.LoginRequest) -> object:
        options = self._core.options
        if (request.user, request.password) != (options.user, options.password):
            raise Answer(Status.UNAUTHORIZED, "Invalid password")
        return auth.LoginResult(token=options.token)

    async def _create_table_session(self, _: table.CreateSessionRequest) -> object:
        return table.CreateSessionResult(session_id=self._core.sessions.open().id)

    async def _delete_session(self, request: table.DeleteSessionRequest) -> None:
        self._core.sessions.close(request.session_id)

    async def _describe(self, request: table.DescribeTableRequest) -> object:
        self._core.sessions.get(request.session_id)
        found = self._core.store.find(request.path)
        result = table.DescribeTableResult(primary_key=found.key)
        result.self.name = found.path.rpartition("/")[2]
        result.self.type = scheme.Entry.TABLE
        result.columns.extend(found.request.columns)
        for index in found.indexes.values():
            described = result.indexes.add(name=index.name, index_columns=index.index_columns)
            getattr(described, index.WhichOneof("type")).SetInParent()
        result.partitioning_settings.CopyFrom(found.request.partitioning_settings)
        return result

    async def _rename(self, request: table.RenameTablesRequest) -> None:
        """All of them, in the order given, or none."""
        self._core.sessions.get(request.session_id)
        pairs = [(item.source_path, item.destination_path) for item in request.tables]
        await self._core.thread(lambda: self._core.store.rename(pairs))

    async def _list_directory(self, request: scheme.ListDirectoryRequest) -> object:
        result = scheme.ListDirectoryResult()
        for name in self._core.store.names_in(request.path):
            result.children.add(name=name, type=scheme.Entry.TABLE)
        return result

    async def _bulk_upsert(self, request: table.BulkUpsertRequest) -> object:
        store = self._core.store
        if not request.table.startswith(f"{store.database}/"):
            text = f"Bulk upsert to table '{request.table}' unknown table"
            raise Answer(Status.SCHEME_ERROR, text)
        await self._core.thread(lambda: store.bulk_upsert(request.table, request.rows))
        return table.BulkUpsertResult()

    def _read_table_method(self) -> grpc.RpcMethodHandler:
        return grpc.unary_stream_rpc_method_handler(
            self._read_table,
            request_deserializer=table.ReadTableRequest.FromString,
            response_serializer=table.ReadTableResponse.SerializeToString,
        )

    async def _read_table(
        self, request: table.ReadTableRequest, _: grpc.aio.ServicerContext
    ) -> AsyncIterator[table.ReadTableResponse]:
        """Tell the time of a snapshot; like YDB, nothing at all for a table without rows."""
        store = self._core.store
        found = store.find(request.path)
        if await self._core.thread(lambda: store.topics.has_rows(found)):
            told = table.ReadTableResponse(status=Status.SUCCESS)
            told.snapshot.plan_step = now_us() // 1000
            told.snapshot.tx_id = 1
            told.result.result_set.SetInParent()
            yield told

    def _query_methods(self) -> dict[str, grpc.RpcMethodHandler]:
        streams = {
            "AttachSession": (self._attach, query.SessionState),
            "ExecuteQuery": (self._execute, query.ExecuteQueryResponsePart),
        }
        methods = {
            method: grpc.unary_stream_rpc_method_handler(
                work,
                request_deserializer=getattr(query, f"{method}Request").FromString,
                response_serializer=response.SerializeToString,
            )
            for method, (work, response) in streams.items()
        }
        for method, work in {
            "CreateSession": self._create_session,
            "DeleteSession": self._delete_query_session,
            "BeginTransaction": self._begin,
            "CommitTransaction": self._commit,
            "RollbackTransaction": self._roll_back,
        }.items():
            response = getattr(query, f"{method}Response")
            methods[method] = grpc.unary_unary_rpc_method_handler(
                self._plain(method, response, work),
                request_deserializer=getattr(query, f"{method}Request").FromString,
                response_serializer=response.SerializeToString,
            )
        return methods

    def _plain(
        self,
        method: str,
        response: Callable[..., object],
        work: Callable[..., Awaitable[object]],
    ) -> Callable[..., Awaitable[object]]:
        """A method of the query service: its status stands in the answer itself."""

        async def handle(request: object, context: grpc.aio.ServicerContext) -> object:
            try:
                await self._core.admit(method, context)
                return await work(request)
            # The border of the server: whatever a handler raises becomes a status.
            except Exception as error:  # noqa: BLE001
                answer = as_answer(error)
                return response(status=answer.status, issues=issues(answer.text))

        return handle

    async def _create_session(self, _: query.CreateSessionRequest) -> object:
        session = self._core.sessions.open()
        return query.CreateSessionResponse(status=Status.SUCCESS, session_id=session.id, node_id=1)

    async def _delete_query_session(self, request: query.DeleteSessionRequest) -> object:
        self._core.sessions.close(request.session_id)
        return query.DeleteSessionResponse(status=Status.SUCCESS)

    async def _begin(self, request: query.BeginTransactionRequest) -> object:
        session = self._core.sessions.get(request.session_id)
        opened = await self._core.thread(lambda: self._core.sessions.begin(session))
        meta = query.TransactionMeta(id=opened)
        return query.BeginTransactionResponse(status=Status.SUCCESS, tx_meta=meta)

    async def _commit(self, request: query.CommitTransactionRequest) -> object:
        await self._end(request.session_id, request.tx_id, commit=True)
        return query.CommitTransactionResponse(status=Status.SUCCESS)

    async def _roll_back(self, request: query.RollbackTransactionRequest) -> object:
        await self._end(request.session_id, request.tx_id, commit=False)
        return query.RollbackTransactionResponse(status=Status.SUCCESS)

    async def _end(self, session_id: str, transaction_id: str, *, commit: bool) -> None:
        sessions = self._core.sessions
        session = sessions.get(session_id)
        await self._core.thread(lambda: sessions.end(session, transaction_id, commit=commit))

    async def _attach(
        self, request: query.AttachSessionRequest, _: grpc.aio.ServicerContext
    ) -> AsyncIterator[query.SessionState]:
        sessions = self._core.sessions
        try:
            session = sessions.get(request.session_id)
        except Answer as answer:
            yield query.SessionState(status=answer.status, issues=issues(answer.text))
            return
        yield query.SessionState(status=Status.SUCCESS)
        try:
            await session.closed.wait()
        finally:
            sessions.close(request.session_id)  # YDB drops a session with its attach stream

    async def _execute(
        self, request: query.ExecuteQueryRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[query.ExecuteQueryResponsePart]:
        try:
            await self._core.admit("ExecuteQuery", context)
            async for part in self._parts(request):
                yield part
        # The border of the server: whatever a handler raises becomes a status.
        except Exception as error:  # noqa: BLE001
            answer = as_answer(error)
            yield query.ExecuteQueryResponsePart(status=answer.status, issues=issues(answer.text))

    async def _parts(
        self, request: query.ExecuteQueryRequest
    ) -> AsyncIterator[query.ExecuteQueryResponsePart]:
        sessions = self._core.sessions
        session = sessions.get(request.session_id)
        control = request.tx_control if request.HasField("tx_control") else None
        sent: dict[str, value.TypedValue] = dict(request.parameters)
        results, opened = await self._core.thread(
            lambda: sessions.run(session, request.query_content.text, Parameters(sent), control)
        )
        meta = query.TransactionMeta(id=opened)
        for at, (columns, rows) in enumerate(results):
            for begin in range(0, max(len(rows), 1), _ROWS_A_PART):
                yield query.ExecuteQueryResponsePart(
                    status=Status.SUCCESS,
                    result_set_index=at,
                    result_set=result_set(columns, rows[begin : begin + _ROWS_A_PART]),
                    tx_meta=meta,
                )
        if not results:
            yield query.ExecuteQueryResponsePart(status=Status.SUCCESS, tx_meta=meta)
