"""Green's own gateways refuse writes behind R1, and what came in by another way is not lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.schema import Gateway
from core.cutover.fleet import Fleet
from core.cutover.mode import Mode
from core.cutover.reading import Trouble
from core.cutover.rollback_plan import Green
from core.cutover.states import State
from core.engine.returning.outside import NamedGreen
from core.errors import Broken, NoAnswer
from tests.unit.cutover.wobbly import Wobbly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.integration.returning.ground import World

LOOSE = Trouble("green-1", "its state is open, not fenced")


async def test_they_are_held_before_blue_is_opened_though_load_balancers_fence(
    world: World,
) -> None:
    held: dict[Mode, bool] = {}
    named = Gateway(name="green-1", side="green", address="g:1", fence=("/bin/true",))
    world.workspace = msgspec.structs.replace(world.workspace, gateways=(named,))

    def look() -> None:
        world.watch()
        held.update({one.mode: world.green.held for one in world.balancers})

    for one in world.balancers:
        one.on_change = look
    await world.back()
    assert (held[Mode.BLUE_RO], held[Mode.BLUE]) == (True, True)
    assert any("stay fenced" in text for text in await world.said())


async def test_one_that_answers_and_is_not_held_opens_green(world: World) -> None:
    world.green.cannot_hold = [LOOSE]
    with pytest.raises(NoAnswer, match="do not refuse writes: green-1"):
        await world.back()
    assert {one.mode for one in world.balancers} == {Mode.GREEN}
    assert await world.state() == State.GREEN_LIVE


async def test_a_silent_one_is_said_and_holds_up_nobody(world: World) -> None:
    world.green.cannot_hold = world.green.silent_ = [LOOSE]
    await world.back()
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert any("load balancers alone fence green-1" in text for text in await world.said())


async def test_giving_up_opens_the_gateways_that_were_held(world: World) -> None:
    world.green.unproven = [Trouble("lb-2", "PutObject: 200")]
    with pytest.raises(NoAnswer, match="not proven"):
        await world.back()
    assert not world.green.held


async def test_with_a_dead_gateway_the_others_are_not_waited_for(world: World) -> None:
    world.green.is_ = Green.GATEWAY_DEAD
    await world.back()
    assert not world.green.held
    assert {one.mode for one in world.balancers} == {Mode.BLUE}


async def test_a_write_that_comes_in_behind_the_fence_is_carried_before_blue_opens(
    world: World,
) -> None:
    await world.accepted(b"a")
    world.copy.late = [[b"late"]]
    await world.back()
    assert world.copy.carried == [b"a", b"late"]
    assert {one.mode for one in world.balancers} == {Mode.BLUE}


async def test_writes_that_do_not_end_open_green(world: World) -> None:
    world.copy.late = [[b"%d" % number] for number in range(9)]
    with pytest.raises(Broken, match="green takes writes behind its fence"):
        await world.back()
    assert {one.mode for one in world.balancers} == {Mode.GREEN}


async def test_a_load_balancer_that_is_reloaded_while_it_is_fenced_opens_green(
    world: World,
) -> None:
    first = world.balancers[0]

    def reload() -> None:
        world.watch()
        first.process = "2"

    first.on_change = reload
    with pytest.raises(NoAnswer, match="lb-1 was reloaded inside of the fence"):
        await world.back()
    assert {one.mode for one in world.balancers} == {Mode.GREEN}


DIAL = """#!{python} -I
import json, pathlib, sys  # a gateway's three commands
told, state = json.load(sys.stdin), pathlib.Path(sys.argv[1])
if told["op"] != "state":
    state.write_text(told["op"])
print(json.dumps({{"state": "fenced" if state.read_text() == "fence" else "open"}}))
"""


async def test_one_with_commands_is_held_and_proven_beside_its_load_balancers(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    dial, state = tmp_path / "dial", tmp_path / "state"
    dial.write_text(DIAL.format(python=sys.executable))
    dial.chmod(0o755)
    state.write_text("open")
    argv = (str(dial), str(state))
    closed = "http://127.0.0.1:1"
    workspace = msgspec.structs.replace(
        world.workspace,
        gateways=(
            Gateway(name="able", side="green", address=closed, fence=argv, open=argv, state=argv),
            Gateway(name="bare", side="green", address=closed),
        ),
    )
    green = NamedGreen(workspace, Fleet([Wobbly("lb-1")]))
    assert await green.hold(["photos"], "r") == []
    assert state.read_text() == "fence"
    (unproven,) = await green.prove_fenced(["photos"], "r")
    assert unproven.name.startswith("able ")
    assert [one.name for one in await green.silent(["photos"])] == ["able", "bare"]
    alone = NamedGreen(workspace, Fleet([Wobbly("dns", modes=frozenset({Mode.BLUE, Mode.GREEN}))]))
    assert [one.name for one in await alone.hold(["photos"], "r")] == ["bare"]


async def test_where_nobody_can_fence_it_that_is_said(world: World) -> None:
    dns = Fleet([Wobbly("dns", modes=frozenset({Mode.BLUE, Mode.GREEN}))])
    (trouble,) = await NamedGreen(world.workspace, dns).hold(["photos"], "r")
    assert "nobody can fence it" in trouble.why


async def test_one_that_forgot_its_fence_is_fenced_before_blue_where_it_alone_holds_green(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that was begun anew behind R1: load balancers that know blue and green alone."""
    dns = world.balancers.pop()
    world.balancers[:] = [dns]
    dns.modes, dns.busy_now = frozenset({Mode.BLUE, Mode.GREEN}), [None]
    plain, held = world.green.hold, 0

    async def canary(buckets: Sequence[str], run: str) -> list[Trouble]:
        assert buckets
        assert run
        world.green.held = False
        world.green.cannot_hold = [LOOSE]
        return []

    async def hold(buckets: Sequence[str], run: str) -> list[Trouble]:
        nonlocal held
        held += 1
        if held == 4:  # once in R1, and twice in vain behind it
            world.green.cannot_hold = []
        return await plain(buckets, run)

    def look() -> None:
        world.watch()
        assert world.green.held

    monkeypatch.setattr(world.blue, "canary", canary)
    monkeypatch.setattr(world.green, "hold", hold)
    dns.on_change = look
    await world.back()
    assert (dns.mode, held) == (Mode.BLUE, 4)
    assert any("blue: green-1: its state is open" in text for text in await world.said())
