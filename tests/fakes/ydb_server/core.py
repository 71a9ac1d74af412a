"""What every service needs: threads for SQLite, who may ask, and faults on demand."""

from __future__ import annotations

import asyncio
import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tests.fakes.ydb_server.answers import Answer
from tests.fakes.ydb_server.protos import Status
from tests.fakes.ydb_server.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    import grpc

    from tests.fakes.ydb_server.store import Store

T = TypeVar("T")

_FAULT = re.compile(r"(?P<method>\w+)=(?P<status>\w+):(?:first(?P<first>\d+)|(?P<odds>[\d.]+))")


@dataclass
class Fault:
    """status: a code's name, or HANG: no answer at all. first: only so many calls fail."""

    status: str
    odds: float = 1.0
    first: int | None = None
    seen: int = 0

    def strikes(self) -> bool:
        self.seen += 1
        if self.first is not None:
            return self.seen <= self.first
        return random.random() < self.odds  # noqa: S311 - no secret depends on it

    @staticmethod
    def parse(text: str) -> tuple[str, Fault]:
        """`Method=STATUS:0.3` for odds, `Method=STATUS:first2` for the first two calls."""
        match = _FAULT.fullmatch(text)
        if match is None:
            raise ValueError(text)
        first = int(match["first"]) if match["first"] else None
        return match["method"], Fault(match["status"], float(match["odds"] or 1), first)


@dataclass
class Options:
    host: str
    port: int
    advertise: str
    tls: bool
    user: str
    password: str
    token: str
    faults: dict[str, Fault] = field(default_factory=dict)


class Core:
    def __init__(self, store: Store, options: Options) -> None:
        self.store = store
        self.options = options
        self.sessions = Sessions(store)
        self._threads = ThreadPoolExecutor(8)

    async def thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def admit(self, method: str, context: grpc.aio.ServicerContext) -> None:
        """Refuse who has no token, then fail as asked."""
        options = self.options
        if (options.user or options.token) and method != "Login":
            ticket = dict(context.invocation_metadata()).get("x-ydb-auth-ticket")
            if ticket != options.token:
                text = "Access denied: invalid or missing x-ydb-auth-ticket"
                raise Answer(Status.UNAUTHORIZED, text)
        fault = options.faults.get(method)
        if fault and fault.strikes():
            if fault.status == "HANG":
                await asyncio.Event().wait()
            raise Answer(getattr(Status, fault.status), f"injected {fault.status}")
