"""Which differences of a table block, and which are only said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import SchemaMismatch
from core.target import profile as profiles
from core.target.objects import refuse_mismatch
from core.target.schema_check import FoundColumn, FoundIndex, FoundTable, compare

SHAPE = profiles.load("guide").objects
TYPES = {column.name: column.type.value for column in SHAPE.columns}
GOOD = FoundTable(
    columns=tuple(
        FoundColumn(name=c.name, type=c.type.value, not_null=c.name in SHAPE.key)
        for c in SHAPE.columns
    ),
    key=SHAPE.key,
    indexes=(FoundIndex(name="idx_cid", columns=("cid",), kind="async"),),
)
EXTRA = FoundColumn(name="theirs\x1b[2J", type="Utf8", not_null=False)


def with_column(**changes: object) -> FoundTable:
    """GOOD with the column `size` changed."""
    columns = [
        FoundColumn(**{"name": c.name, "type": c.type, "not_null": c.not_null, **changes})  # type: ignore[arg-type]
        if c.name == "size"
        else c
        for c in GOOD.columns
    ]
    return replace(GOOD, columns=tuple(columns))


def verdicts(found: FoundTable | None) -> list[tuple[str, str]]:
    return [(f.verdict, f.subject) for f in compare(SHAPE, found, TYPES)]


def test_the_same_shape_passes() -> None:
    assert verdicts(GOOD) == [("pass", "versitygw_objects")]


@pytest.mark.parametrize(
    ("found", "subject"),
    [
        (None, "versitygw_objects"),
        (replace(GOOD, columns=GOOD.columns[:-1]), "versitygw_objects.pin_status"),
        (replace(GOOD, key=("s3_key", "bucket")), "versitygw_objects key"),
        (with_column(type="Int64"), "versitygw_objects.size"),
        (with_column(not_null=True), "versitygw_objects.size"),
        (
            replace(GOOD, columns=(*GOOD.columns, replace(EXTRA, not_null=True))),
            "versitygw_objects.theirs\\u{1b}[2J",
        ),
    ],
)
def test_what_blocks_is_named_and_raised(found: FoundTable | None, subject: str) -> None:
    assert verdicts(found) == [("fail", subject)]
    with pytest.raises(SchemaMismatch) as caught:
        refuse_mismatch(compare(SHAPE, found, TYPES), "here")
    assert subject in caught.value.what


@pytest.mark.parametrize(
    ("found", "subject"),
    [
        (
            replace(GOOD, columns=(*GOOD.columns, EXTRA)),
            "versitygw_objects.theirs\\u{1b}[2J",
        ),
        (replace(GOOD, indexes=()), "versitygw_objects index idx_cid"),
        (
            replace(GOOD, indexes=(replace(GOOD.indexes[0], kind="sync"),)),
            "versitygw_objects index idx_cid",
        ),
    ],
)
def test_what_does_not_block_is_only_said(found: FoundTable, subject: str) -> None:
    assert verdicts(found) == [("warn", subject)]
    refuse_mismatch(compare(SHAPE, found, TYPES), "here")
