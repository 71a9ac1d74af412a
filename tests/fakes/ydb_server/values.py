"""Types and values: YDB's names, the protobuf's fields, SQLite's classes."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from tests.fakes.ydb_server.answers import Answer
from tests.fakes.ydb_server.protos import Status, value

Type: TypeAlias = value.Type
Value: TypeAlias = value.Value
Scalar: TypeAlias = str | bytes | int | float | bool | None
NULL: Final = Value(null_flag_value=0)


class Primitive(NamedTuple):
    name: str
    field: str
    storage: str


_PRIMITIVES: Final = {
    Type.BOOL: Primitive("Bool", "bool_value", "INTEGER"),
    Type.INT32: Primitive("Int32", "int32_value", "INTEGER"),
    Type.UINT32: Primitive("Uint32", "uint32_value", "INTEGER"),
    Type.INT64: Primitive("Int64", "int64_value", "INTEGER"),
    Type.UINT64: Primitive("Uint64", "uint64_value", "INTEGER"),
    Type.DOUBLE: Primitive("Double", "double_value", "REAL"),
    Type.TIMESTAMP: Primitive("Timestamp", "uint64_value", "INTEGER"),
    Type.STRING: Primitive("String", "bytes_value", "BLOB"),
    Type.UTF8: Primitive("Utf8", "text_value", "TEXT"),
    Type.JSON: Primitive("Json", "text_value", "TEXT"),
    Type.JSON_DOCUMENT: Primitive("JsonDocument", "text_value", "TEXT"),
}
_BY_NAME: Final = {known.name.lower(): number for number, known in _PRIMITIVES.items()}


def primitive(kind: Type) -> Primitive:
    """What a primitive type is, optional or not."""
    bare = unwrap(kind)
    found = _PRIMITIVES.get(bare.type_id)
    if bare.WhichOneof("type") != "type_id" or found is None:
        raise Answer(Status.UNSUPPORTED, "a type outside the stand-in's subset")
    return found


def named(name: str) -> Type:
    number = _BY_NAME.get(name.lower())
    if number is None:
        raise Answer(Status.GENERIC_ERROR, f"Unknown simple type '{name}'")
    return Type(type_id=number)


def is_optional(kind: Type) -> bool:
    return bool(kind.WhichOneof("type") == "optional_type")


def unwrap(kind: Type) -> Type:
    while is_optional(kind):
        kind = kind.optional_type.item
    return kind


def optional(kind: Type) -> Type:
    return kind if is_optional(kind) else Type(optional_type=value.OptionalType(item=kind))


def scalar(kind: Type, sent: Value) -> Scalar:
    """A primitive value as Python's."""
    if sent.WhichOneof("value") == "null_flag_value":
        return None
    found: Scalar = getattr(sent, primitive(kind).field)
    return found


def scalars(kind: Type, sent: Value) -> list[Scalar]:
    """A List of primitives."""
    return [scalar(kind.list_type.item, item) for item in sent.items]


def result_set(columns: list[tuple[str, Type]], rows: list[tuple[Scalar, ...]]) -> value.ResultSet:
    answer = value.ResultSet()
    for name, kind in columns:
        answer.columns.add(name=name, type=kind)
    fields = [primitive(kind).field for _, kind in columns]
    for row in rows:
        cells = [
            NULL if cell is None else Value(**{field: cell})
            for field, cell in zip(fields, row, strict=True)
        ]
        answer.rows.append(Value(items=cells))
    return answer
