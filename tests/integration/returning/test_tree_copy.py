"""Blue's tree restored: with every attribute, held against the ledger, then served."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import Blue
from core.cutover.mode import Mode
from core.cutover.rollback_plan import BackWish, Way
from core.engine.reins import Reins
from core.engine.returning.data import restore_tree, switch_tree
from core.engine.returning.tree_copy import TreeCopy
from core.errors import BadInput, Refused, WrongState
from core.model import JobKind
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.returning.ground import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def _copy(origin: Path, to: Path) -> TreeCopy:
    to.mkdir()
    copy = TreeCopy(origin, to)
    for _ in copy.steps():
        pass
    return copy


def _seen(root: Path) -> dict[str, tuple[object, ...]]:
    """All that `rsync -aHAX` would keep, by name."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        at = path.lstat()
        names = os.listxattr(path, follow_symlinks=False)
        found[str(path.relative_to(root))] = (
            at.st_mode,
            at.st_uid,
            at.st_gid,
            at.st_mtime_ns,
            at.st_nlink,
            {name: os.getxattr(path, name, follow_symlinks=False) for name in names},
            path.read_bytes() if path.is_file() else path.readlink() if path.is_symlink() else b"",
        )
    return found


def _tree(root: Path) -> Path:
    folder = root / "photos" / "deep"
    folder.mkdir(parents=True)
    os.setxattr(root / "photos", "user.acl", b"{}")
    file = folder / "a"
    file.write_bytes(b"x" * 3_000_000)
    os.setxattr(file, "user.etag", b'"5d"')
    os.setxattr(file, "user.X-Amz-Meta.odd", b"\x00\xff")
    file.chmod(0o640)
    os.utime(file, ns=(1, 1_234_567_890_123_456_789))
    (folder / "hard").hardlink_to(file)
    (folder / "soft").symlink_to("a")
    (folder / "empty").touch()
    os.utime(folder, ns=(1, 1_111_111_111_000_000_001))
    return root


def test_a_tree_comes_back_with_all_that_the_gateway_keeps_in_it(tmp_path: Path) -> None:
    origin, to = _tree(tmp_path / "origin"), tmp_path / "to"
    copy = _copy(origin, to)
    assert _seen(to) == _seen(origin)
    assert copy.files == 3  # a hard link is no file more


def test_a_copy_broken_off_goes_on(tmp_path: Path) -> None:
    origin, to = _tree(tmp_path / "origin"), tmp_path / "to"
    to.mkdir()
    steps = TreeCopy(origin, to).steps()
    next(steps)
    steps.close()
    for _ in TreeCopy(origin, to).steps():
        pass
    assert _seen(to) == _seen(origin)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[World, Path]]:
    """A workspace behind its flip whose ledger knows a migrated tree, and a backup of that."""
    ground = make_ground(tmp_path, objects=10, buckets=1)
    make_workspace(ground, Knobs(workers=1))
    shutil.copytree(ground.source, tmp_path / "backup", symlinks=True)
    async with engine_on(ground) as engine:
        await migrate(engine)
        made = await World.over(engine, tmp_path)
        await made.flip()
        yield made, tmp_path / "backup"


def _wish(backup: Path, to: Path) -> BackWish:
    return BackWish(way=Way.DATA, origin=str(backup), to=str(to))


def _link_command(tmp_path: Path) -> Blue:
    """A command that lets blue's path show the new tree, as docs/rollback.md tells."""
    script = tmp_path / "restart.sh"
    script.write_text(
        "#!/bin/sh\n"
        'root=$(sed -n \'s/.*"root": *"\\([^"]*\\)".*/\\1/p\')\n'
        f'mv {tmp_path}/gw {tmp_path}/gw.old && ln -s "$root" {tmp_path}/gw\n'
    )
    script.chmod(0o755)
    return Blue(restart=(str(script),))


