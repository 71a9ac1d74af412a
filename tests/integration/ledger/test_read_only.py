from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.errors import SchemaMismatch, WrongState
from core.ledger.ledger import Ledger
from core.model import BundleState
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65_534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter: pytest's own are their maker's alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def copied(source: Path, to: Path, *names: str) -> None:
    to.mkdir()
    for name in names:
        shutil.copy(source / name, to / name)


def copy_sealed(path: Path, folder: Path) -> None:
    shutil.copy(path, folder / path.name)
    (folder / path.name).chmod(0o444)
    folder.chmod(0o555)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_reader_beside_a_living_engine_sees_each_commit(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    reader = await Ledger.read_only(tmp_path / "ledger.db")
    for n in range(5):
        members = scene.entries(10 * n, 10)
        number = await scene.planned(ledger, bucket, members)
        assert (await reader.counters()).objects == 10 * (n + 1)
        await scene.recorded(ledger, bucket, number, members)
        assert (await reader.counters()).migrated == 10 * (n + 1)
    assert await reader.last_epoch() == 1
    await reader.recount()
    await reader.close()


async def test_a_reader_does_not_change_the_file_of_an_engine_that_is_down(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    await scene.planned(ledger, bucket, scene.entries(0, 50))
    await ledger.close()
    before = digest(tmp_path / "ledger.db")
    reader = await Ledger.read_only(tmp_path / "ledger.db")
    assert len(await reader.in_states(BundleState.PLANNED)) == 1
    assert await reader.identity() == scene.IDENTITY
    await reader.verify_chain()
    await reader.close()
    assert digest(tmp_path / "ledger.db") == before
    again = await scene.opened(tmp_path)
    assert (again.epoch, again.clean) == (2, True)
    await again.close()


async def test_i5_a_reader_sees_what_a_killed_engine_committed_and_leaves_it_in_place(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    await scene.planned(ledger, bucket, scene.entries(0, 50))
    left = tmp_path / "left"
    copied(tmp_path, left, "ledger.db", "ledger.db-wal")
    before = digest(left / "ledger.db"), digest(left / "ledger.db-wal")
    reader = await Ledger.read_only(left / "ledger.db")
    assert (await reader.counters()).objects == 50
    await reader.close()
    assert (digest(left / "ledger.db"), digest(left / "ledger.db-wal")) == before
    again = await scene.opened(left)
    assert (again.clean, (await again.counters()).objects) == (False, 50)
    await again.close()


async def test_without_a_ledger_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(WrongState, match="no ledger here"):
        await Ledger.read_only(tmp_path / "ledger.db")


async def test_a_foreign_file_is_not_read(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "ledger.db").touch)
    with pytest.raises(SchemaMismatch):
        await Ledger.read_only(tmp_path / "ledger.db")


async def test_i4_no_reader_ever_sees_half_a_change(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    reader = await Ledger.read_only(tmp_path / "ledger.db")
    ended = asyncio.Event()

    async def look() -> int:
        looks = 0
        while not ended.is_set():
            await reader.recount()
            counted = await reader.counters()
            assert counted.objects % 20 == 0
            assert counted.migrated % 20 == 0
            looks += 1
        return looks

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        for n in range(15):
            members = scene.entries(20 * n, 20)
            number = await scene.planned(ledger, bucket, members)
            await scene.recorded(ledger, bucket, number, members)
        ended.set()
    assert looking.result() > 1
    await reader.close()


async def test_a_ledger_that_nobody_can_write_beside_is_read_all_the_same(
    ledger: Ledger, tmp_path: Path, open_folder: Path
) -> None:
    await ledger.close()
    copy_sealed(tmp_path / "ledger.db", open_folder)
    root = os.geteuid() == 0
    if root:  # root writes everywhere
        os.seteuid(NOBODY)
    try:
        reader = await Ledger.read_only(open_folder / "ledger.db")
        assert await reader.identity() == scene.IDENTITY
        await reader.close()
    finally:
        if root:
            os.seteuid(0)
