"""Blue is asked before anything is fenced, and one dead gateway of it holds up nobody in R4."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from core.config.knobs import Knobs
from core.config.schema import Blue, Gateway
from core.config.schema import PrivateWriter as Settings
from core.config.secret import SecretRef
from core.cutover.backups import open_set
from core.cutover.mode import Mode
from core.cutover.reading import Trouble
from core.cutover.rollback_plan import BackWish, Green, Way
from core.cutover.states import State
from core.engine.returning import switching_back
from core.engine.returning.backing_up import back_up
from core.engine.returning.full import OWN, digests
from core.engine.returning.outside import NamedBlue, NamedCopy
from core.errors import BadInput, NoAnswer, Refused, VgwmError
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.returning.ground import World, flipped

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.reversing.reverses import Reverses

FIRST, SECOND = Trouble("gw-1", "it does not answer"), Trouble("gw-2", "it does not answer")


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching_back, "DEAD_S", 0.05)


async def test_one_dead_gateway_does_not_keep_the_others_from_their_clients(world: World) -> None:
    world.blue.closed = [[SECOND]] * 1_000
    world.blue.sick = [[SECOND]] * 1_000
    world.blue.silent_ = [SECOND]
    await world.back()
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert any("gw-2 does not answer" in text for text in await world.said())


async def test_one_that_answers_and_refuses_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching_back, "DEAD_S", 0.0)
    world.blue.closed = [[Trouble("gw-2", "fenced")]] * 3
    await world.back()
    assert world.blue.closed == []
    assert {one.mode for one in world.balancers} == {Mode.BLUE}


async def test_a_blue_of_which_nobody_answers_fences_nothing(world: World) -> None:
    world.blue.silent_ = [FIRST, SECOND]
    with pytest.raises(NoAnswer, match="no gateway of blue's answers, nothing was fenced"):
        await world.back()
    assert [one.told for one in world.balancers] == [[], []]
    assert await world.state() == State.GREEN_LIVE


@pytest.mark.parametrize("green", [Green.ALIVE, Green.GATEWAY_DEAD])
async def test_a_private_writer_that_is_missing_fences_nothing(world: World, green: Green) -> None:
    world.green.is_ = green
    world.copy.unready = BadInput(what="there is no private writer", where="-", remedy="-")
    with pytest.raises(BadInput):
        await world.back()
    assert [one.told for one in world.balancers] == [[], []]


async def test_a_dead_green_needs_no_private_writer(world: World) -> None:
    world.green.is_ = Green.DEAD
    world.copy.unready = BadInput(what="there is no private writer", where="-", remedy="-")
    await world.back()
    assert {one.mode for one in world.balancers} == {Mode.BLUE}


async def test_keys_that_are_not_there_are_noticed_by_asking(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    blue = NamedBlue(world.workspace, world.ledger.buckets)
    with pytest.raises(BadInput):
        await blue.silent(["photos"])


async def test_a_silent_gateway_is_told_from_one_that_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    named = Gateway(name="gw-1", side="blue", address="http://127.0.0.1:1")
    workspace = msgspec.structs.replace(world.workspace, gateways=(named,))
    blue = NamedBlue(workspace, world.ledger.buckets)
    assert blue.gateways == 1
    assert [one.name for one in await blue.silent(["photos"])] == ["gw-1"]
    assert {one.name for one in await blue.open(["photos"], "r")} == {"gw-1"}
    assert {one.name for one in await blue.canary(["photos"], "r")} == {"gw-1"}


async def test_a_private_writer_is_asked_before_it_is_needed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRITER", "test")
    rows, unasked = world.ledger.buckets, cast("Reverses", None)
    with pytest.raises(BadInput, match="no private writer"):
        await NamedCopy(unasked, world.ledger, rows, None).ready()
    settings = Settings(
        socket=tmp_path / "none.sock",
        access_key_ref=SecretRef.parse("env:WRITER"),
        secret_ref=SecretRef.parse("env:WRITER"),
    )
    with pytest.raises(VgwmError):
        await NamedCopy(unasked, world.ledger, rows, settings).ready()


async def test_a_restart_of_blue_that_fails_once_is_tried_again(tmp_path: Path) -> None:
    ground = make_ground(tmp_path / "engine", objects=2, buckets=1)
    make_workspace(ground, Knobs(workers=1))
    flag, config = tmp_path / "flag", tmp_path / "blue.conf"
    config.write_text("old\n")
    restart = ("/bin/sh", "-c", f"test -e {flag} || {{ touch {flag}; exit 1; }}")
    files = Blue(config=(config,), restart=restart)
    async with engine_on(ground) as engine:
        await migrate(engine)
        cutover = msgspec.structs.replace(engine.workspace.cutover, blue=files)
        workspace = msgspec.structs.replace(engine.workspace, cutover=cutover)
        made = await back_up(engine.path / "ledger.db", workspace, engine.path)
        kept = digests(open_set(made, workspace.id).found.of(*OWN))
        config.write_text("new\n")
        async with flipped(tmp_path / "world", folder_of=engine.path, blue=files) as world:
            await world.back(await world.facts(BackWish(way=Way.FULL), backups=kept))
            assert {one.mode for one in world.balancers} == {Mode.BLUE}
            assert any("blue's restart" in text for text in await world.said())
    assert config.read_text() == "old\n"


async def test_a_backup_that_is_gone_is_noticed_before_the_fence(world: World) -> None:
    with pytest.raises(Refused, match="no backup any more"):
        await world.back(await world.facts(BackWish(way=Way.FULL), backups=(("/etc/x", "ab"),)))
    assert [one.told for one in world.balancers] == [[], []]
