"""Sessions and transactions: one SQLite connection each, conflicts told as ABORTED."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.fakes.ydb_server import ddl, dml
from tests.fakes.ydb_server.answers import Answer, as_answer
from tests.fakes.ydb_server.protos import Status
from tests.fakes.ydb_server.yql import statements

if TYPE_CHECKING:
    from tests.fakes.ydb_server.dml import Parameters, Result
    from tests.fakes.ydb_server.protos import query
    from tests.fakes.ydb_server.store import Store

_MAX_TEXT_BYTES: Final = 10 * 1024
_DEFINES: Final = frozenset({"create", "drop", "alter"})
_WRITES: Final = frozenset({"upsert", "delete"})


@dataclass
class Transaction:
    connection: sqlite3.Connection
    stale: bool = False
    doomed: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass
class Session:
    id: str
    transactions: dict[str, Transaction] = field(default_factory=dict)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    busy: bool = False


class Sessions:
    """Everything that has state between two calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: dict[str, Session] = {}
        self._spare: list[sqlite3.Connection] = []

    def open(self) -> Session:
        session = Session(f"ydb://session/3?node_id=1&id={uuid.uuid4().hex}")
        self._sessions[session.id] = session
        return session

    def get(self, session_id: str) -> Session:
        found = self._sessions.get(session_id)
        if found is None:
            raise Answer(Status.BAD_SESSION, f"Session not found: {session_id}")
        return found

    def close(self, session_id: str) -> None:
        session = self._sessions.pop(session_id, None)
        if session:
            session.closed.set()
            for transaction in session.transactions.values():
                self._give_back(transaction.connection)

    def begin(self, session: Session, *, stale: bool = False) -> str:
        connection = self._take()
        connection.execute("BEGIN")
        # Reading pins the snapshot now, so that a later writer's commit is a conflict.
        connection.execute("SELECT 1 FROM __tables LIMIT 1").fetchall()
        transaction = Transaction(connection, stale=stale)
        session.transactions[transaction.id] = transaction
        return transaction.id

    def end(self, session: Session, transaction_id: str, *, commit: bool) -> None:
        transaction = session.transactions.pop(transaction_id, None)
        if transaction is None:
            if commit:
                raise Answer(Status.NOT_FOUND, f"Transaction not found: {transaction_id}")
            return  # a rollback after an abort is fine
        try:
            if commit and transaction.doomed:
                raise Answer(Status.ABORTED, "Transaction locks invalidated.")
            transaction.connection.execute("COMMIT" if commit else "ROLLBACK")
        except sqlite3.OperationalError as error:
            raise as_answer(error) from None
        finally:
            self._give_back(transaction.connection)

    def run(
        self,
        session: Session,
        text: str,
        parameters: Parameters,
        control: query.TransactionControl | None,
    ) -> tuple[list[Result], str]:
        """Run a text; its results, and the id of the transaction that stays open, or ""."""
        if session.busy:
            raise Answer(Status.SESSION_BUSY, "Pending previous query completion")
        session.busy = True
        try:
            return self._run_controlled(session, text, parameters, control)
        finally:
            session.busy = False

    def _run_controlled(
        self,
        session: Session,
        text: str,
        parameters: Parameters,
        control: query.TransactionControl | None,
    ) -> tuple[list[Result], str]:
        chosen = control.WhichOneof("tx_selector") if control is not None else None
        if control is None or chosen is None:
            return self._by_itself(text, parameters), ""
        if chosen == "tx_id":
            transaction_id = control.tx_id
        else:
            mode = control.begin_tx.WhichOneof("tx_mode")
            transaction_id = self.begin(session, stale=mode == "stale_read_only")
        transaction = session.transactions.get(transaction_id)
        if transaction is None:
            raise Answer(Status.NOT_FOUND, f"Transaction not found: {transaction_id}")
        results = self._inside(session, transaction, text, parameters)
        if control.commit_tx:
            self.end(session, transaction.id, commit=True)
            return results, ""
        return results, transaction.id

    def _inside(
        self, session: Session, transaction: Transaction, text: str, parameters: Parameters
    ) -> list[Result]:
        if transaction.doomed:
            raise Answer(Status.ABORTED, "Transaction locks invalidated.")
        try:
            return self._run(transaction.connection, text, parameters, stale=transaction.stale)
        except (Answer, sqlite3.Error) as error:
            answer = as_answer(error)
            if answer.status == Status.ABORTED:
                transaction.doomed = True  # a real server tells it at commit
                return []
            self.end(session, transaction.id, commit=False)
            raise answer from error

    def _by_itself(self, text: str, parameters: Parameters) -> list[Result]:
        connection = self._take()
        writes = any(s[0].low in _WRITES for s in statements(text))
        try:
            # A lone write waits for the writer before it instead of failing against it.
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            results = self._run(connection, text, parameters, stale=False)
            connection.execute("COMMIT")
        finally:
            self._give_back(connection)
        return results

    def _run(
        self, connection: sqlite3.Connection, text: str, parameters: Parameters, *, stale: bool
    ) -> list[Result]:
        if len(text.encode()) > _MAX_TEXT_BYTES:
            raise Answer(Status.BAD_REQUEST, f"Query text size exceeds limit ({len(text)}b)")
        results = []
        for tokens in statements(text):
            verb = tokens[0].low
            if verb in _DEFINES:
                connection.execute("COMMIT")
                ddl.run(self._store, tokens)
                connection.execute("BEGIN")
            elif verb == "upsert":
                dml.upsert(self._store, connection, tokens, parameters)
            elif verb in {"select", "delete"}:
                result = dml.run(self._store, connection, tokens, parameters, stale=stale)
                results += [result] if result else []
            else:
                text = f"Unexpected token '{tokens[0].text}' (outside the stand-in's subset)"
                raise Answer(Status.GENERIC_ERROR, text)
        return results

    def _take(self) -> sqlite3.Connection:
        try:
            return self._spare.pop()
        except IndexError:
            return self._store.connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._spare.append(connection)
