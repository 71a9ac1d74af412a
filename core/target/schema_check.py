"""Does a table look as the profile says? Pure: the databases describe, this compares.

Source: ydb.md 9, row `schema`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.model import Finding
from core.target.shape import IndexKind

if TYPE_CHECKING:
    from core.target.shape import TableShape


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundColumn:
    """A column as a database describes it. type: in the database's own words."""

    name: str
    type: str
    not_null: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundIndex:
    """An index as a database describes it. kind: None where the database knows no kinds."""

    name: str
    columns: tuple[str, ...]
    kind: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTable:
    """A table as a database describes it."""

    columns: tuple[FoundColumn, ...]
    key: tuple[str, ...]
    indexes: tuple[FoundIndex, ...]


ABSENT_TABLE: Final = "the table is absent"
"""What is said of a table that is not there."""

ABSENT: Final = "absent"
"""What is said of an index that is not there."""

_REBUILD = "Name an empty database, or a profile that fits; vgwm alters no table that exists."


def compare(shape: TableShape, found: FoundTable | None, types: dict[str, str]) -> list[Finding]:
    """Return what differs. found: None if absent. types: the database's word for each column.

    Only `fail` findings block: an absent table, another key or type, a missing column.
    """
    if found is None:
        return [_fail(shape.name, ABSENT_TABLE, "Run `vgwm target init`.")]
    findings = _columns(shape, found, types)
    if found.key != shape.key:
        findings.append(
            _fail(
                f"{shape.name} key",
                f"({_list(found.key)}) instead of ({_list(shape.key)})",
                _REBUILD,
            )
        )
    findings.extend(_indexes(shape, found))
    return findings or [
        Finding(
            verdict="pass",
            subject=shape.name,
            evidence=f"{len(shape.columns)} columns as in the profile",
            remedy="",
        )
    ]


def _columns(shape: TableShape, found: FoundTable, types: dict[str, str]) -> list[Finding]:
    findings: list[Finding] = []
    there = {column.name: column for column in found.columns}
    for column in shape.columns:
        subject = f"{shape.name}.{column.name}"
        seen = there.pop(column.name, None)
        if seen is None:
            findings.append(_fail(subject, "the column is missing", _REBUILD))
        elif seen.type != types[column.name]:
            evidence = f"type {safe(seen.type)} instead of {types[column.name]}"
            findings.append(_fail(subject, evidence, _REBUILD))
        elif seen.not_null and column.name not in shape.key:
            findings.append(_fail(subject, "NOT NULL, but values may be absent", _REBUILD))
    for extra in there.values():
        subject = f"{shape.name}.{safe(extra.name)}"
        if extra.not_null:
            findings.append(_fail(subject, "a NOT NULL column that we do not fill", _REBUILD))
        else:
            findings.append(_warn(subject, "a column that is not ours", "It stays NULL."))
    return findings


def _indexes(shape: TableShape, found: FoundTable) -> list[Finding]:
    findings = [
        _warn(
            f"{shape.name} index {safe(index.name)}",
            f"{safe(index.kind)}: no bulk upsert",
            "Rows are written by UPSERT, at about half the rate.",
        )
        for index in found.indexes
        if index.kind is not None and index.kind != IndexKind.ASYNC
    ]
    if shape.index and shape.index.columns not in {index.columns for index in found.indexes}:
        findings.append(
            _warn(
                f"{shape.name} index {shape.index.name}",
                ABSENT,
                "Looking up by CID reads the whole table until it is built.",
            )
        )
    return findings


def _fail(subject: str, evidence: str, remedy: str) -> Finding:
    return Finding(verdict="fail", subject=subject, evidence=evidence, remedy=remedy)


def _warn(subject: str, evidence: str, remedy: str) -> Finding:
    return Finding(verdict="warn", subject=subject, evidence=evidence, remedy=remedy)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(safe(name) for name in names)
