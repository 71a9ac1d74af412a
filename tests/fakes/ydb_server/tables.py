"""A table: its description as it was asked for, and the SQL that keeps it in SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.ydb_server.values import Type, is_optional, primitive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.ydb_server.protos import table


class Table:
    def __init__(self, request: table.CreateTableRequest) -> None:
        self.request = request
        self.path: str = request.path
        self.sql = quoted(f"t:{self.path}")
        self.reload()

    def reload(self) -> None:
        """Read the description again, after it was altered."""
        self.columns: dict[str, Type] = {c.name: c.type for c in self.request.columns}
        self.key = list(self.request.primary_key)
        self.not_null = {c.name for c in self.request.columns if not is_optional(c.type)}
        self.indexes = {index.name: index for index in self.request.indexes}

    @property
    def has_sync_index(self) -> bool:
        return any(not self.is_async(name) for name in self.indexes)

    def is_async(self, index: str) -> bool:
        return bool(self.indexes[index].WhichOneof("type") == "global_async_index")

    def definitions(self) -> Iterator[str]:
        columns = ", ".join(
            f"{quoted(name)} {primitive(kind).storage}"
            f"{' NOT NULL' if name in self.not_null else ''}"
            for name, kind in self.columns.items()
        )
        yield f"CREATE TABLE {self.sql} ({columns}, PRIMARY KEY ({names(self.key)})) WITHOUT ROWID"
        for index in self.indexes.values():
            yield (
                f"CREATE INDEX {self.index_sql(index.name)} "
                f"ON {self.sql} ({names(list(index.index_columns))})"
            )

    def index_sql(self, index: str) -> str:
        return quoted(f"i:{self.path}/{index}")

    def upsert(self, columns: list[str]) -> str:
        """Columns not named keep their values."""
        sets = ", ".join(
            f"{quoted(name)} = excluded.{quoted(name)}" for name in columns if name not in self.key
        )
        return (
            f"INSERT INTO {self.sql} ({names(columns)}) VALUES "  # noqa: S608 - quoted names
            f"({', '.join('?' * len(columns))}) ON CONFLICT ({names(self.key)}) DO "
            f"{'UPDATE SET ' + sets if sets else 'NOTHING'}"
        )


def quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def names(columns: list[str]) -> str:
    return ", ".join(quoted(column) for column in columns)
