"""Repairs on real nodes: what no import heals, what no node holds any more, and stray pins."""

from __future__ import annotations

import random
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from core.dag import cid as cids
from core.dag.directory import MANIFEST
from core.dag.reading import parse_node
from tests.lab.process import until
from tests.lab.vgwm import Vgwm
from tests.real import mutations
from tests.real.migrated import PASSWORD, REPLICATION
from tests.real.mutations import MigratedSet, Wrong, found_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.kubo import KuboNode
    from tests.lab.stack import Stack

pytestmark = pytest.mark.timeout(300)

BATCH = 90
"""Of a bundle, more than can be found lost one look after the other."""

LARGE = random.Random(3).randbytes(5 << 20)  # noqa: S311 - test data


@pytest.fixture(scope="module")
def done(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MigratedSet]:
    folder = tmp_path_factory.mktemp("repair-nodes")
    mutations.grow(folder / "source", 4 * BATCH + 20)
    large = folder / "source" / mutations.BUCKETS[0] / "large.bin"
    large.write_bytes(LARGE)
    with Vgwm(folder / "ws", {PASSWORD: stack.password}) as vgwm:
        words = ["--target", "ipfs", "--replication", str(REPLICATION)]
        words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
        words += ["--table", f"sqlite:{folder / 'objects.db'}"]
        for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
            words += ["--kubo", kubo, "--cluster", cluster]
        vgwm.run("init", "--source", f"posix:{folder / 'source'}", *words)
        vgwm.run("engine", "start")
        vgwm.run("set", f"batch_size={BATCH}", "large_threshold=2MiB")
        vgwm.run("plan")
        vgwm.run("copy")
        table = folder / "objects.db"
        yield MigratedSet(vgwm, folder / "source", table, mutations.rows_of(table))


def verified(done: MigratedSet) -> tuple[set[Wrong], str]:
    ran = done.vgwm.run("--json", "verify", "--full", "--replicas", "all", code=None)
    report = str(ran.result()["folder"])
    return found_in(done, report), report


def repaired(done: MigratedSet, report: str, *words: str) -> dict[str, object]:
    command = ("metadata", "repair", "--from", report, *words)
    plan = done.vgwm.run("--json", *command, "--dry-run", code=None).result()
    return done.vgwm.run("--json", *command, "--confirm", str(plan["hash"]), code=None).result()


def test_corrupt_and_lost_blocks_come_back_from_whoever_has_them(
    done: MigratedSet, stack: Stack
) -> None:
    """Bundles corrupt or empty on one node, without blocks on both, and another at the source."""
    allocations = stack.peers[0].allocations()
    large = next(row for row in done.rows if row.key == "large.bin")
    done.taken.add(large.root)
    corrupt, nowhere, moved, emptied, untold = done.take_bundles(5)
    flipped = next(row for row in done.members(corrupt) if row.size > 100)
    path = mutations.block_file(stack.peer(allocations[corrupt][0]).kubo, flipped.cid)
    content = path.read_bytes()
    path.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    lost = [*done.members(nowhere), done.members(moved)[0]]
    for row in lost:
        for peer in allocations[row.root]:
            mutations.block_file(stack.peer(peer).kubo, row.cid).unlink()
    for row in done.members(emptied):
        mutations.block_file(stack.peer(allocations[emptied][1]).kubo, row.cid).unlink()
    chunk = cids.text(cids.RAW + sha256(LARGE[1 << 20 : 2 << 20]).digest())
    for peer in allocations[large.root]:
        mutations.block_file(stack.peer(peer).kubo, chunk).unlink()
    manifest = _manifest(stack.peer(allocations[untold][0]).kubo, untold)
    for peer in allocations[untold]:
        mutations.block_file(stack.peer(peer).kubo, manifest).unlink()
    found, report = verified(done)
    hurt = [*lost, *done.members(emptied), large]
    planted = {Wrong("lost_block", mutations.name(row)) for row in hurt}
    planted |= {Wrong("bad_bytes", mutations.name(flipped)), Wrong("no_manifest", untold)}
    assert found == planted

    source = done.source / lost[-1].bucket / lost[-1].key
    source.write_bytes(source.read_bytes() + b"more")
    came = repaired(done, report)
    assert (came["bundles"], came["left"]) == (5, 0)
    assert came["carried_again"] == len(done.members(moved))
    assert path.read_bytes() == content
    assert moved not in stack.peers[0].allocations()
    assert verified(done)[0] == set()
    done.rows[:] = mutations.rows_of(done.table)


