"""An operator's program that steers traffic: told and asked, failing, and too slow."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Literal

import pytest

from core.config.schema import Traffic
from core.cutover.fleet import Fleet, Outcome, Way
from core.cutover.hook import HookBalancer
from core.cutover.mode import Mode, Side
from core.errors import NoAnswer, Refused

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import json, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
told = json.loads(sys.stdin.read())
with (folder / "told").open("a") as file:
    file.write(json.dumps(told) + "\\n")
if (folder / "slow").exists():
    time.sleep(60)
if (folder / "broken").exists():
    sys.exit("no such pool")
state = folder / "state"
if told["op"] == "set":
    state.write_text(told["mode"])
print(json.dumps({"mode": state.read_text() if state.exists() else "blue"}))
"""


def hook(
    folder: Path,
    *,
    limit_s: float = 20,
    only: tuple[Literal["blue", "blue_ro", "green_ro", "green"], ...] = (),
) -> HookBalancer:
    (folder / "program.py").write_text(PROGRAM)
    argv = (sys.executable, "-I", str(folder / "program.py"), str(folder))
    traffic = Traffic(command=argv, listen=("http://127.0.0.1:8080",), modes=only)
    return HookBalancer(traffic, limit_s=limit_s)


async def test_it_is_told_a_mode_and_asked_for_it(tmp_path: Path) -> None:
    one = hook(tmp_path)
    assert await one.ready("3") == []
    await one.set(["photos"], Mode.BLUE_RO, "3")
    assert (await one.get(["photos"])).mode is Mode.BLUE_RO
    told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert [(one["v"], one["op"], one["mode"], one["slices"], one["run"]) for one in told[1:3]] == [
        (1, "set", "blue_ro", ["photos"], "3"),
        (1, "get", "", ["photos"], ""),
    ]
    assert len({one["request_id"] for one in told}) == len(told)


async def test_what_it_says_against_it_is_told_and_the_mode_is_unknown(tmp_path: Path) -> None:
    one = hook(tmp_path)
    (tmp_path / "broken").touch()
    with pytest.raises(Refused, match="no such pool"):
        await one.set((), Mode.BLUE_RO, "3")
    told = await one.get(())
    assert (told.mode, "no such pool" in told.why) == (None, True)
    assert len(await one.ready("3")) == 1


async def test_i7_one_that_does_not_end_is_unknown(tmp_path: Path) -> None:
    one = hook(tmp_path, limit_s=1.0)
    (tmp_path / "slow").touch()
    with pytest.raises(NoAnswer, match="unknown what it did"):
        await one.set((), Mode.GREEN, "3")
    assert (await one.get(())).mode is None


async def test_i10_one_that_cannot_fence_switches_only_while_the_gateways_do(
    tmp_path: Path,
) -> None:
    fleet = Fleet((hook(tmp_path, only=("blue", "green")),))
    bare = await fleet.reach((), Mode.GREEN, "3", Way(writer=Side.GREEN))
    assert bare.outcome is Outcome.REFUSED
    held = Way(writer=Side.GREEN, held=frozenset({Side.BLUE}))
    assert (await fleet.reach((), Mode.GREEN, "3", held)).reached