async def test_a_data_way_back_serves_a_new_tree_and_the_old_one_stays(
    world: tuple[World, Path], tmp_path: Path
) -> None:
    made, backup = world
    made.blue_files(_link_command(tmp_path))
    before = _seen(tmp_path / "gw")
    await made.accepted(b"a")
    await made.back(await made.facts(_wish(backup, tmp_path / "new")))
    assert {one.mode for one in made.balancers} == {Mode.BLUE}
    assert (tmp_path / "gw").resolve() == tmp_path / "new"
    assert _seen(tmp_path / "gw.old") == before
    assert made.copy.carried == [b"a"]


async def test_what_green_took_is_carried_to_the_new_tree_once_more(
    world: tuple[World, Path], tmp_path: Path
) -> None:
    made, backup = world
    made.blue_files(_link_command(tmp_path))
    await made.accepted(b"a")
    reins = Reins(id=1, kind=JobKind.ROLLBACK)
    await made.copy.finish(reins)
    await made.back(await made.facts(_wish(backup, tmp_path / "new")))
    assert made.copy.carried == [b"a", b"a"]


async def test_a_tree_that_blue_serves_by_now_is_not_restored_over(
    world: tuple[World, Path], tmp_path: Path
) -> None:
    made, backup = world
    made.blue_files(_link_command(tmp_path))
    ground = await made.ground(await made.facts(_wish(backup, tmp_path / "new")))
    reins = Reins(id=1, kind=JobKind.ROLLBACK)
    await restore_tree(ground, reins)
    await switch_tree(ground)
    carried = tmp_path / "gw" / "bucket0" / "d0" / "k0000"
    carried.write_bytes(b"green's, carried here")
    with pytest.raises(Refused, match="blue serves that folder by now"):
        await restore_tree(ground, reins)
    await restore_tree(ground, reins, again=True)  # behind its fence: it is there already
    assert carried.read_bytes() == b"green's, carried here"


async def test_a_backup_that_lacks_a_key_or_has_another_content_switches_nothing(
    world: tuple[World, Path], tmp_path: Path
) -> None:
    made, backup = world
    made.blue_files(_link_command(tmp_path))
    (backup / "bucket0" / "d0" / "k0000").unlink()
    (backup / "bucket0" / "d1" / "k0001").write_bytes(b"rotten")
    ground = await made.ground(await made.facts(_wish(backup, tmp_path / "new")))
    with pytest.raises(Refused, match="2 keys are not in the restored tree") as caught:
        await restore_tree(ground, Reins(id=1, kind=JobKind.ROLLBACK))
    assert "d0/k0000" in caught.value.what
    assert {one.mode for one in made.balancers} == {Mode.GREEN}


async def test_a_folder_that_exists_is_never_written_over(
    world: tuple[World, Path], tmp_path: Path
) -> None:
    made, backup = world
    made.blue_files(_link_command(tmp_path))
    (tmp_path / "new").mkdir()
    ground = await made.ground(await made.facts(_wish(backup, tmp_path / "new")))
    with pytest.raises(Refused, match="is there already"):
        await restore_tree(ground, Reins(id=1, kind=JobKind.ROLLBACK))
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("to", ["backup/inside", "none/new"])
async def test_folders_that_make_no_sense_are_refused(
    world: tuple[World, Path], tmp_path: Path, to: str
) -> None:
    made, backup = world
    made.blue_files(_link_command(tmp_path))
    ground = await made.ground(await made.facts(_wish(backup, tmp_path / to)))
    with pytest.raises(BadInput):
        await restore_tree(ground, Reins(id=1, kind=JobKind.ROLLBACK))


async def test_a_command_that_does_not_switch_the_tree_is_seen(
    world: tuple[World, Path], tmp_path: Path
) -> None:
    made, backup = world
    made.blue_files(Blue(restart=("/bin/true",)))
    ground = await made.ground(await made.facts(_wish(backup, tmp_path / "new")))
    await restore_tree(ground, Reins(id=1, kind=JobKind.ROLLBACK))
    with pytest.raises(WrongState, match="is not the restored tree"):
        await switch_tree(ground)