def test_a_live_block_that_no_node_has_comes_back_into_a_bundle_that_lost_an_object(
    done: MigratedSet, stack: Stack
) -> None:
    """Its root is from nowhere: an object of it was deleted. What nobody has is lost, by name."""
    (old,) = done.take_bundles(1)
    dead, live, gone, *_ = done.members(old)
    (done.source / dead.bucket / dead.key).unlink()
    done.vgwm.run("sync", "--once")
    for row in (live, gone):
        for peer in stack.peers[0].allocations()[old]:
            mutations.block_file(stack.peer(peer).kubo, row.cid).unlink()
    found, report = verified(done)
    assert found == {Wrong("lost_block", mutations.name(row)) for row in (live, gone)}
    (done.source / gone.bucket / gone.key).unlink()
    came = repaired(done, report)
    assert (came["left"], came["lost"]) == (1, 1)
    left = done.workspace / "reports" / f"repair-{came['job']}" / "left.ndjson"
    assert mutations.name(gone) in left.read_text()
    assert stack.peers[0].allocations()[old]  # while a row names it
    for _ in range(3):
        done.vgwm.run("sync", "--once")
    assert verified(done)[0] == set()
    assert old not in stack.peers[0].allocations()
    done.rows[:] = mutations.rows_of(done.table)
    new = next(row for row in done.rows if mutations.name(row) == mutations.name(live))
    assert new.cid == live.cid
    assert len(stack.peers[0].allocations()[new.root]) == REPLICATION


def test_a_bundle_that_went_behind_a_nodes_back_is_there_again(
    done: MigratedSet, stack: Stack
) -> None:
    """Nothing has read the lost blocks since, so the node believes to hold them all."""
    allocations = stack.peers[0].allocations()
    root = next(row.root for row in done.rows if len(done.members(row.root)) == BATCH)
    kubo = stack.peer(allocations[root][1]).kubo
    assert kubo.api.post(f"/api/v0/pin/rm?arg={root}").status == 200
    files = [mutations.block_file(kubo, row.cid) for row in done.members(root)]
    for path in files:
        path.unlink()
    ran = done.vgwm.run("--json", "metadata", "check", code=None)
    report = str(ran.result()["folder"])
    assert Wrong("no_pin", root) in found_in(done, report)
    assert repaired(done, report)["left"] == 0
    assert all(path.exists() for path in files)
    assert kubo.pinned(root)


def test_i8_an_orphan_pin_goes_by_its_name_and_a_strangers_never(
    done: MigratedSet, stack: Stack
) -> None:
    ours, strangers = "a1b2", "another's"
    workspace = str(done.vgwm.run("--json", "plan", "show").result()["id"])
    roots = [_stored(stack, text) for text in (ours, strangers)]
    for root, name in zip(roots, (f"vgwm-{workspace}-999", "vgwm-ffffffff-1"), strict=True):
        assert stack.peers[0].pin(root, name=name, allocations=[stack.ids[0]]) == 200
        _wait_pinned(stack, root, there=True)
    ran = done.vgwm.run("--json", "metadata", "check", code=None)
    report = str(ran.result()["folder"])
    assert Wrong("orphan_pin", f"./{roots[0]}") in found_in(done, report)
    assert roots[1] not in str(found_in(done, report))
    plan = done.vgwm.run("--json", "metadata", "repair", "--dry-run", code=None).result()
    assert plan["orphans"] == [roots[0]]
    assert all(step["deed"] != "unpin" for step in plan["steps"])  # type: ignore[attr-defined]
    named = ("metadata", "repair", "--from", report, "--dry-run", "--unpin")
    assert done.vgwm.run(*named, roots[1], code=None).code == 2
    came = repaired(done, report, "--unpin", roots[0])
    assert (came["pins_removed"], came["left"]) == (1, 0)
    _wait_pinned(stack, roots[0], there=False)
    assert roots[1] in stack.peers[0].allocations()


def _manifest(kubo: KuboNode, root: str) -> str:
    """Return the CID of a bundle's manifest, which is one block."""
    answer = kubo.api.post(f"/api/v0/block/get?arg={root}&offline=true")
    links = parse_node(answer.body).links
    return cids.text(next(link.cid for link in links if link.name == MANIFEST))


def _wait_pinned(stack: Stack, root: str, *, there: bool) -> None:
    """Wait until the shared state holds a pin, or holds it no more."""
    state = stack.peers[0].allocations
    until("the shared state", lambda: (root in state()) is there, limit_s=60)


def _stored(stack: Stack, text: str) -> str:
    answer = stack.kubos[0].api.upload("/api/v0/add?cid-version=1&pin=false", text.encode())
    return str(answer.member("Hash"))
