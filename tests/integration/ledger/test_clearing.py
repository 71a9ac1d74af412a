"""Tombstones, spent bundles and survivors in the ledger: counted, sealed, and refused when late."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.errors import WrongState
from core.ledger import bundle_contents
from core.ledger.bundles import Copy
from core.ledger.changes import Changes, Round
from core.ledger.rounds import Found, RoundKind
from core.model import Cid
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.ledger.ledger import Ledger
    from core.ledger.rows import EntryRow

JOB = 3


async def _recorded(ledger: Ledger, bucket: int, members: Sequence[EntryRow]) -> int:
    number = await scene.planned(ledger, bucket, members)
    await scene.recorded(ledger, bucket, number, members)
    return number


async def _round(
    ledger: Ledger,
    bucket: int,
    *,
    gone: Sequence[EntryRow] = (),
    changed: Sequence[EntryRow] = (),
) -> tuple[int, int]:
    """Store a round that found these; return its number, and that of the changed ones' bundle."""
    round_id = await ledger.syncing.begin(JOB, RoundKind.FULL)
    number = await ledger.next_bundle_id() if changed else 0
    await ledger.syncing.store(
        Round(round_id, JOB),
        bucket,
        Changes(
            cursor=(b"~", b""),
            found=Found(deleted=len(gone), changed=len(changed)),
            gone=[entry[:2] for entry in gone],
            bundles=[scene.bundle_of(number, changed)] if changed else [],
        ),
    )
    return round_id, number


async def _apply(ledger: Ledger) -> int:
    stones = await ledger.waste.tombstones(1_000)
    await ledger.clearing.applied(stones)
    return len(stones)


async def _sound(ledger: Ledger, path: Path) -> None:
    """Count everything again, and compute every digest again, as after a crash (I4)."""
    await ledger.recount()
    await ledger.close()
    (path / "ledger.db.sum").unlink()  # an end that nobody saw: the whole file is looked at
    again = await scene.opened(path)
    await again.close()


async def test_i4_an_applied_tombstone_stays_counted_and_sealed(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    members = scene.entries(0, 4)
    number = await _recorded(ledger, bucket, members)
    await _round(ledger, bucket, gone=members[:1])
    assert await _apply(ledger) == 1
    assert await ledger.waste.tombstones(10) == []
    counted = await ledger.counters()
    assert (counted.migrated, counted.gone) == (3, 1)
    assert await ledger.waste.spent(10) == []
    assert [
        (h.bundle, h.dead, h.dead_bytes, h.live) for h in await ledger.waste.wasteful(9, 0.2)
    ] == [(number, 1, 4_096, 3)]
    assert await ledger.waste.wasteful(9, 0.25) == []
    await _sound(ledger, tmp_path)


async def test_a_tombstone_that_was_taken_back_is_not_applied(ledger: Ledger, bucket: int) -> None:
    members = scene.entries(0, 2)
    await _recorded(ledger, bucket, members)
    await _round(ledger, bucket, gone=members)
    stones = await ledger.waste.tombstones(10)
    await ledger.clearing.applied(stones[1:])
    with pytest.raises(WrongState):
        await ledger.clearing.applied(stones)
    assert [one.key for one in await ledger.waste.tombstones(10)] == [members[0][0]]


async def test_a_bundle_is_spent_once_every_object_is_gone_or_recorded_elsewhere(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    members = scene.entries(0, 3)
    number = await _recorded(ledger, bucket, members)
    round_id, other = await _round(ledger, bucket, gone=members[:2], changed=members[2:])
    assert await ledger.waste.spent(10) == []
    await _apply(ledger)
    # the changed one's row names the old bundle until its new content is recorded
    assert await ledger.waste.spent(10) == []
    with pytest.raises(WrongState):
        await ledger.clearing.let_go([number])
    await scene.recorded(ledger, bucket, other, members[2:])
    (held,) = await ledger.waste.spent(10)
    assert (held.bundle, held.dead, held.live, held.since) == (number, 3, 0, 0)
    await ledger.clearing.note_spent([number], round_id)
    (held,) = await ledger.waste.spent(10)
    assert held.since == round_id
    await ledger.clearing.let_go([number])
    assert await ledger.waste.spent(10) == []
    kept = await ledger.bundle(number)
    assert kept is not None
    assert kept.root is None
    await _sound(ledger, tmp_path)


async def test_i4_survivors_move_to_a_bundle_of_their_own(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    members = scene.entries(0, 4)
    number = await _recorded(ledger, bucket, members)
    await _round(ledger, bucket, gone=members[1:3])
    await _apply(ledger)
    left = await ledger.waste.survivors(number)
    assert [one.key for one in left] == [members[0][0], members[3][0]]
    new = await ledger.next_bundle_id()
    copy = Copy(root=Cid(scene.ROOT[:-1] + b"n"), allocations=scene.PEERS, counts=scene.COUNTS)
    with pytest.raises(WrongState):
        await ledger.clearing.move(old=number, new=new, moved=left[:1], copy=copy, job=JOB)
    await ledger.clearing.move(old=number, new=new, moved=left, copy=copy, job=JOB)
    assert [held.bundle for held in await ledger.waste.spent(10)] == [number]
    assert await ledger.waste.survivors(new) == left
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        (kept,) = [one for one in bundle_contents.page(db, 0, 9) if one.id == new]
    assert (kept.worker, kept.again) == ("worker 0", False), "nobody carried its bytes again"
    counted = await ledger.counters()
    assert (counted.migrated, counted.bundles, counted.bundles_recorded) == (2, 2, 2)
    await _sound(ledger, tmp_path)


async def test_what_failed_since_keeps_the_bundle_that_its_row_names(
    ledger: Ledger, bucket: int
) -> None:
    members = scene.entries(0, 1)
    await _recorded(ledger, bucket, members)
    _, other = await _round(ledger, bucket, changed=members)
    await ledger.fail_bundle(other, code="io_error", text="cannot be read")
    assert await ledger.waste.spent(10) == []
    # gone at last: its row is to go, and with it the last that names the bundle
    await _round(ledger, bucket, gone=members)
    (stone,) = await ledger.waste.tombstones(10)
    assert stone.cid is None
    await ledger.clearing.applied([stone])
    assert len(await ledger.waste.spent(10)) == 1
    assert (await ledger.counters()).gone == 1


async def test_the_number_of_a_new_bundle_outlives_a_crash(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    number = await _recorded(ledger, bucket, scene.entries(0, 2))
    assert await ledger.waste.destined(number) == 0
    await ledger.clearing.destine(number, 77)
    await ledger.close()
    again = await scene.opened(tmp_path)
    try:
        assert await again.waste.destined(number) == 77
        assert await again.next_bundle_id() == 78  # nobody else gets it
    finally:
        await again.close()
