"""Canaries on stand-in nodes: every fault is seen, and nothing is left pinned whatever happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.workspace import parse
from core.probe.canaries import Canaries
from core.probe.canary import batching, probes, there_and_back
from core.probe.canary_notes import CanaryNotes
from core.probe.probe import Finding, ask_all
from core.verdict import Verdict
from tests.fakes.cluster_server import PASSWORD, USER, FakeCluster
from tests.fakes.kubo_server import FakeKubo, fails

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from core.config.schema import Workspace
    from core.verdict import Answer


@pytest.fixture
def kubos() -> Iterator[list[FakeKubo]]:
    nodes = [FakeKubo(i) for i in range(3)]
    yield nodes
    for node in nodes:
        node.close()


@pytest.fixture
def cluster(kubos: list[FakeKubo]) -> Iterator[FakeCluster]:
    made = FakeCluster(kubos)
    yield made
    made.close()


@pytest.fixture
def workspace(kubos: list[FakeKubo], cluster: FakeCluster, tmp_path: Path) -> Workspace:
    (tmp_path / "pw").write_text(PASSWORD)
    return parse(
        'v: 1\nid: "9f2c1a7e"\nsource: {type: posix, path: /data/gw}\n'
        f"target: {{type: ipfs, kubo: {[k.url for k in kubos]}, "
        f"cluster: {[p.url for p in cluster.peers]}, cluster_user: {USER}, "
        f'cluster_password_ref: "file:{tmp_path}/pw", table: "sqlite:/t"}}\n'
    )


async def ask(workspace: Workspace, folder: Path) -> dict[str, Answer]:
    return {one.check: one async for one in ask_all(probes(workspace, folder))}


async def until(ready: Callable[[], object]) -> None:
    while not ready():  # noqa: ASYNC110 - the servers live in threads
        await asyncio.sleep(0.005)


async def test_a_canary_goes_there_and_back_and_leaves_nothing(
    workspace: Workspace, cluster: FakeCluster, tmp_path: Path
) -> None:
    answers = await ask(workspace, tmp_path)
    assert {name: one.verdict for name, one in answers.items()} == {
        "canary": Verdict.PASS,
        "batching": Verdict.PASS,
    }
    assert "pinned on 3 nodes" in answers["canary"].evidence
    assert not cluster.pins
    assert CanaryNotes(tmp_path).left() == []


class Flipping(dict[bytes, bytes]):
    """A disk on which one bit of each file turns over."""

    def __setitem__(self, digest: bytes, block: bytes) -> None:
        flipped = bytes([block[0] ^ 1]) + block[1:] if block.startswith(b"a canary") else block
        super().__setitem__(digest, flipped)


async def test_i2_a_node_that_serves_other_bytes_fails(
    workspace: Workspace, kubos: list[FakeKubo], cluster: FakeCluster, tmp_path: Path
) -> None:
    kubos[1].blocks = Flipping()
    answer = (await ask(workspace, tmp_path))["canary"]
    assert (answer.verdict, answer.evidence) == (
        Verdict.FAIL,
        "kubo-2 serves other bytes than it was sent",
    )
    assert not cluster.pins


async def test_a_pin_that_fails_on_one_node_fails_and_is_withdrawn(
    workspace: Workspace, cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.peers[2].lies = ("pin_error", "unexpected EOF")
    answer = (await ask(workspace, tmp_path))["canary"]
    assert answer.verdict is Verdict.FAIL
    assert "kubo-3: unexpected EOF" in answer.evidence
    assert not cluster.pins
    assert CanaryNotes(tmp_path).left() == []


async def test_a_pin_that_goes_elsewhere_fails_and_is_withdrawn(
    workspace: Workspace, cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.instead = [cluster.peers[0].id]
    answer = (await ask(workspace, tmp_path))["canary"]
    assert (answer.verdict, answer.evidence) == (
        Verdict.FAIL,
        "pinned on 1 of 3 nodes asked for",
    )
    assert not cluster.pins


async def test_i7_a_silent_node_leaves_it_untried(
    workspace: Workspace, cluster: FakeCluster, kubos: list[FakeKubo], tmp_path: Path
) -> None:
    kubos[1].close()
    answers = await ask(workspace, tmp_path)
    assert [one.verdict for one in answers.values()] == [Verdict.UNKNOWN] * 2
    assert not cluster.posts


async def test_a_node_that_refuses_the_import_is_named(
    workspace: Workspace, cluster: FakeCluster, kubos: list[FakeKubo], tmp_path: Path
) -> None:
    kubos[0].orders.extend([fails(500, "no space left on device")] * 4)
    answer = (await ask(workspace, tmp_path))["canary"]
    assert answer.verdict is Verdict.UNKNOWN
    assert "kubo-1" in answer.evidence
    assert not cluster.pins


async def test_pins_without_batches_fail(
    workspace: Workspace,
    cluster: FakeCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.fakes.cluster_server.BATCH_S", 0.0)
    answers = await ask(workspace, tmp_path)
    assert answers["canary"].verdict is Verdict.PASS
    assert answers["batching"].verdict is Verdict.FAIL
    assert "max_batch_size" in answers["batching"].remedy
    assert not cluster.pins


@pytest.mark.parametrize("ask_it", [there_and_back, batching])
@pytest.mark.parametrize("questions", [2, 4, 5, 6, 7, 8, 9])
async def test_a_canary_that_is_cancelled_is_withdrawn(
    workspace: Workspace,
    cluster: FakeCluster,
    tmp_path: Path,
    questions: int,
    ask_it: Callable[[Canaries], Coroutine[object, object, Finding]],
) -> None:
    """Told to end after so many questions to the first peer, of about ten."""
    target = workspace.target
    canaries = Canaries(target, workspace.id, CanaryNotes(tmp_path))  # type: ignore[arg-type] # it is an ipfs target
    task = asyncio.create_task(ask_it(canaries))
    await until(lambda: task.done() or len(cluster.peers[0].asked) >= questions)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() or task.result().verdict is Verdict.PASS
    assert not cluster.pins
    assert CanaryNotes(tmp_path).left() == []


async def test_what_a_killed_run_left_is_removed_by_the_next(
    workspace: Workspace, cluster: FakeCluster, tmp_path: Path
) -> None:
    dead = CanaryNotes(tmp_path)
    async with Canaries(workspace.target, workspace.id, dead).nodes() as nodes:  # type: ignore[arg-type] # it is an ipfs target
        root = "bafybeidm7cr5jhmtfjwl7qvy2qpzskx7xamkmqisfiqdhnefrbzum7wo2a"
        dead.note(root)
        peers = [node.peer for node in nodes]
        client = nodes[0].cluster
        assert client is not None
        await client.pin(root, name="left", rf=3, allocations=peers)
        dead.close()  # as the kernel does at a kill
    answers = await ask(workspace, tmp_path)
    assert answers["canary"].verdict is Verdict.PASS
    assert root not in cluster.pins
    assert CanaryNotes(tmp_path).left() == []
