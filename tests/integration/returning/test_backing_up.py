"""A set of backups holds what a fence may cost, and a full way back brings it to its places."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.backup import FOLDER, Part
from core.config.knobs import Knobs
from core.config.schema import Blue, Cutover, Haproxy, Traffic
from core.cutover.backups import newest, open_set, opened
from core.cutover.mode import Mode
from core.cutover.rollback_plan import BackWish, Way
from core.engine.returning.backing_up import back_up, wanted
from core.engine.returning.full import OWN, bring_back, digests
from core.errors import Broken, Refused, VgwmError
from core.verdict import Verdict
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.returning.ground import flipped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.config.schema import Workspace
    from core.engine.engine import Engine


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    ground = make_ground(tmp_path, objects=10, buckets=1)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as made:
        await migrate(made)
        yield made


def _etc(folder: Path) -> dict[str, Path]:
    """What a gateway and a load balancer are made of."""
    etc = folder / "etc"
    (etc / "iam").mkdir(parents=True)
    texts = {"map": "/ blue\n", "cfg": "global\n", "conf": f"VGW_IAM_DIR={etc}/iam\n"}
    texts |= {"unit": "[Service]\n", "binary": "\x7fELF old"}
    paths = {}
    for name, text in texts.items():
        paths[name] = etc / f"gateway.{name}"
        paths[name].write_text(text)
    paths["binary"].chmod(0o755)
    paths["iam"] = etc / "iam" / "users.json"
    paths["iam"].write_text("{}")
    paths["iam"].chmod(0o600)
    return paths


def _with(workspace: Workspace, paths: dict[str, Path]) -> Workspace:
    return msgspec.structs.replace(
        workspace,
        traffic=Traffic(
            haproxy=(
                Haproxy(
                    name="lb-1",
                    socket=paths["map"].with_name("sock"),
                    map=paths["map"],
                    config=paths["cfg"],
                ),
            )
        ),
        cutover=Cutover(
            blue=Blue(config=(paths["conf"],), unit=paths["unit"], binary=paths["binary"])
        ),
    )


async def test_a_set_holds_everything_and_opens(engine: Engine, tmp_path: Path) -> None:
    workspace = _with(engine.workspace, _etc(tmp_path))
    made = await back_up(engine.path / "ledger.db", workspace, engine.path)
    found = open_set(made, workspace.id).found
    assert {one.part for one in found.files} == set(Part)
    assert found.absent == []
    gate = await opened(engine.path / FOLDER, workspace.id, wanted(workspace))
    assert gate.verdict is Verdict.PASS
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert list((engine.path / FOLDER).glob(".*")) == []


async def test_a_file_of_blue_s_that_is_not_there_is_a_warning_by_name(
    engine: Engine, tmp_path: Path
) -> None:
    paths = _etc(tmp_path)
    paths["unit"].unlink()
    workspace = _with(engine.workspace, paths)
    await back_up(engine.path / "ledger.db", workspace, engine.path)
    gate = await opened(engine.path / FOLDER, workspace.id, wanted(workspace))
    assert gate.verdict is Verdict.WARN
    assert "gateway.unit" in gate.evidence


@pytest.mark.parametrize("name", ["map", "cfg"])
async def test_a_load_balancer_s_file_that_cannot_be_kept_refuses_the_step(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    paths = _etc(tmp_path)
    paths[name].unlink()
    paths[name].mkdir()
    workspace = _with(engine.workspace, paths)
    with pytest.raises(Refused, match="cannot be kept: this is no file") as raised:
        await back_up(engine.path / "ledger.db", workspace, engine.path)
    assert paths[name].name in raised.value.where
    assert not list((engine.path / FOLDER).iterdir())
    assert (await opened(engine.path / FOLDER, workspace.id, ())).verdict is Verdict.FAIL


async def test_without_a_table_no_set_is_left(engine: Engine, tmp_path: Path) -> None:
    workspace = _with(engine.workspace, _etc(tmp_path))
    gone = msgspec.structs.replace(
        workspace, target=msgspec.structs.replace(workspace.target, path=tmp_path / "nowhere")
    )
    with pytest.raises(VgwmError):
        await back_up(engine.path / "ledger.db", gone, engine.path)
    assert newest(engine.path / FOLDER) is None
    assert not list((engine.path / FOLDER).iterdir())


async def _kept(tmp_path: Path, engine: Engine) -> tuple[dict[str, Path], Workspace, Path]:
    paths = _etc(tmp_path)
    workspace = _with(engine.workspace, paths)
    made = await back_up(engine.path / "ledger.db", workspace, engine.path)
    return paths, workspace, made


async def test_a_full_way_back_brings_the_files_and_sets_the_present_ones_aside(
    engine: Engine, tmp_path: Path
) -> None:
    paths, workspace, made = await _kept(tmp_path, engine)
    digests_ = digests(open_set(made, workspace.id).found.of(*OWN))
    paths["conf"].write_text("new = configuration\n")
    paths["binary"].unlink()
    async with flipped(tmp_path / "world", folder_of=engine.path) as world:
        facts = await world.facts(BackWish(way=Way.FULL), backups=digests_)
        ground = await world.ground(facts)
        await bring_back(ground)
        await bring_back(ground)  # repeatable: nothing is left to do
    assert "VGW_IAM_DIR" in paths["conf"].read_text()
    assert paths["binary"].read_bytes() == b"\x7fELF old"
    assert stat.S_IMODE(paths["binary"].stat().st_mode) == 0o755
    aside = list(paths["conf"].parent.glob("*.set-aside"))
    assert [one.read_text() for one in aside] == ["new = configuration\n"]


async def test_a_backup_that_was_changed_brings_nothing_back(
    engine: Engine, tmp_path: Path
) -> None:
    paths, workspace, made = await _kept(tmp_path, engine)
    digests_ = digests(open_set(made, workspace.id).found.of(*OWN))
    copy = next(made.glob("*binary*"))
    copy.write_bytes(b"\x7fELF evil")
    paths["conf"].write_text("new\n")
    async with flipped(tmp_path / "world", folder_of=engine.path) as world:
        ground = await world.ground(await world.facts(BackWish(way=Way.FULL), backups=digests_))
        with pytest.raises(Broken, match="changed since it was kept"):
            await bring_back(ground)
    assert paths["conf"].read_text() == "new\n"


async def test_another_backup_than_was_confirmed_is_refused(engine: Engine, tmp_path: Path) -> None:
    paths, workspace, made = await _kept(tmp_path, engine)
    digests_ = digests(open_set(made, workspace.id).found.of(*OWN))
    paths["conf"].write_text("new\n")
    await back_up(engine.path / "ledger.db", workspace, engine.path)
    async with flipped(tmp_path / "world", folder_of=engine.path) as world:
        ground = await world.ground(await world.facts(BackWish(way=Way.FULL), backups=digests_))
        with pytest.raises(Refused, match="holds other files than was confirmed"):
            await bring_back(ground)


async def test_blue_is_restarted_by_the_operator_s_command(engine: Engine, tmp_path: Path) -> None:
    paths, workspace, made = await _kept(tmp_path, engine)
    told = tmp_path / "told.json"
    restart = Blue(restart=("/bin/sh", "-c", f"cat > {told}"))
    async with flipped(tmp_path / "world", folder_of=engine.path, blue=restart) as world:
        kept = digests(open_set(made, workspace.id).found.of(*OWN))
        facts = await world.facts(BackWish(way=Way.FULL), backups=kept)
        await world.back(facts)
        assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert json.loads(told.read_text())["op"] == "restart"
    assert paths["unit"].read_text() == "[Service]\n"
