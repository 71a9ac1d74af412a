"""`vgwm metadata check` and `repair` over a real engine: exit codes, plans, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tests.integration.cli.shell import Ran, vgwm
from tests.integration.engine.keeping import all_rows, change

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Command(Protocol):
    async def __call__(self, *words: str) -> Ran: ...


@pytest.fixture
async def command(ws: Path, tmp_path: Path) -> AsyncIterator[Command]:
    """Return how to run vgwm on a migrated workspace; the engine that it began is ended."""

    async def run(*words: str) -> Ran:
        return await vgwm("metadata", *words, "-w", str(ws), home=tmp_path)

    for job in ("plan", "copy"):
        assert (await vgwm(job, "-w", str(ws), home=tmp_path)).code == 0
    yield run
    await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)


@pytest.mark.timeout(180)
async def test_i8_what_a_check_finds_is_mended_by_the_plan_that_was_shown(
    command: Command, tmp_path: Path
) -> None:
    table = tmp_path / "out" / "objects.db"
    nothing = await command("repair")
    assert (nothing.code, "nothing was checked yet" in nothing.err) == (3, True)
    sound = await command("check")
    assert (sound.code, sound.out) == (0, "4 rows and 2 bundles agree with the ledger\n")
    assert (await command("repair")).out == "check-3: nothing to mend\n"

    before = all_rows(table)
    change(
        table,
        "DELETE FROM versitygw_objects WHERE s3_key = 'z'",
        "UPDATE versitygw_objects SET size = 1 WHERE s3_key = 'read me.txt'",
    )
    broken = all_rows(table)
    found = await command("check")
    assert found.code == 1
    assert "no_row         photos/z" in found.out
    assert "wrong_size     docs/read me.txt: size 11, found 1" in found.out

    shown = await command("repair")
    assert (shown.code, "to do it: vgwm metadata repair --from" in shown.err) == (0, True)
    dry = await command("repair", "--dry-run", "--json")
    plan = dry.result()
    assert dry.code == 0
    assert str(plan["hash"]) in shown.out
    wrong = await command("repair", "--confirm", "00000000")
    assert (wrong.code, str(plan["hash"]) in wrong.err) == (5, True)
    assert all_rows(table) == broken

    done = await command("repair", "--confirm", str(plan["hash"]))
    assert (done.code, done.out) == (0, "repaired: 2 rows written\n")
    assert all_rows(table) == before
    old = await command("repair")
    assert "mended since this report: vgwm metadata check looks anew" in old.err


@pytest.mark.timeout(180)
async def test_what_a_repair_leaves_is_told_with_its_reason(
    command: Command, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    change(out / "objects.db", "DELETE FROM versitygw_objects WHERE s3_key = 'z'")
    for car in (out / "bundles").iterdir():
        car.write_bytes(car.read_bytes()[:-9])
    found = await command("check")
    assert (found.code, "no_row" in found.out) == (1, True)
    assert " 4 of 4, " in found.err.splitlines()[-1]  # who differs was looked at, too
    plan = (await command("repair", "--dry-run", "--json")).result()
    done = await command("repair", "--confirm", str(plan["hash"]))
    assert (done.code, "1 left" in done.out) == (1, True)
    assert "  photos/z: its bundle's manifest cannot be read" in done.out


@pytest.mark.timeout(180)
async def test_auto_fix_checks_anew_and_still_needs_its_hash(
    command: Command, tmp_path: Path
) -> None:
    table = tmp_path / "out" / "objects.db"
    before = all_rows(table)
    change(table, "DELETE FROM versitygw_objects WHERE s3_key = 'z'")
    shown = await command("repair", "--auto-fix", "--json")
    assert shown.code == 0
    plan = shown.result()
    assert len(all_rows(table)) == 3
    change(table, "DELETE FROM versitygw_objects WHERE s3_key = 'read me.txt'")
    moved = await command("repair", "--auto-fix", "--confirm", str(plan["hash"]))
    assert (moved.code, len(all_rows(table))) == (5, 2)
    again = (await command("repair", "--dry-run", "--json")).result()
    done = await command("repair", "--auto-fix", "--confirm", str(again["hash"]))
    assert done.code == 0
    assert all_rows(table) == before


@pytest.mark.timeout(180)
async def test_i7_what_is_no_report_or_ended_early_is_refused_and_never_nothing_to_mend(
    command: Command, ws: Path, tmp_path: Path
) -> None:
    assert (await command("check")).code == 0
    for words in (
        ("--from", "check-9"),
        ("--from", str(ws)),
        ("--from", "../../etc"),
        ("--unpin", "not-a-root"),
        ("--unpin", "bafybeidm7cr5jhmtfjwl7qvy2qpzskx7xamkmqisfiqdhnefrbzum7wo2a"),
        ("--auto-fix", "--from", "check-3"),
    ):
        refused = await command("repair", "--dry-run", "--json", *words)
        assert (refused.code, refused.error()["code"]) == (2, "bad_input"), words
    table = tmp_path / "out" / "objects.db"
    aside = table.rename(tmp_path / "objects.aside")
    assert (await command("check")).code == 3
    aside.rename(table)
    early = await command("repair")
    assert (early.code, "job 4, ended early" in early.err) == (3, True)
    named = await command("repair", "--from", "check-4")
    assert (named.code, "nothing to mend, which ended early" in named.out) == (0, True)
    whole = await command("repair", "--from", "check-3", "--dry-run")
    assert whole.out == "check-3: nothing to mend\n"
