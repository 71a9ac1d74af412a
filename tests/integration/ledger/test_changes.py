"""What a round stores of a stretch of keys: all of it, or nothing; counters and digests follow."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.errors import WrongState
from core.ledger import seals
from core.ledger.changes import Changes, Round, Touch
from core.ledger.rounds import Found, RoundKind
from core.ledger.rows import FailureDraft
from core.model import ObjectState, Skip, Unrepresentable
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from pathlib import Path

    from core.ledger.ledger import Ledger
    from core.ledger.rows import EntryRow

NOTHING = Found()


@pytest.fixture
async def at(ledger: Ledger, bucket: int) -> Round:
    """Give a round over six recorded objects of one bundle."""
    await scene.planned(ledger, bucket, scene.entries(0, 6))
    await scene.recorded(ledger, bucket, 1, scene.entries(0, 6))
    return Round(await ledger.syncing.begin(7, RoundKind.FULL), 7)


async def dirty(ledger: Ledger, bucket: int, at: Round, members: list[EntryRow]) -> int:
    number = await ledger.next_bundle_id()
    found = Changes(
        cursor=members[-1][:2],
        found=Found(changed=len(members)),
        bundles=[scene.bundle_of(number, members)],
    )
    await ledger.syncing.store(at, bucket, found)
    return number


async def require_sound(ledger: Ledger, path: Path) -> None:
    await ledger.recount()
    with closing(sqlite3.connect(path / "ledger.db")) as conn:
        assert seals.broken(conn) == []


def held(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path / "ledger.db")) as conn:
        return conn.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - ours


async def test_old_content_is_waste_once_the_new_is_recorded_and_not_before(
    ledger: Ledger, bucket: int, at: Round, tmp_path: Path
) -> None:
    members = scene.entries(1, 2)
    number = await dirty(ledger, bucket, at, members)
    assert (len(held(tmp_path, "moved")), held(tmp_path, "waste")) == (2, [])
    await require_sound(ledger, tmp_path)
    await scene.recorded(ledger, bucket, number, members)
    assert held(tmp_path, "moved") == []
    ((bundle, dead, _),) = held(tmp_path, "waste")
    assert (bundle, dead) == (1, 2)
    await require_sound(ledger, tmp_path)


async def test_an_object_that_failed_keeps_what_the_target_has_of_it_until_it_is_recorded(
    ledger: Ledger, bucket: int, at: Round, tmp_path: Path
) -> None:
    (entry,) = scene.entries(1, 1)
    number = await dirty(ledger, bucket, at, [entry])
    why = FailureDraft(key=entry[0], version=b"", phase="copy", code="unreadable", text="why")
    await ledger.record(number, [scene.row(bucket, entry, ObjectState.FAILED)], failures=[why])
    assert (len(held(tmp_path, "moved")), held(tmp_path, "waste")) == (1, [])
    await require_sound(ledger, tmp_path)
    again = await dirty(ledger, bucket, at, [entry])
    await scene.recorded(ledger, bucket, again, [entry])
    assert held(tmp_path, "moved") == []
    assert [row[:2] for row in held(tmp_path, "waste")] == [(1, 1)]
    assert await ledger.failures() == []
    await require_sound(ledger, tmp_path)


async def test_i4_a_page_with_an_object_that_is_open_is_refused_whole(
    ledger: Ledger, bucket: int, at: Round, tmp_path: Path
) -> None:
    await dirty(ledger, bucket, at, scene.entries(1, 1))
    before = held(tmp_path, "objects"), held(tmp_path, "counters"), held(tmp_path, "rounds")
    with pytest.raises(WrongState):
        await dirty(ledger, bucket, at, scene.entries(0, 3))
    gone = Changes(cursor=(b"z", b""), found=NOTHING, gone=[scene.entries(1, 1)[0][:2]])
    with pytest.raises(WrongState):
        await ledger.syncing.store(at, bucket, gone)
    unknown = Changes(cursor=(b"z", b""), found=NOTHING, gone=[(b"nobody", b"")])
    with pytest.raises(WrongState):
        await ledger.syncing.store(at, bucket, unknown)
    assert before == (
        held(tmp_path, "objects"),
        held(tmp_path, "counters"),
        held(tmp_path, "rounds"),
    )
    await require_sound(ledger, tmp_path)


async def test_a_tombstone_and_its_undoing_leave_everything_as_it_was(
    ledger: Ledger, bucket: int, at: Round, tmp_path: Path
) -> None:
    (entry,) = scene.entries(2, 1)
    before = held(tmp_path, "objects")
    gone = Changes(cursor=(b"z", b""), found=NOTHING, gone=[entry[:2]])
    await ledger.syncing.store(at, bucket, gone)
    assert (await ledger.counters()).gone == 1
    assert await ledger.rounds.due_count() == 1
    await require_sound(ledger, tmp_path)
    await ledger.syncing.store(at, bucket, Changes(cursor=(b"z", b""), found=NOTHING, back=[entry]))
    assert held(tmp_path, "objects") == before
    await require_sound(ledger, tmp_path)


async def test_a_touch_changes_stamps_alone(
    ledger: Ledger, bucket: int, at: Round, tmp_path: Path
) -> None:
    (entry,) = scene.entries(2, 1)
    touch = Touch(*entry[:2], 99, 98, 97, b"e", 5)
    found = Changes(cursor=(b"z", b""), found=NOTHING, touched=[touch])
    await ledger.syncing.store(at, bucket, found)
    await require_sound(ledger, tmp_path)
    row = (await ledger.rounds.stored(bucket, b"", entry[0], 10))[-1]
    assert (row.state, row.ino, row.mtime_ns, row.ctime_ns) == (ObjectState.RECORDED, 99, 98, 97)
    assert (row.size_bytes, row.bundle, row.mh) == (entry[2], 1, 5)


async def test_what_is_gone_at_a_round_may_come_as_a_skip_and_as_an_object_again(
    ledger: Ledger, bucket: int, at: Round, tmp_path: Path
) -> None:
    (entry,) = scene.entries(2, 1)
    gone = Changes(cursor=(b"z", b""), found=NOTHING, gone=[entry[:2]])
    await ledger.syncing.store(at, bucket, gone)
    await ledger.clearing.applied(await ledger.waste.tombstones(10))
    skip = Skip(*entry[:2], Unrepresentable.SYMLINK, "a symlink")
    skipped = Changes(cursor=(b"z", b""), found=NOTHING, skips=[skip])
    await ledger.syncing.store(at, bucket, skipped)
    counted = await ledger.counters()
    assert (counted.skipped, counted.gone, dict(counted.classes)) == (1, 0, {"symlink": 1})
    await require_sound(ledger, tmp_path)
    await dirty(ledger, bucket, at, [entry])
    counted = await ledger.counters()
    assert (counted.skipped, counted.remaining, dict(counted.classes)) == (0, 1, {})
    assert await ledger.failures() == []
    await require_sound(ledger, tmp_path)
