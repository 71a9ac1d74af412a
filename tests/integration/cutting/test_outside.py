"""Load balancers as an engine knows them: a gate each by its name, what they do told at once."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from core.config.schema import DirTarget, Gateway, Haproxy, PosixSource, Traffic, Workspace
from core.cutover.fence_proof import Shown
from core.cutover.fleet import Fleet, Outcome, Way
from core.cutover.gateway import Hold
from core.cutover.mode import Mode, Side
from core.engine.cutting.outside import Outside
from core.engine.outcry import Outcry
from core.verdict import Verdict
from tests.integration.cutting.scene import Green, staged, until
from tests.unit.cutover.wobbly import Whim, Wobbly

if TYPE_CHECKING:
    from pathlib import Path

    from core.ledger.ledger import Ledger

RUN = "9f2c1a7e-5"


def workspace(folder: Path, *names: str) -> Workspace:
    """Return one with load balancers that are not there."""
    (folder / "gw").mkdir()
    there = [
        Haproxy(name=name, socket=folder / name, map=folder / "vgwm.map", config=folder / "cfg")
        for name in names
    ]
    return Workspace(
        id="9f2c1a7e",
        source=PosixSource(path=folder / "gw"),
        target=DirTarget(path=folder / "out"),
        traffic=Traffic(haproxy=tuple(there)),
    )


@pytest.mark.parametrize(
    ("names", "gates"),
    [(("lb-1", "west"), ["lb-1", "lb-west"]), (("lb-1", "1"), ["lb-lb-1", "lb-1"])],
)
async def test_each_load_balancer_has_a_gate_of_its_own_name(
    tmp_path: Path, names: tuple[str, ...], gates: list[str]
) -> None:
    async with staged(tmp_path) as stage:
        outside = Outside(workspace(tmp_path, *names), stage.ledger, tmp_path, Green())
        found = await outside.gates((), 0, ["lb"])
        assert [one.name for one in found] == gates


async def test_an_engine_tells_at_once_which_load_balancer_does_not_follow(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        outside = Outside(workspace(tmp_path, "lb-1"), stage.ledger, tmp_path, Green())
        way = Way(writer=Side.BLUE, back=Mode.BLUE)
        moved = await outside.fleet.reach((), Mode.BLUE_RO, RUN, way)
        assert moved.outcome is Outcome.REFUSED
        await _told(stage.ledger, "load balancer lb-1: ")


async def test_one_that_was_reloaded_in_a_step_is_told_and_the_same_trouble_once(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        late, again = Wobbly("lb-1"), Wobbly("lb-2", whims=[Whim.REFUSE] * 4)
        late.on_change = lambda: setattr(late, "process", f"{late.process}1")
        fleet = Fleet((late, again), say=Outcry(stage.ledger))
        for _ in range(2):
            await fleet.reach((), Mode.BLUE_RO, RUN, Way(writer=Side.BLUE))
        await _told(stage.ledger, "load balancer lb-1: it was restarted or reloaded meanwhile")
        refused = [line for line in await _lines(stage.ledger) if "it answers a text" in line]
        assert refused == ["load balancer lb-2: it answers a text"]


async def test_a_bucket_that_is_gone_and_keys_that_were_changed_keep_no_gateway_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers: clients wait for it, whatever it says of our account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPROBE00000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-this-test")
    word = ("true",)
    gateway = Gateway(
        name="gw", side="blue", address="127.0.0.1:1", fence=word, open=word, state=word
    )
    shown = [
        Shown(door="gw", bucket="gone", hold=Hold.UNKNOWN, why="404 NoSuchBucket", of_us=True),
        Shown(door="gw", bucket="shut", hold=Hold.FENCED, why="403 AccessDenied"),
    ]

    async def looked(*_: object) -> list[Shown]:
        await asyncio.sleep(0)
        return shown

    monkeypatch.setattr("core.engine.cutting.outside.look_fenced", looked)
    async with staged(tmp_path) as stage:
        named = structs.replace(workspace(tmp_path, "lb-1"), gateways=(gateway,))
        outside = Outside(named, stage.ledger, tmp_path, Green())
        assert [one.why for one in await outside.answering(())] == ["shut is fenced"]


@pytest.mark.parametrize("mode", [Mode.GREEN, Mode.BLUE_RO])
async def test_a_load_balancer_that_is_not_at_blue_is_a_red_gate(
    tmp_path: Path, mode: Mode
) -> None:
    async with staged(tmp_path) as stage:
        outside = Outside(workspace(tmp_path, "lb-1"), stage.ledger, tmp_path, Green())
        outside.fleet = Fleet((Wobbly("lb-1"), Wobbly("lb-2", mode)))
        found = {one.name: one for one in await outside.gates((), 0, ["lb"])}
        assert found["lb-1"].verdict is Verdict.PASS
        assert found["lb-2"].verdict is Verdict.FAIL
        assert found["lb-2"].evidence == f"it is not at blue but {mode}"


async def test_a_green_that_a_way_back_left_fenced_holds_up_a_run_before_its_fence(
    tmp_path: Path,
) -> None:
    """However young its canary is: clients would be switched to where nobody may write."""
    told = (sys.executable, "-S", "-c", """print('{"state": "fenced"}')""")
    green = Gateway(
        name="green-1", side="green", address="127.0.0.1:1", fence=told, open=told, state=told
    )
    async with staged(tmp_path) as stage:
        named = structs.replace(workspace(tmp_path), gateways=(green,))
        outside = Outside(named, stage.ledger, tmp_path, Green())
        outside.fleet = Fleet((Wobbly("lb-1"),))
        (trouble,) = await outside.ready((), RUN)
        assert trouble.startswith("green-1: its state is fenced: run its `open` command")


async def _lines(ledger: Ledger) -> list[str]:
    return [row.text for row in await ledger.events(0, 1_000) if row.kind == "traffic"]


async def _told(ledger: Ledger, text: str) -> None:
    """Return once an event says it."""

    async def told() -> bool:
        return any(line.startswith(text) for line in await _lines(ledger))

    async with asyncio.timeout(10):
        await until(told)
