"""`vgwm set`: knobs listed and set, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.control.wire import state as wire
from tests.fakes.desk import FakeDesk, asked, snapshot
from tests.integration.cli.desk import serving
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

KNOBS = [wire.Knob(name="workers", value="10", default="10", bounds="0..256")]


async def test_values_go_to_the_engine_as_they_were_written(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(knobs=KNOBS))
    async with serving(ws, desk):
        ran = await vgwm(
            *("set", "workers=5", "bandwidth=50MiB/s", "-w", str(ws), "--actor", "op1"),
            home=tmp_path,
        )
    assert ran.code == 0, ran.err
    (told,) = asked(desk.told)
    assert told == (
        "knobs",
        wire.KnobRequest(values={"workers": "5", "bandwidth": "50MiB/s"}, actor="op1"),
    )


@pytest.mark.parametrize("word", ["workers", "=5", "workers=5 workers=6"])
async def test_what_is_no_pair_is_refused_before_anything_is_set(
    word: str, ws: Path, tmp_path: Path
) -> None:
    desk = FakeDesk(snapshot(knobs=KNOBS))
    async with serving(ws, desk):
        ran = await vgwm("set", *word.split(), "-w", str(ws), home=tmp_path)
    assert ran.code == 2
    assert desk.told == []


async def test_the_engines_refusal_comes_through(ws: Path, tmp_path: Path) -> None:
    async with serving(ws, FakeDesk(snapshot(knobs=KNOBS))):
        ran = await vgwm("set", "colour=red", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 2
    assert ran.error()["what"] == "no knob colour"


async def test_without_an_engine_the_list_comes_from_the_workspace(
    ws: Path, tmp_path: Path
) -> None:
    ran = await vgwm("set", "-w", str(ws), home=tmp_path)
    assert ran.code == 0
    assert "workers" in ran.out
    assert "0..256" in ran.out
