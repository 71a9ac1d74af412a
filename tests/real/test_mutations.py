"""The mutation proof: 100 planted differences of twelve kinds, all named, none more, all mended."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.lab.vgwm import Vgwm
from tests.real import mutations
from tests.real.migrated import PASSWORD, REPLICATION
from tests.real.mutations import MigratedSet, Wrong, found_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.redis import RedisCluster
    from tests.lab.stack import Stack

pytestmark = pytest.mark.timeout(900)

OBJECTS = 5_000 if os.environ.get("VGWM_LONG") else 1_000
BATCH = 25
ROWS = 9
"""Of each kind that a row can be wrong in."""


@pytest.fixture(scope="module")
def on_stack(
    stack: Stack, redis: RedisCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MigratedSet]:
    folder = tmp_path_factory.mktemp("mutations")
    with ExitStack() as stays:
        vgwm = stays.enter_context(Vgwm(folder / "ws", {PASSWORD: stack.password}))
        words = ["--target", "ipfs", "--replication", str(REPLICATION)]
        words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
        words += ["--table", f"sqlite:{folder / 'objects.db'}"]
        for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
            words += ["--kubo", kubo, "--cluster", cluster]
        for endpoint in redis.endpoints:
            words += ["--cache", endpoint]
        yield copied(vgwm, folder, words, folder / "objects.db")


@pytest.fixture(scope="module")
def in_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MigratedSet]:
    folder = tmp_path_factory.mktemp("mutations-dir")
    with Vgwm(folder / "ws") as vgwm:
        words = ["--target", f"dir:{folder / 'target'}"]
        yield copied(vgwm, folder, words, folder / "target" / "objects.db")


def copied(vgwm: Vgwm, folder: Path, words: list[str], table: Path) -> MigratedSet:
    """Make a tree and bring it over."""
    mutations.grow(folder / "source", OBJECTS)
    vgwm.run("init", "--source", f"posix:{folder / 'source'}", *words)
    vgwm.run("engine", "start")
    vgwm.run("set", f"batch_size={BATCH}")
    vgwm.run("plan")
    vgwm.run("copy")
    return MigratedSet(vgwm, folder / "source", table, mutations.rows_of(table))


def look(done: MigratedSet, *words: str) -> tuple[set[Wrong], str, int]:
    """Run a verification or a check; return what it names, its report, and the exit code."""
    ran = done.vgwm.run("--json", *words, code=None)
    report = str(ran.result()["folder"])
    return found_in(done, report), report, ran.code


def verify(done: MigratedSet) -> tuple[set[Wrong], str, int]:
    return look(done, "verify", "--full", "--replicas", "all")


def check(done: MigratedSet) -> tuple[set[Wrong], str, int]:
    return look(done, "metadata", "check")


def repair(done: MigratedSet, report: str) -> dict[str, object]:
    """Repair what a report names, by the plan that is shown; nothing for one without a step."""
    words = ("metadata", "repair", "--from", report)
    plan = done.vgwm.run("--json", *words, "--dry-run", code=None).result()
    if not plan["steps"]:
        return {}
    assert done.vgwm.run(*words, "--confirm", "00000000", code=None).code == 5
    came = done.vgwm.run("--json", *words, "--confirm", str(plan["hash"])).result()
    assert came["left"] == 0
    return came


def told(wrong: set[Wrong], verified: set[Wrong], checked: set[Wrong]) -> None:
    """Print the table: what was planted of each kind, and who named it."""
    columns = ("kind", "planted", "verify", "check")
    rows = [
        (kind, *(sum(one.kind == kind for one in some) for some in (wrong, verified, checked)))
        for kind in sorted({one.kind for one in wrong})
    ]
    rows.append(("all", len(wrong), len(verified), len(checked)))
    for row in (columns, *rows):
        sys.stdout.write(f"{row[0]:<16}" + "".join(f"{cell:>9}" for cell in row[1:]) + "\n")


def test_84_differences_of_ten_kinds_on_real_servers_are_named_and_mended(
    on_stack: MigratedSet, stack: Stack, redis: RedisCluster
) -> None:
    """The source's deletes are a sync's to apply; all else is the repair's."""
    done = on_stack
    before = {mutations.name(row): row for row in done.rows}
    assert check(done)[0] == set()
    wrong = mutations.remove_pins(done, stack, 7)
    wrong |= mutations.unpin_on_one_node(done, stack, 7)
    wrong |= mutations.delete_blocks(done, stack, 8)
    wrong |= mutations.change_rows(done, ROWS)
    wrong |= mutations.age_cache(done, redis, 8)
    gone = mutations.delete_at_source(done, 9)
    assert len(wrong | gone) == 84

    verified, report, code = verify(done)
    checked, later, _ = check(done)
    told(wrong | gone, verified, checked)
    assert code == 1
    assert verified | checked == wrong | gone
    assert verified == {one for one in wrong | gone if one.kind != "stale_cache"}
    assert checked == {one for one in wrong if one.kind != "lost_block"}

    repair(done, report)
    repair(done, later)
    assert verify(done)[0] == gone
    done.vgwm.run("sync", "--once")
    found, _, code = verify(done)
    assert (found, code) == (set(), 0)
    found, _, code = check(done)
    assert (found, code) == (set(), 0)
    removed = {one.name for one in gone}
    after = {mutations.name(row): row for row in mutations.rows_of(done.table)}
    assert after == {name: row for name, row in before.items() if name not in removed}


def test_16_differences_of_two_kinds_in_a_folder_are_named_and_mended(
    in_folder: MigratedSet,
) -> None:
    done, target = in_folder, in_folder.table.parent
    kept = [path for name in ("bundles", "manifests") for path in (target / name).iterdir()]
    before = {path: path.read_bytes() for path in kept}
    assert check(done)[0] == set()
    wrong = mutations.flip_bytes(done, target, 8)
    wrong |= mutations.lose_manifests(done, target, 8)
    assert len(wrong) == 16

    verified, report, code = verify(done)
    checked, later, _ = check(done)
    told(wrong, verified, checked)
    assert code == 1
    assert verified | checked == wrong
    assert checked == {one for one in wrong if one.kind == "no_manifest"}

    repair(done, report)
    repair(done, later)
    assert verify(done)[0] == check(done)[0] == set()
    assert {path: path.read_bytes() for path in before} == before
