"""`vgwm metadata backup`, `restore` and `rebuild` over a real engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.integration.cli.shell import Ran, vgwm
from tests.integration.engine.keeping import all_rows, change, names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Command(Protocol):
    async def __call__(self, *words: str) -> Ran: ...


@pytest.fixture
async def command(ws: Path, tmp_path: Path) -> AsyncIterator[Command]:
    """Return how to run vgwm on a migrated workspace; the engine that it began is ended."""

    async def run(*words: str) -> Ran:
        return await vgwm(*words, "-w", str(ws), home=tmp_path)

    assert (await run("plan")).code == 0
    assert (await run("copy")).code == 0
    yield run
    await run("engine", "stop")


def lost(tmp_path: Path) -> list[tuple[object, ...]]:
    """Lose a row; the rows as they were."""
    table = tmp_path / "out" / "objects.db"
    before = all_rows(table)
    change(table, "DELETE FROM versitygw_objects WHERE s3_key = 'z'")
    return before


@pytest.mark.timeout(180)
async def test_i8_a_restore_does_what_was_shown_and_keeps_the_old(
    command: Command, tmp_path: Path
) -> None:
    table, kept = tmp_path / "out" / "objects.db", tmp_path / "kept.ndjson"
    dry = await command("metadata", "backup", "--output", str(kept), "--dry-run", "--json")
    assert (dry.code, dry.result()["rows"], kept.exists()) == (0, 4, False)
    made = await command("metadata", "backup", "--output", str(kept), "--json")
    assert (made.code, made.result()["rows"]) == (0, 4)
    again = await command("metadata", "backup", "--output", str(kept))
    assert again.code == 5
    before = lost(tmp_path)

    shown = await command("metadata", "restore", str(kept), "--json")
    plan = shown.result()
    assert (shown.code, plan["rows"], plan["present"], plan["buckets"]) == (0, 4, 3, 2)
    assert len(all_rows(table)) == 3
    wrong = await command("metadata", "restore", str(kept), "--confirm", "00000000")
    assert wrong.code == 5
    assert "swapped in one step; those in use" in wrong.err
    assert len(all_rows(table)) == 3
    done = await command(
        "metadata", "restore", "--backup-file", str(kept), "--confirm", str(plan["hash"]), "--json"
    )
    assert (done.code, done.result()["added"], done.result()["same"]) == (0, 1, 3)
    assert all_rows(table) == before

    old = await command("metadata", "restore", "--drop-old", "--json")
    sets = old.result()["sets"]
    assert isinstance(sets, list)
    assert len(sets) == 1
    gone = await command(
        "metadata", "restore", "--drop-old", "--confirm", str(old.result()["hash"])
    )
    assert gone.code == 0
    assert names(table) == ["versitygw_buckets", "versitygw_objects"]
    none = await command("metadata", "restore", "--drop-old")
    assert none.code == 2


@pytest.mark.timeout(180)
async def test_a_rebuild_at_rest_is_shown_and_done_by_an_engine_it_starts(
    command: Command, tmp_path: Path
) -> None:
    table = tmp_path / "out" / "objects.db"
    before = lost(tmp_path)
    await command("engine", "stop")
    shown = await command("metadata", "rebuild", "--json")
    assert (shown.code, shown.result()["rows"]) == (0, 4)
    text = await command("metadata", "rebuild", "--from", "pins")
    assert "objects that were removed since come back" in text.err
    assert f"--confirm {json.loads(shown.out)['result']['hash']}" not in text.out
    done = await command("metadata", "rebuild", "--confirm", str(shown.result()["hash"]))
    assert done.code == 0
    assert "1 added" in done.out
    assert all_rows(table) == before


@pytest.mark.timeout(180)
async def test_what_cannot_be_restored_is_bad_input_and_changes_nothing(
    command: Command, tmp_path: Path
) -> None:
    dump = tmp_path / "metadata.sql"
    dump.write_text("CREATE TABLE x(y);\n")
    for words in (
        ["restore", str(dump)],
        ["restore", str(tmp_path / "absent")],
        ["restore"],
        ["restore", str(dump), "--drop-old"],
        ["rebuild", "--from", ""],
        ["rebuild", "--from", str(tmp_path / "absent")],
        ["rebuild", "--from", str(tmp_path)],
        ["backup", "--output", str(tmp_path / "no" / "such")],
    ):
        ran = await command("metadata", *words)
        assert ran.code == 2, (words, ran.err)
    ran = await command("metadata", "restore", str(dump), "--json")
    assert "no .sql dump" in json.loads(ran.err)["error"]["remedy"]
    inside = await command("metadata", "backup", "--output", str(tmp_path / "gw" / "x.ndjson"))
    assert inside.code == 5
    assert names(tmp_path / "out" / "objects.db") == ["versitygw_buckets", "versitygw_objects"]
