"""`vgwm retry` and `vgwm skip`: planned, shown, confirmed by hash, over a real engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.integration.cli.shell import Ran, vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BROKEN = ("photos/2024/a.jpg", "photos/2024/b.jpg", "docs/read me.txt")


class Command(Protocol):
    async def __call__(self, *words: str) -> Ran: ...


@pytest.fixture
async def command(ws: Path, tmp_path: Path) -> AsyncIterator[Command]:
    """Return how to run vgwm on a workspace; the engine that it began is ended."""

    async def run(*words: str) -> Ran:
        return await vgwm(*words, "-w", str(ws), home=tmp_path)

    yield run
    await run("engine", "stop")


@pytest.fixture
async def failed(command: Command, gateway: Path, tmp_path: Path) -> Path:
    """Migrate with three objects that cannot be read; return where they are kept aside."""
    assert (await command("plan")).code == 0
    aside = tmp_path / "aside"
    for name in BROKEN:
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        (gateway / name).rename(aside / name)
        (gateway / name).symlink_to((gateway / name).name)
    assert (await command("copy")).code == 1
    return aside


def mended(gateway: Path, aside: Path, *names: str) -> None:
    for name in names:
        (gateway / name).unlink()
        (aside / name).rename(gateway / name)


@pytest.mark.timeout(180)
async def test_i8_a_retry_and_a_skip_do_what_was_shown(
    command: Command, gateway: Path, failed: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names"
    dry = await command("retry", "--dry-run", "--json")
    shown = dry.result()
    assert (dry.code, shown["objects"], shown["state"]) == (0, 3, "made")
    assert (await command("retry", "--confirm", "")).code == 5
    wrong = await command("retry", "--confirm", "00000000", "--json")
    assert wrong.code == 5
    assert f"plan {shown['hash']}: try again 3 objects" in wrong.error()["what"]

    await a_skip_acts_on_its_plans_hash_alone(command, names)

    listed = await command("errors", "--json")
    names.write_text("".join(f"{line}\n" for line in listed.out.splitlines() if "jpg" in line))
    mended(gateway, failed, BROKEN[0])
    ran = await command("retry", "--from", str(names), "--json")
    assert ran.code == 1, ran.err
    came = ran.result()
    assert [came[n] for n in ("queued", "recovered", "still_failed", "gone")] == [2, 1, 1, 0]
    mended(gateway, failed, *BROKEN[1:])
    assert (await command("retry", "--max-attempts", "2")).code == 0
    nothing = await command("retry", "--json")
    assert (nothing.code, nothing.result()["queued"]) == (0, 0)
    assert (await command("errors")).out == "no object failed\n"


def put(file: Path, text: str) -> None:
    file.write_text(text)


async def a_skip_acts_on_its_plans_hash_alone(command: Command, names: Path) -> None:
    put(names, f"{BROKEN[0]}\nphotos/nonesuch\n")
    words = ("skip", "--object-list", str(names), "--reason", "lost in 2019", "--json")
    unknown = await command(*words)
    assert (unknown.code, "photos/nonesuch" in unknown.error()["what"]) == (2, True)
    put(names, f"{BROKEN[0]}\nphotos/z\n")
    assert (await command(*words)).code == 5  # recorded already
    put(names, f"{BROKEN[0]}\n")
    plan = (await command(*words)).result()
    assert (await command(*words, "--confirm", "ffffffff")).code == 5
    assert (await command("status", "--json")).result()["skipped"] == 0
    done = await command(*words, "--confirm", str(plan["hash"]))
    assert (done.code, done.result()["objects"]) == (0, 1)
    again = await command(*words)
    assert (again.code, "skipped already" in again.error()["what"]) == (5, True)
    causes = (await command("errors", "--by", "cause", "--json")).out.splitlines()
    counted = {(one["disposition"], one["objects"]) for one in map(json.loads, causes)}
    assert counted == {("failed", 2), ("waived", 1)}
    back = ("skip", "--undo", "--object-list", str(names), "--json")
    plan = (await command(*back)).result()
    assert (await command(*back, "--confirm", str(plan["hash"]))).code == 0
    now = (await command("status", "--json")).result()
    assert (now["failed"], now["skipped"]) == (3, 0)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("skip", "--class", "denied"), 2, "needs a reason"),
        (("skip", "--reason", "old"), 2, "which objects"),
        (("retry", "--from", "/nonesuch"), 2, "cannot be read"),
        (("retry", "--max-attempts", "0"), 2, "max-attempts"),
        (("errors", "--by", "cause", "--class", "denied"), 2, "all failures together"),
        (("errors", "--limit", "0"), 2, "limit"),
        (("retry", "--dry-run"), 3, "no plan"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    command: Command, words: tuple[str, ...], code: int, why: str
) -> None:
    ran = await command(*words, "--json")
    assert (ran.code, why in ran.err) == (code, True), ran.err
