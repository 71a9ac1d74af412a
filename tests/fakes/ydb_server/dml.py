"""UPSERT from AS_TABLE, SELECT and DELETE, rewritten to SQLite. A small subset."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

from tests.fakes.ydb_server.answers import Answer
from tests.fakes.ydb_server.protos import Status, value
from tests.fakes.ydb_server.tables import quoted
from tests.fakes.ydb_server.values import Scalar, Type, named, optional, scalar, scalars, unwrap

if TYPE_CHECKING:
    import sqlite3

    from tests.fakes.ydb_server.store import Store
    from tests.fakes.ydb_server.tables import Table
    from tests.fakes.ydb_server.yql import Token


class Result(NamedTuple):
    columns: list[tuple[str, Type]]
    rows: list[tuple[Scalar, ...]]


class Parameters:
    """The typed parameters of a query."""

    def __init__(self, sent: dict[str, value.TypedValue]) -> None:
        self._sent = sent

    def get(self, name: str) -> value.TypedValue:
        if name not in self._sent:
            raise Answer(Status.GENERIC_ERROR, f"Missing value for parameter: {name}")
        return self._sent[name]


def upsert(
    store: Store, connection: sqlite3.Connection, tokens: list[Token], parameters: Parameters
) -> None:
    """UPSERT INTO t SELECT * FROM AS_TABLE($rows)."""
    target = store.find(tokens[2].text)
    low = [token.low for token in tokens]
    if "as_table" not in low:
        raise Answer(Status.UNSUPPORTED, "UPSERT without AS_TABLE is outside the subset")
    sent = parameters.get(tokens[low.index("as_table") + 2].text)
    members = sent.type.list_type.item.struct_type.members
    columns = [member.name for member in members]
    for name in columns:
        if name not in target.columns:
            raise Answer(Status.GENERIC_ERROR, f"No such column: {name}")
    missing = [name for name in target.key if name not in columns]
    if missing:
        text = f"Missing key column in input: {missing[0]} for table: {target.path}"
        raise Answer(Status.PRECONDITION_FAILED, text)
    rows = [
        [scalar(member.type, cell) for member, cell in zip(members, item.items, strict=True)]
        for item in sent.value.items
    ]
    connection.executemany(target.upsert(columns), rows)


def run(
    store: Store,
    connection: sqlite3.Connection,
    tokens: list[Token],
    parameters: Parameters,
    *,
    stale: bool,
) -> Result | None:
    """SELECT or DELETE; None for a statement without rows."""
    rewriting = _Rewriting(store, connection, parameters, stale=stale)
    try:
        cursor = connection.execute(rewriting.sql(tokens), rewriting.arguments)
        if cursor.description is None:
            return None
        names = [description[0] for description in cursor.description]
        rows = cursor.fetchall()
    finally:
        rewriting.drop_lists()
    return _typed(names, rows, rewriting.columns)


class _Rewriting:
    """One statement on its way to SQLite."""

    def __init__(
        self,
        store: Store,
        connection: sqlite3.Connection,
        parameters: Parameters,
        *,
        stale: bool,
    ) -> None:
        self.arguments: dict[str, Scalar] = {}
        self.columns: dict[str, Type] = {}
        self._store = store
        self._connection = connection
        self._parameters = parameters
        self._stale = stale
        self._lists: list[str] = []

    def sql(self, tokens: list[Token]) -> str:
        out: list[str] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.low == "from":
                table = self._store.find(tokens[at + 1].text)
                self.columns.update(table.columns)
                out += ["FROM", table.sql]
                at += 2
                if at < len(tokens) and tokens[at].low == "view":
                    self._view(table, tokens[at + 1].bare)
                    at += 2
                continue
            out.append(self._word(token, in_list=bool(out) and out[-1].lower() == "in"))
            at += 1
        return " ".join(out)

    def drop_lists(self) -> None:
        for name in self._lists:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{quoted(name)}")

    def _word(self, token: Token, *, in_list: bool) -> str:
        if token.kind == "parameter":
            sent = self._parameters.get(token.text)
            if in_list:
                return self._list(sent)
            self.arguments[token.text[1:]] = scalar(sent.type, sent.value)
            return f":{token.text[1:]}"
        if token.kind == "path":
            return quoted(token.bare)
        return "=" if token.text == "==" else token.text

    def _list(self, sent: value.TypedValue) -> str:
        """A List parameter becomes a table: SQLite takes few parameters in one statement."""
        name = f"list_{uuid.uuid4().hex}"
        self._connection.execute(f"CREATE TEMP TABLE {quoted(name)} (v PRIMARY KEY)")
        self._lists.append(name)
        rows = [(item,) for item in scalars(unwrap(sent.type), sent.value)]
        self._connection.executemany(
            f"INSERT OR IGNORE INTO temp.{quoted(name)} VALUES (?)",  # noqa: S608 - made here
            rows,
        )
        return f"(SELECT v FROM temp.{quoted(name)})"  # noqa: S608 - made here

    def _view(self, table: Table, index: str) -> None:
        if index not in table.indexes:
            text = f"Required global index not found, index name: {index}"
            raise Answer(Status.SCHEME_ERROR, text)
        # The documentation says so; status and text are a guess.
        if table.is_async(index) and not self._stale:
            text = f"Async index {index} may be read only in StaleRO mode"
            raise Answer(Status.GENERIC_ERROR, text)


def _typed(names: list[str], rows: list[tuple[Scalar, ...]], columns: dict[str, Type]) -> Result:
    """Types by the schema's columns, else by the first value there is."""
    kinds = []
    for at, name in enumerate(names):
        kind = columns.get(name)
        if kind is None:
            first = next((row[at] for row in rows if row[at] is not None), None)
            kind = optional(named("Utf8")) if isinstance(first, str) else named("Uint64")
        kinds.append((name, kind))
    return Result(kinds, rows)
