"""The flips beside the ledger: marked before `green` can be sent, and known where it is not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from core.errors import Broken, CapacityExhausted
from core.ledger import backup, flip_marks, mark
from core.ledger.cutovers import FLIP, CutoverDraft
from core.ledger.marked import SEND
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from pathlib import Path

    from core.ledger.flip_marks import Known
    from core.ledger.ledger import Ledger


async def add(ledger: Ledger, run: str, step: str, phase: str, slice_: str = "all") -> None:
    await ledger.cutting.append(
        CutoverDraft(
            run=run, slice=slice_, state="SWITCH_WRITES", step=step, phase=phase, actor="ann"
        )
    )


async def flipped(ledger: Ledger, run: str, slice_: str = "all") -> None:
    await add(ledger, run, FLIP, "done", slice_)
    await add(ledger, run, SEND, "intent", slice_)


def marked(folder: Path) -> list[tuple[str, str]]:
    return [(one.slice, one.run) for one in flip_marks.read(folder / "ledger.db")]


async def test_i5_a_flip_is_marked_before_green_is_sent_until_it_is_taken_back(
    ledger: Ledger, tmp_path: Path
) -> None:
    await add(ledger, "w-1", FLIP, "intent", "one")
    await add(ledger, "w-1", FLIP, "done", "one")
    assert marked(tmp_path) == []
    await add(ledger, "w-1", SEND, "intent", "one")
    await flipped(ledger, "w-2", "two")
    assert marked(tmp_path) == [("one", "w-1"), ("two", "w-2")]
    await add(ledger, "w-3", FLIP, "undone", "one")
    assert marked(tmp_path) == [("two", "w-2")]
    await add(ledger, "w-4", FLIP, "undone", "two")
    assert not flip_marks.beside(tmp_path / "ledger.db").exists()
    assert await ledger.cutting.unknown() == ()


async def test_i5_without_room_for_the_mark_no_row_says_that_green_is_sent(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, seen: Known) -> None:
        del seen
        raise CapacityExhausted(what="no space", where=str(path), remedy="Make room.")

    await add(ledger, "w-1", FLIP, "done")
    monkeypatch.setattr(flip_marks, "settle", full)
    with pytest.raises(CapacityExhausted):
        await add(ledger, "w-1", SEND, "intent")
    assert [row.step for row in await ledger.cutovers.of_run("w-1")] == [FLIP]
    await add(ledger, "w-1", FLIP, "undone")  # writes go back to blue all the same
    assert await ledger.cutovers.flips() == []


async def test_a_ledger_from_before_a_flip_is_known_and_keeps_the_backup_that_is_newer(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"
    ledger = await scene.opened(tmp_path)
    backup.copy_to(path, tmp_path / "before")
    await flipped(ledger, "w-1")
    assert await ledger.back_up()
    await flipped(ledger, "w-2", "two")
    assert await ledger.back_up()  # at once: it did not know the second
    assert not await ledger.back_up()
    await ledger.close()

    _put(tmp_path / "before", path)
    old = await scene.opened(tmp_path)
    await old.cutting.settle()
    unknown = await old.cutting.unknown()
    assert [one.run for one in unknown] == ["w-1", "w-2"]
    assert not await old.back_up()
    told = await old.cutting.newer(unknown)
    assert "cp ledger.db.bak ledger.db" in told
    await old.close()

    _put(tmp_path / "ledger.db.bak", path)
    new = await scene.opened(tmp_path)
    assert await new.cutting.unknown() == ()
    await add(new, "w-3", FLIP, "undone")
    assert marked(tmp_path) == [("two", "w-2")]
    await new.close()


async def test_a_later_flip_of_the_same_slice_is_another_one(tmp_path: Path) -> None:
    ledger = await scene.opened(tmp_path)
    await flipped(ledger, "w-1")
    backup.copy_to(tmp_path / "ledger.db", tmp_path / "before")
    await add(ledger, "w-2", FLIP, "undone")
    await flipped(ledger, "w-1")  # numbers of jobs come again in a ledger that was put back
    await ledger.close()
    _put(tmp_path / "before", tmp_path / "ledger.db")
    old = await scene.opened(tmp_path)
    await old.cutting.settle()
    assert len(await old.cutting.unknown()) == 1
    assert await old.cutting.newer(await old.cutting.unknown()) == ""
    await old.close()


async def test_no_ledger_is_made_anew_beside_a_flip(tmp_path: Path) -> None:
    ledger = await scene.opened(tmp_path)
    await flipped(ledger, "w-1")
    await ledger.close()
    for name in ("ledger.db", "ledger.db.sum"):
        (tmp_path / name).unlink()
    with pytest.raises(Broken, match="ledger is gone") as raised:
        await scene.opened(tmp_path)
    assert "would write over them" in raised.value.remedy


async def test_i7_marks_that_cannot_be_read_are_no_marks_that_are_not_there(
    ledger: Ledger, tmp_path: Path
) -> None:
    await flipped(ledger, "w-1")
    file = flip_marks.beside(tmp_path / "ledger.db")
    for text in ("", "[]", '{"flips":[{"run":"w-1"}]}', "\x00"):
        file.write_text(text)
        with pytest.raises(Broken, match="cannot be read"):
            await ledger.cutting.unknown()
        assert file.read_text() == text
    file.unlink()
    await ledger.cutting.settle()
    assert marked(tmp_path) == [("all", "w-1")]


def _put(copy: Path, ledger: Path) -> None:
    """Put a ledger in the place of one, as an operator does."""
    mark.remove(ledger)
    for name in ("ledger.db-wal", "ledger.db-shm"):
        ledger.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(copy, ledger)
