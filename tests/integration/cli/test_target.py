"""`vgwm target init`: shown first, made by its hash only."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path


async def test_i8_alone_it_makes_nothing(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("target", "init", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 0, ran.err
    assert "table versitygw_objects" in str(ran.result()["missing"])
    assert not (tmp_path / "out").exists()


async def test_i8_the_hash_that_was_shown_makes_what_was_shown(ws: Path, tmp_path: Path) -> None:
    shown = await vgwm("target", "init", "-w", str(ws), "--json", home=tmp_path)
    confirm = str(shown.result()["hash"])
    made = await vgwm("target", "init", "-w", str(ws), "--confirm", confirm, home=tmp_path)
    assert made.code == 0, made.err
    with sqlite3.connect(tmp_path / "out" / "objects.db") as db:
        assert db.execute("SELECT count(*) FROM versitygw_objects").fetchone() == (0,)
    again = await vgwm("target", "init", "-w", str(ws), "--json", home=tmp_path)
    assert again.result()["missing"] == []


async def test_i8_another_hash_is_refused_with_what_would_be_done(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("target", "init", "-w", str(ws), "--confirm", "00000000", home=tmp_path)
    assert ran.code == 5
    assert "versitygw_objects" in ran.err
    assert not (tmp_path / "out").exists()
