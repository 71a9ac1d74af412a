"""`vgwm sync --rebundle`: shown with its hash, done by it, refused by another (I8)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)


def named_roots(target: Path) -> set[str]:
    with closing(sqlite3.connect(target / "objects.db")) as table:
        found = table.execute("SELECT json_extract(metadata, '$.pin.root') FROM versitygw_objects")
        return {str(root) for (root,) in found}


async def test_i8_a_rebundling_is_shown_and_done_by_its_hash(
    ws: Path, gateway: Path, tmp_path: Path
) -> None:
    target_dir = tmp_path / "out"

    async def command(*words: str, code: int = 0) -> str:
        ran = await vgwm(*words, "-w", str(ws), home=tmp_path)
        assert ran.code == code, ran.err
        return ran.out + ran.err

    bodies = [f"k{n:02d}.txt" for n in range(10)]
    for name in bodies:
        (gateway / "photos/2024" / name).write_bytes(name.encode() * 20_000)
    try:
        assert "no ledger yet" in await command("sync", "--rebundle", code=3)
        await command("plan")
        await command("copy")
        assert "nothing is to be done" in await command("sync", "--rebundle")
        for name in bodies[1:]:
            (gateway / "photos/2024" / name).unlink()
        await command("sync", "--once")
        before = named_roots(target_dir)
        shown = await command("sync", "--rebundle")
        assert "9 dead" in shown
        hash_ = shown.partition("plan ")[2][:8]
        assert f"--confirm {hash_}" in shown
        assert named_roots(target_dir) == before
        refused = await command("sync", "--rebundle", "--confirm", "00000000", code=5)
        assert hash_ in refused
        await command("sync", "--rebundle", "--confirm", hash_)
        after = named_roots(target_dir)
        assert len(after) == len(before)
        assert len(after & before) == len(before) - 1
        assert {path.stem for path in (target_dir / "bundles").iterdir()} == after
        refused = await command("sync", "--rebundle", "--confirm", hash_, code=5)
        assert "nothing is to be done" in refused
    finally:
        await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)
