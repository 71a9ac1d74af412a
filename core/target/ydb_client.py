"""A connection to YDB: log in, ask, try again, and let go on every path.

A driver that is not stopped keeps `asyncio.run` from ever returning, so every way out of here
stops it. The SDK repeats some calls and not others: here all are repeated in one loop, with
jitter, until patience ends. Source: ydb.md 5, 6. Tested against a stand-in, not against YDB.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, Final, Self, TypeVar

import ydb
from ydb.aio.driver import Driver
from ydb.aio.query import QuerySessionPool, QueryTxContext

from core.display import safe
from core.errors import BadInput
from core.target.ydb_errors import FOREIGN, REPEATED, Meaning, meaning, to_error
from core.target.ydb_tls import why_unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from ydb.aio.query.base import AsyncResponseContextIterator

    from core.target.open_table import TableLogin
    from core.target.shape import Row
    from core.target.ydb_address import YdbAddress

T = TypeVar("T")

CALL: Final = ydb.BaseRequestSettings().with_timeout(10).with_operation_timeout(9)
"""Without settings a call may take 600 s."""
DDL: Final = ydb.BaseRequestSettings().with_timeout(60).with_operation_timeout(55)

_CONNECT_S: Final = 5
_STOP_S: Final = 5
_BROKEN_OFF_S: Final = 0
_SESSIONS: Final = 4
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 4.0
PATIENCE_S: Final = 300.0

# Without a handler of their own the SDK's loggers print tracebacks to the terminal; at DEBUG they
# write every request, a login's password with it (I9).
logging.getLogger("ydb").addHandler(logging.NullHandler())
logging.getLogger("ydb").setLevel(logging.INFO)


class YdbClient:
    """A driver, its query sessions, and how long to be patient with them."""

    def __init__(self, driver: Driver, where: str, patience_s: float) -> None:
        self.driver = driver
        self.where = where
        self._patience_s = patience_s
        plain = (
            ydb.QueryClientSettings()
            .with_native_json_in_result_sets(enabled=False)
            .with_native_timestamp_in_result_sets(enabled=False)
        )
        self._pool = QuerySessionPool(driver, size=_SESSIONS, query_client_settings=plain)
        self.is_open = True

    @classmethod
    async def connect(
        cls, address: YdbAddress, login: TableLogin, patience_s: float = PATIENCE_S
    ) -> Self:
        """Log in and reach the database, within seconds: the first contact is not repeated.

        Raises Denied, BadInput (database, certificate), NodeUnreachable.
        """
        where = safe(str(address))
        config = ydb.DriverConfig(
            endpoint=address.endpoint,
            database=address.database,
            root_certificates=await asyncio.to_thread(_certificates, login.ca_file),
            disable_discovery=not address.discovery,
        )
        # The SDK only ever says that time ran out, and takes 10 s for it: ask by ourselves first.
        problem = await why_unreachable(address, login.ca_file)
        if problem:
            raise problem
        try:
            config.credentials = await _log_in(config, login)
            driver = Driver(driver_config=config)
        except FOREIGN as error:
            raise to_error(error, where) from error
        try:
            await driver.wait(_CONNECT_S, fail_fast=True)
            return cls(driver, where, patience_s)
        except FOREIGN as error:
            await _stop(driver)
            raise to_error(error, where) from error
        except BaseException:
            # whoever broke it off waits: a silent server would hold the stop for all of its time
            await _stop(driver, _BROKEN_OFF_S)
            raise

    async def call(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        busy: Callable[[], None] | None = None,
    ) -> T:
        """Repeat `attempt` while it may succeed; it has to repeat safely.

        busy: called at each answer that asks for less. Raises what `to_error` makes of the last
        error, NodeUnreachable or NoAnswer only after the patience given.
        """
        began = time.monotonic()
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                return await attempt()
            except FOREIGN as error:
                what = meaning(error)
                late = time.monotonic() - began + wait_s > self._patience_s
                if what not in REPEATED or late:
                    raise to_error(error, self.where) from error
                if what is Meaning.BUSY and busy:
                    busy()
            # Jitter only: no secret depends on it.
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    async def query(
        self,
        text: str,
        parameters: Mapping[str, object] | None = None,
        *,
        busy: Callable[[], None] | None = None,
    ) -> list[Row]:
        """Run one statement by itself; return its rows, Json as text, times as microseconds."""

        async def attempt() -> list[Row]:
            async with self._pool.checkout(CALL.timeout) as session:
                return await _rows(
                    await session.execute(text, dict(parameters or {}), settings=CALL)
                )

        return await self.call(attempt, busy=busy)

    async def explain(self, text: str, parameters: Mapping[str, object]) -> str:
        """Return the plan of a statement, as the server words it."""

        async def attempt() -> str:
            async with self._pool.checkout(CALL.timeout) as session:
                return str(await session.explain(text, dict(parameters)))

        return await self.call(attempt)

    async def define(self, text: str) -> None:
        """Run one DDL statement."""

        async def attempt() -> None:
            async with self._pool.checkout(CALL.timeout) as session:
                await _rows(await session.execute(text, settings=DDL))

        await self.call(attempt)

    async def transact(self, work: Callable[[YdbTransaction], Awaitable[T]]) -> T:
        """Run `work` in a serializable transaction; a conflict runs it again."""

        async def attempt() -> T:
            async with (
                self._pool.checkout(CALL.timeout) as session,
                session.transaction(ydb.QuerySerializableReadWrite()) as tx,
            ):
                await tx.begin(CALL)
                result = await work(YdbTransaction(tx))
                await tx.commit(CALL)
                return result

        return await self.call(attempt)

    async def close(self) -> None:
        """Give sessions back and stop the driver; takes 5 s if the server is gone."""
        if not self.is_open:
            return
        self.is_open = False
        try:
            async with asyncio.timeout(_STOP_S):
                await self._pool.stop()
        except FOREIGN as error:
            logging.getLogger(__name__).info("sessions not given back: %s", type(error).__name__)
        finally:
            await _stop(self.driver)


class YdbTransaction:
    """Statements of one transaction."""

    def __init__(self, tx: QueryTxContext) -> None:
        self._tx = tx

    async def query(self, text: str, parameters: Mapping[str, object]) -> list[Row]:
        """Run one statement; return its rows."""
        async with await self._tx.execute(text, dict(parameters), settings=CALL) as results:
            return await _rows(results)


async def _rows(results: AsyncResponseContextIterator) -> list[Row]:
    return [tuple(row.values()) async for part in results for row in part.rows]


async def _log_in(config: ydb.DriverConfig, login: TableLogin) -> ydb.Credentials:
    if login.token:
        return ydb.AccessTokenCredentials(login.token.reveal())
    if not login.user:
        return ydb.AnonymousCredentials()
    password = login.password.reveal() if login.password else ""
    static = ydb.StaticCredentials(config, login.user, password)
    static.request_timeout = _CONNECT_S
    # The login blocks: a silent server would hold the event loop all that time.
    await asyncio.to_thread(lambda: static.token)
    return static


def _certificates(ca_file: Path | None) -> bytes | None:
    if ca_file is None:
        return None
    try:
        return ca_file.read_bytes()
    except OSError as error:
        raise BadInput(
            what=f"{safe(str(ca_file))} cannot be read: {safe(str(error.strerror))}",
            where="target.table_ca_file",
            remedy="Name the PEM file of the authority that signed the server's certificate.",
        ) from error


async def _stop(driver: Driver, limit_s: int = _STOP_S) -> None:
    for _ in range(2):  # a stop that raises leaves a task behind; the second one ends it
        try:
            await driver.stop(timeout=limit_s)
        except FOREIGN:
            continue
        return
