"""CREATE, DROP and ALTER TABLE, as far as the project writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.ydb_server.answers import Answer
from tests.fakes.ydb_server.protos import Status, table
from tests.fakes.ydb_server.values import optional
from tests.fakes.ydb_server.yql import Token, type_at

if TYPE_CHECKING:
    from tests.fakes.ydb_server.store import Store


def run(store: Store, tokens: list[Token]) -> None:
    words = [token.low for token in tokens]
    if words[1] != "table":
        raise Answer(Status.UNSUPPORTED, f"{words[0]} {words[1]} is outside the subset")
    at = 2
    conditional = words[2] == "if"
    if conditional:
        at = words.index("exists") + 1
    path = store.absolute(tokens[at].text)
    if words[0] == "drop":
        store.drop(path, if_there=conditional)
    elif words[0] == "alter":
        _alter(store, path, tokens[at + 1 :])
    else:
        store.create(_definition(path, tokens[at + 2 :]), if_absent=conditional)


def _alter(store: Store, path: str, tokens: list[Token]) -> None:
    """ADD COLUMN name type, DROP COLUMN name; the same of a CHANGEFEED."""
    name = tokens[2].bare
    if tokens[1].low == "changefeed":
        if tokens[0].low == "drop":
            store.topics.drop(path, name)
        else:
            store.topics.add(store.find(path), name, _keeps_s(tokens))
        return
    if tokens[0].low == "drop":
        store.drop_column(path, name)
        return
    kind, _ = type_at(tokens, 3)
    store.add_column(path, table.ColumnMeta(name=name, type=optional(kind)))


def _keeps_s(tokens: list[Token]) -> int:
    """How long a changefeed keeps its messages; barriers and stamps are a must here."""
    words = [token.low for token in tokens]
    options = dict(zip(words, words[2:], strict=False))
    wanted = ("mode", "format", "virtual_timestamps", "barriers_interval")
    if any(option not in options for option in wanted):
        raise Answer(Status.UNSUPPORTED, "a changefeed outside of the stand-in's subset")
    at = words.index("retention_period") + 4
    hours = words[at].strip("'\"")
    return int(hours.removeprefix("pt").removesuffix("h")) * 3600


def _definition(path: str, tokens: list[Token]) -> table.CreateTableRequest:
    """Columns, indexes and key between the parentheses; WITH (..) after them sets partitions."""
    request = table.CreateTableRequest(path=path)
    at = 0
    while True:
        word = tokens[at].low
        if word == "primary":
            key, at = _names(tokens, at + 3)
            request.primary_key.extend(key)
        elif word == "index":
            at = _index(tokens, at + 1, request.indexes.add())
        else:
            at = _column(tokens, at, request)
        if tokens[at].text == ")":
            break
        at += 1
    _partitions(tokens[at + 1 :], request.partitioning_settings)
    return request


def _names(tokens: list[Token], at: int) -> tuple[list[str], int]:
    """Names up to a closing parenthesis, and where the next thing stands."""
    found = []
    while tokens[at].text != ")":
        if tokens[at].text != ",":
            found.append(tokens[at].bare)
        at += 1
    return found, at + 1


def _column(tokens: list[Token], at: int, request: table.CreateTableRequest) -> int:
    name = tokens[at].bare
    kind, at = type_at(tokens, at + 1)
    not_null = False
    while tokens[at].text not in {",", ")"}:
        not_null = not_null or tokens[at].low == "not"
        at += 1
    request.columns.add(name=name, type=kind if not_null else optional(kind))
    return at


def _index(tokens: list[Token], at: int, index: table.TableIndex) -> int:
    index.name = tokens[at].bare
    kinds = set()
    while tokens[at].low != "on":
        kinds.add(tokens[at].low)
        at += 1
    kind = "global_index"
    if "async" in kinds:
        kind = "global_async_index"
    elif "unique" in kinds:
        kind = "global_unique_index"
    getattr(index, kind).SetInParent()
    columns, at = _names(tokens, at + 2)
    index.index_columns.extend(columns)
    return at


def _partitions(tokens: list[Token], settings: table.PartitioningSettings) -> None:
    words = [token.low for token in tokens]
    for name, value in zip(words, words[2:], strict=False):
        if name == "auto_partitioning_by_load":
            settings.partitioning_by_load = 1 if value == "enabled" else 2
        elif name == "auto_partitioning_min_partitions_count":
            settings.min_partitions_count = int(value)
        elif name == "auto_partitioning_max_partitions_count":
            settings.max_partitions_count = int(value)
