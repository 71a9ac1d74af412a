"""Bad input is said at once, with its place and a remedy, and nothing is begun (exit 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

LONG = "x" * 300


async def test_a_workspace_whose_name_no_file_system_takes(gateway: Path, tmp_path: Path) -> None:
    ran = await vgwm(
        *("init", "-w", str(tmp_path / LONG), "--source", f"posix:{gateway}"),
        *("--target", f"dir:{tmp_path / 'out'}"),
        home=tmp_path,
    )
    assert ran.code == 2, ran.err
    assert "File name too long" in ran.err


@pytest.mark.parametrize("name", ["nowhere/plan.json", LONG])
async def test_a_place_for_the_plan_is_looked_at_before_the_walk(
    name: str, ws: Path, tmp_path: Path
) -> None:
    ran = await vgwm("plan", "-w", str(ws), "--output", str(tmp_path / name), home=tmp_path)
    assert ran.code == 2, ran.err
    assert not (ws / "ledger.db").exists()


async def test_a_target_that_is_a_file_is_no_target(ws: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    ran = await vgwm("target", "init", "-w", str(ws), home=tmp_path)
    assert ran.code == 2, ran.err
    assert "is no directory" in ran.err
    assert (tmp_path / "out").read_text() == "mine"


async def test_a_knob_out_of_bounds_names_the_file(ws: Path, tmp_path: Path) -> None:
    text = (ws / "vgwm.yaml").read_text()
    assert "workers: 2" in text
    (ws / "vgwm.yaml").write_text(text.replace("workers: 2", "workers: 999"))
    ran = await vgwm("status", "--json", "-w", str(ws), home=tmp_path)
    assert ran.code == 2
    assert ran.error()["where"].endswith("vgwm.yaml, knob workers")


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "watch"])
async def test_a_job_below_one_is_no_job(verb: str, ws: Path, tmp_path: Path) -> None:
    ran = await vgwm(verb, "-w", str(ws), "--", "-1", home=tmp_path)
    assert ran.code == 2
    assert "not in the range" in ran.err


async def test_a_list_of_megabytes_in_a_line_is_not_repeated_whole(
    ws: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "list"
    listed.write_text("no-slash" * 400_000)
    ran = await vgwm("retry", "-w", str(ws), "--from", str(listed), home=tmp_path)
    assert ran.code == 2
    assert len(ran.err) < 2_000
