"""Which rows a delete marker takes off the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.engine.copying.hiding import hidden_keys, take_off
from core.model import ObjectState
from core.target import profile as profiles
from core.target.objects_sqlite import SqliteTable
from core.target.ours import Ours
from core.target.shape import Source
from tests.integration.target_table.making import WORKSPACE, make_rows, with_value

if TYPE_CHECKING:
    from pathlib import Path

    from core.ledger.rows import RecordRow

LEAF = b"\x01\x55\x12\x20" + b"l" * 32


def row(
    key: bytes,
    version: bytes = b"",
    cid: bytes | None = None,
    state: ObjectState = ObjectState.RECORDED,
) -> RecordRow:
    return (int(state), cid, None, None, 1, 2, 3, 4, 5, key, version)


def test_a_current_marker_hides_and_nothing_else_does() -> None:
    rows = [
        row(b"marker"),
        row(b"old", b"01"),
        row(b"bytes", cid=LEAF),
        row(b"failed", state=ObjectState.FAILED),
        row(b"gone", state=ObjectState.GONE_APPLIED),
    ]
    assert hidden_keys(b"b", rows) == [("b", "marker")]


@pytest.mark.parametrize("name", ["guide", "extended"])
async def test_i10_only_our_rows_are_taken_off(name: str, tmp_path: Path) -> None:
    profile = profiles.load(name)
    table = await SqliteTable.open(tmp_path / "objects.db", profile)
    await table.ensure()
    ours = make_rows(profile, "b", ["one", "two", "three"])
    theirs = ours[1]
    if Source.METADATA in profile.objects.sources:
        theirs = with_value(profile, ours[1], Source.METADATA, '{"v":1}')
    await table.upsert([ours[0], theirs, ours[2]])
    taken = await take_off(
        table, Ours(profile, WORKSPACE), [("b", "one"), ("b", "two"), ("b", "absent")]
    )
    # rows without a mark are all ours before the cutover
    kept = [ours[2]] if name == "extended" else [ours[2], theirs]
    assert sorted(await table.read([("b", "one"), ("b", "two"), ("b", "three")])) == sorted(kept)
    assert ours[0] in taken
    await table.close()
