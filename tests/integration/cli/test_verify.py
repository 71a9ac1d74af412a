"""`vgwm verify` and `vgwm missing` over a real engine: lists, figures, exit codes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

import pytest

from core.control.client import Client
from tests.integration.cli.shell import Ran, vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)


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


def change(tmp_path: Path, statement: str) -> None:
    with closing(sqlite3.connect(tmp_path / "out" / "objects.db", isolation_level=None)) as db:
        db.execute(statement)


async def test_a_set_that_agrees_passes_and_states_what_its_sample_proves(
    command: Command, ws: Path
) -> None:
    ran = await command("verify", "--sample-size", "3", "--seed", "7", "--json")
    told = ran.result()
    assert ran.code == 0, ran.err
    assert {one["name"]: one["objects"] for one in told["lists"]} == {  # type: ignore[attr-defined] # JSON
        "equal": 4,
        "differ": 0,
        "missing": 0,
        "extra": 0,
        "error": 0,
    }
    read: dict[str, object] = told["bytes"]  # type: ignore[assignment] # JSON
    assert (read["mode"], read["seed"], read["bad"]) == ("sample", 7, 0)
    assert read["object_bytes"] in {5_011, 70_011, 75_000, 75_011}  # three of the four
    again = await command("verify", "--sample-size", "3", "--seed", "7")
    assert again.code == 0
    assert "4 equal on all sides" in again.out
    assert "seed 7" in again.out
    full = await command("verify", "--full")
    assert "every byte hashes to its CID" in full.out
    # the objects' own bytes, and beside them all that was read to prove these
    assert "4 objects read again, 75.0 KB (" in full.out
    assert "read from the target)" in full.out
    async with Client(ws) as client:
        told_again = await client.proofs()
        assert [one.state for one in told_again.proofs] == ["done"] * 3
        assert (await client.proof()).job == told_again.proofs[0].job
        page = await client.view("equal", at=1, limit=2, bucket="photos")
        assert [row.object for row in page.rows] == ["photos/2024/b.jpg", "photos/z"]
        assert (page.total, page.buckets) == (3, ("docs", "photos"))


async def test_differences_are_named_by_object_and_field_and_exit_with_1(
    command: Command, tmp_path: Path
) -> None:
    change(tmp_path, "UPDATE versitygw_objects SET size=3 WHERE s3_key='z'")
    change(tmp_path, "DELETE FROM versitygw_objects WHERE s3_key='read me.txt'")
    ran = await command("verify", "--sample-size", "0")
    assert ran.code == 1
    assert "wrong_size     photos/z: size 0, found 3" in ran.out
    assert "no_row         docs/read me.txt" in ran.out
    assert "bytes: none read again, so nothing is said of them" in ran.out
    assert "next: mends 2: vgwm metadata repair --from reports/verify-3\n" in ran.out
    assert "not seen:" not in ran.out  # a tree's ctime tells of attributes
    one = await command("verify", "--sample-size", "0", "--bucket", "docs", "--json")
    lists = {row["name"]: row["objects"] for row in one.result()["lists"]}  # type: ignore[attr-defined] # JSON
    assert (one.code, lists["missing"], lists["differ"]) == (1, 1, 0)


async def test_missing_names_both_sides_and_writes_what_a_retry_takes(
    command: Command, gateway: Path, tmp_path: Path
) -> None:
    assert (await command("missing")).code == 0
    (gateway / "photos/new").write_bytes(b"later")
    (gateway / "docs/read me.txt").unlink()
    names = tmp_path / "names"
    ran = await command("missing", "--write", str(names))
    assert ran.code == 1
    assert "+ 1 missing on the target" in ran.out
    assert "not_copied     photos/new" in ran.out
    assert "gone_at_source docs/read me.txt" in ran.out
    assert "next: 1 gone_at_source: A round takes it off the target: vgwm sync." in ran.out
    assert "none of the missing failed: nothing is written" in ran.out
    assert not names.exists()


async def test_what_failed_to_copy_is_written_for_a_retry(
    ws: Path, gateway: Path, tmp_path: Path
) -> None:
    async def run(*words: str) -> Ran:
        return await vgwm(*words, "-w", str(ws), home=tmp_path)

    assert (await run("plan")).code == 0
    path, names = gateway / "photos/z", tmp_path / "names"
    path.rename(tmp_path / "aside")
    path.symlink_to(path.name)
    assert (await run("copy")).code == 1
    unread = await run("missing", "--write", str(names))
    assert (unread.code, names.exists()) == (1, False), "unread is not equal (I7)"
    assert "! 1 could not be looked at" in unread.out
    assert "photos/z" in unread.out
    assert "Whether these are missing is unknown" in unread.out
    path.unlink()
    (tmp_path / "aside").rename(path)
    ran = await run("missing", "--write", str(names))
    assert (ran.code, names.read_text()) == (1, "photos/z\n")
    assert (await run("missing", "--write", str(names))).code == 5
    assert (await run("retry", "--from", str(names))).code == 0
    assert (await run("missing")).code == 0
    await run("engine", "stop")


async def test_what_makes_no_sense_is_refused_and_a_detached_one_is_followed(
    command: Command,
) -> None:
    for words in (
        ("--bucket", "none"),
        ("--slice", "none"),
        ("--seed", "twelve"),
        ("--full", "--sample-size", "5"),
        ("--replicas", "all"),
    ):
        ran = await command("verify", *words, "--json")
        assert (ran.code, ran.error()["code"]) == (2, "bad_input"), words
    assert (await command("verify", "--source-path", "/elsewhere")).code == 5
    named = await command("verify", "--bucket", "none", "--json")
    assert named.error()["remedy"] == "It knows of docs, photos."
    begun = await command("verify", "--sample-size", "0", "--detach")
    assert begun.code == 0
    watched = await command("watch", begun.out.strip(), "--interval", "1s")
    assert watched.code == 0, watched.err


async def test_without_a_plan_there_is_nothing_to_verify(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("verify", "-w", str(ws), "--json", home=tmp_path)
    assert (ran.code, ran.error()["code"]) == (3, "no_plan")
    await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)
