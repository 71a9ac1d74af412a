"""The protobuf messages of the wire protocol, as the SDK ships them.

In one place, because they are the SDK's private parts and carry no types.
"""

from __future__ import annotations

from typing import Final

from ydb._grpc.common.protos import (
    ydb_auth_pb2 as auth,
)
from ydb._grpc.common.protos import (
    ydb_discovery_pb2 as discovery,
)
from ydb._grpc.common.protos import (
    ydb_issue_message_pb2,
    ydb_status_codes_pb2,
)
from ydb._grpc.common.protos import (
    ydb_operation_pb2 as operation,
)
from ydb._grpc.common.protos import (
    ydb_query_pb2 as query,
)
from ydb._grpc.common.protos import (
    ydb_scheme_pb2 as scheme,
)
from ydb._grpc.common.protos import (
    ydb_table_pb2 as table,
)
from ydb._grpc.common.protos import (
    ydb_topic_pb2 as topic,
)
from ydb._grpc.common.protos import (
    ydb_value_pb2 as value,
)

__all__ = (
    "Status",
    "auth",
    "discovery",
    "issues",
    "operation",
    "query",
    "scheme",
    "table",
    "topic",
    "value",
)

Status: Final = ydb_status_codes_pb2.StatusIds
"""The codes of every answer."""


def issues(text: str) -> list[ydb_issue_message_pb2.IssueMessage]:
    return [ydb_issue_message_pb2.IssueMessage(message=text, severity=1)] if text else []
