"""A new table held against the one in use: counted and carried as a model says, at page borders."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from core.engine.keeping import held_against
from core.engine.keeping.held_against import Against, Comparison
from core.target import profile as profiles
from core.target.objects import START
from core.target.objects_sqlite import SqliteTable
from core.target.table_sets import NEW
from tests.integration.target_table.making import WORKSPACE, make_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.target.shape import Row

PROFILE = profiles.load("guide")
THEIRS = '{"etag":"x","v":1}'


async def go_on() -> None:
    """Nothing holds a test."""


@pytest.fixture
async def table(tmp_path: Path) -> AsyncIterator[SqliteTable]:
    opened = await SqliteTable.open(tmp_path / "objects.db", PROFILE)
    yield opened
    await opened.close()


def ours(key: str, cid: str) -> Row:
    return make_rows(PROFILE, "b", [key], cid=cid)[0]


def others(key: str) -> Row:
    return (*ours(key, "bafk-green")[:6], THEIRS, 2)


def expected(old: dict[str, Row], new: dict[str, Row]) -> tuple[Against, dict[str, Row]]:
    """What the merge has to say, and what the new table has to hold then."""
    told, held = Against(filled=len(new)), dict(new)
    for key in sorted(old.keys() | new.keys()):
        was, is_ = old.get(key), new.get(key)
        if was == is_:
            told.same += 1
        elif was is not None and was[6] == THEIRS:
            told.carried += 1
            held[key] = was
        elif was is None:
            told.added += 1
        elif is_ is None:
            told.removed += 1
        else:
            told.changed += 1
    told.held = len(held)
    return told, held


@pytest.mark.parametrize("seed", range(12))
async def test_every_row_is_counted_once_and_others_are_carried(
    table: SqliteTable, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(held_against, "PAGE", 3)
    rng = random.Random(seed)  # noqa: S311 - test data, the same every time
    names = [f"k{n:02d}" for n in range(30)]
    old = {
        key: others(key) if rng.random() < 0.4 else ours(key, rng.choice("ab"))
        for key in names
        if rng.random() < 0.6
    }
    new = {key: ours(key, rng.choice("ab")) for key in names if rng.random() < 0.6}
    beside = await table.beside(NEW)
    await table.ensure()
    await beside.ensure()
    await table.upsert([old[key] for key in sorted(old)])
    await beside.upsert([new[key] for key in sorted(new)])
    want, held = expected(old, new)
    assert await Comparison(PROFILE, WORKSPACE, go_on, carry=True).of(table, beside) == want
    assert await beside.scan(START, 100) == [held[key] for key in sorted(held)]


async def test_a_restore_carries_nobodys_rows(table: SqliteTable) -> None:
    beside = await table.beside(NEW)
    await table.ensure()
    await beside.ensure()
    await table.upsert([others("a"), others("b")])
    await beside.upsert([ours("b", "x")])
    told = await Comparison(PROFILE, WORKSPACE, go_on, carry=False).of(table, beside)
    assert told == Against(changed=1, removed=1, filled=1, held=1)
    assert await beside.scan(START, 10) == [ours("b", "x")]


async def test_a_row_that_nobody_can_read_is_not_carried(table: SqliteTable) -> None:
    """Broken metadata is what a rebuild is for."""
    beside = await table.beside(NEW)
    await table.ensure()
    await beside.ensure()
    await table.upsert([(*ours("a", "x")[:6], "no json", 2)])
    await beside.upsert([ours("a", "x")])
    told = await Comparison(PROFILE, WORKSPACE, go_on, carry=True).of(table, beside)
    assert told == Against(changed=1, filled=1, held=1)
