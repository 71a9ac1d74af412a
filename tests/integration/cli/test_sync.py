"""`vgwm sync` over a real engine: rounds, deletes that wait for a yes, refusals."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.integration.cli.shell import Ran, vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Command(Protocol):
    async def __call__(self, *words: str) -> Ran: ...


@pytest.fixture
async def command(ws: Path, tmp_path: Path) -> AsyncIterator[Command]:
    """Return how to run vgwm on a workspace; the engine that it began is ended."""

    async def run(*words: str) -> Ran:
        return await vgwm(*words, "-w", str(ws), home=tmp_path)

    yield run
    await run("engine", "stop")


@pytest.mark.timeout(180)
async def test_i8_a_sync_brings_changes_over_and_waits_with_many_deletes(
    command: Command, gateway: Path
) -> None:
    assert (await command("plan")).code == 0
    assert (await command("copy")).code == 0
    (gateway / "photos/2024/new.jpg").write_bytes(b"new")
    (gateway / "photos/2024/b.jpg").unlink()
    came = await command("sync", "--json", "--once")
    told = came.result()
    assert (came.code, told["added"], told["deleted"], told["pending"]) == (0, 1, 1, 0)
    assert "lag" in (await command("status")).out
    shutil.move(gateway / "docs", gateway.parent / "aside")
    looked = await command("sync", "--dry-run")
    assert "a round would find 0 added" in looked.out
    assert "if a bucket vanished or lost its last object, it asks first" in looked.out
    held = await command("sync", "--once")
    assert held.code == 5
    assert "bucket docs vanished" in held.err
    _, _, word = held.err.partition("--accept ")
    assert f"--accept {word.split()[0]}" in (await command("status")).out
    accepted = await command("sync", "--once", "--accept", word.split()[0])
    assert accepted.code == 0, accepted.err
    assert "1 deleted" in accepted.out
    assert "in 1 round over" in accepted.out
    again = await command("sync", "--once", "--accept", word.split()[0])
    assert again.code == 5, "the same yes serves once"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "words",
    [
        ("--since", "yesterday"),
        ("--since", "24h", "--full"),
        ("--watch", "--once"),
        ("--confirm", "00000000"),
        ("--rebundle", "--full"),
        ("--dry-run", "--accept", "00000000"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_begun(
    command: Command, ws: Path, words: tuple[str, ...]
) -> None:
    ran = await command("sync", *words)
    assert ran.code == 2, ran.err
    assert not (ws / "ledger.db").exists()


@pytest.mark.timeout(60)
async def test_a_sync_before_a_plan_says_what_is_to_be_done_first(command: Command) -> None:
    ran = await command("sync", "--once")
    assert ran.code == 3
    assert "vgwm plan" in ran.err


@pytest.mark.timeout(180)
async def test_accepted_deletes_are_counted_by_the_sync_that_does_them(
    command: Command, gateway: Path
) -> None:
    assert (await command("plan")).code == 0
    assert (await command("copy")).code == 0
    (gateway / "photos/2024/b.jpg").unlink()
    held = await command("sync", "--once", "--max-delete", "0")
    assert held.code == 5, held.err
    _, _, word = held.err.partition("--accept ")
    accepted = await command("sync", "--once", "--accept", word.split()[0], "--json")
    assert (accepted.code, accepted.result()["deleted"]) == (0, 1), accepted.err
