"""`vgwm plan`: what it must agree with, what it leaves behind."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.conftest import OBJECTS
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def home(ws: Path, tmp_path: Path) -> AsyncIterator[Path]:
    yield tmp_path
    await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)


async def test_the_guides_options_are_taken_where_they_agree(
    ws: Path, gateway: Path, home: Path
) -> None:
    output = home / "plan.json"
    ran = await vgwm(
        *("plan", "-w", str(ws), "--source-backend", "posix", "--source-path", str(gateway)),
        *("--target-backend", "dir", "--output", str(output)),
        home=home,
    )
    assert ran.code == 0, ran.err
    written = json.loads(output.read_text())
    assert written["id"] == "9f2c1a7e"
    assert written["objects"] == len(OBJECTS)
    shown = await vgwm("plan", "show", "-w", str(ws), "--json", home=home)
    assert shown.result() == written
    lines = (await vgwm("plan", "show", "-w", str(ws), home=home)).out.splitlines()
    sizes = [line for line in lines if line.startswith(("  empty", "  <= "))]
    assert len({line.rindex("  ") for line in sizes if "  " in line}) == 1, sizes
    agreed = await vgwm("status", "-w", str(ws), "--plan", str(output), home=home)
    assert agreed.code == 0, agreed.err


@pytest.mark.parametrize(
    "words",
    [
        ["--source-backend", "s3"],
        ["--source-path", "/another"],
        ["--target-backend", "ipfs"],
    ],
    ids=" ".join,
)
async def test_another_source_or_target_is_refused(
    words: list[str], ws: Path, tmp_path: Path
) -> None:
    ran = await vgwm("plan", "-w", str(ws), *words, home=tmp_path)
    assert ran.code == 5
    assert words[0] in ran.err
    assert not (ws / "ledger.db").exists()


async def test_slices_beside_others_of_vgwm_yaml_are_refused(ws: Path, tmp_path: Path) -> None:
    with (ws / "vgwm.yaml").open("a") as file:
        file.write("cutover: {slices: {one: [photos]}}\n")
    ran = await vgwm("plan", "-w", str(ws), "--slice", "two=docs", home=tmp_path)
    assert ran.code == 5
    assert "vgwm.yaml names other slices" in ran.err
    assert not (ws / "ledger.db").exists()


async def test_an_output_that_exists_is_refused_before_anything_runs(
    ws: Path, tmp_path: Path
) -> None:
    output = tmp_path / "plan.json"
    output.write_text("precious")
    ran = await vgwm("plan", "-w", str(ws), "--output", str(output), home=tmp_path)
    assert ran.code == 5
    assert output.read_text() == "precious"
    assert not (ws / "ledger.db").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [(b'{"id":"00000000"}', 5), (b"no plan", 2), (b'{"hash":"x"}', 2), (b'{"id":"\xff"}', 2)],
)
async def test_a_foreign_plan_is_refused(
    content: bytes, code: int, ws: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_bytes(content)
    ran = await vgwm("copy", "-w", str(ws), "--plan", str(plan), home=tmp_path)
    assert ran.code == code


async def test_show_without_a_plan_is_the_wrong_state(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("plan", "-w", str(ws), "show", home=tmp_path)
    assert ran.code == 3
    assert "vgwm plan" in ran.err


async def test_i4_what_the_target_cannot_show_is_listed_by_name(
    ws: Path, gateway: Path, home: Path
) -> None:
    os.setxattr(gateway / "photos/z", "user.backup", b"tape 7")
    (gateway / "docs" / "pipe").parent.mkdir(exist_ok=True)
    os.mkfifo(gateway / "docs" / "pipe")
    nobody = await vgwm("plan", "show", "--cannot-carry", "-w", str(ws), home=home)
    assert nobody.code == 3, nobody.err
    assert (await vgwm("plan", "-w", str(ws), home=home)).code == 0
    assert (await vgwm("copy", "-w", str(ws), home=home)).code == 0
    shown = await vgwm("plan", "show", "--cannot-carry", "--json", "-w", str(ws), home=home)
    left = [json.loads(line) for line in shown.out.splitlines()]
    told = {(one["object"], one["why"], one["whole"]) for one in left}
    assert ("docs/pipe", "special_file", True) in told
    assert ("photos/z", "foreign_xattr", False) in told
    (foreign,) = (one for one in left if one["why"] == "foreign_xattr")
    assert "backup" in foreign["what"]
    status = await vgwm("status", "--json", "-w", str(ws), home=home)
    assert status.code == 0
    plan = await vgwm("plan", "show", "-w", str(ws), home=home)
    assert "cannot carry" in plan.out
