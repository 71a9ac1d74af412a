"""Health and checks of a real cluster: healthy, hurt, misconfigured; canaries always removed."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, NamedTuple

import pytest

from core.config.workspace import parse
from core.probe import bandwidth
from core.probe.canary_notes import FOLDER
from core.probe.probe import Depth, ask_all
from core.probe.registry import probes
from core.verdict import Component, Verdict
from tests.integration.cli.shell import start, vgwm
from tests.lab.process import until
from tests.lab.stack import Shape

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from core.config.schema import Workspace
    from core.verdict import Answer
    from tests.lab.stack import Stack

IPFS = frozenset({Component.CLUSTER, Component.KUBO, Component.NETWORK})
ALONE = Shape(nodes=1, extra={"CLUSTER_CRDT_BATCHING_MAXBATCHSIZE": "0"}, batch_age="0s")


class Ground(NamedTuple):
    """A workspace over a stack. Its password comes from a file."""

    folder: Path
    stack: Stack

    @property
    def workspace(self) -> Workspace:
        return parse(self.text())

    def text(self, *, password_file: str = "pw") -> str:  # noqa: S107 - a file's name
        stack = self.stack
        return (
            f'v: 1\nid: "9f2c1a7e"\nsource: {{type: posix, path: {self.folder}/gw}}\n'
            f"target: {{type: ipfs, kubo: {stack.kubo_urls}, cluster: {stack.cluster_urls}, "
            f'cluster_user: {stack.user}, cluster_password_ref: "file:{self.folder}/'
            f'{password_file}", table: "sqlite:{self.folder}/t.db"}}\n'
        )

    async def ask(
        self, depth: Depth = Depth.HEALTH, workspace: Workspace | None = None
    ) -> list[Answer]:
        asked = probes(workspace or self.workspace, depth, folder=self.folder)
        return [one async for one in ask_all([p for p in asked if p.component in IPFS])]

    def pins(self) -> dict[str, list[str]]:
        return self.stack.peers[0].allocations()

    def notes(self) -> list[str]:
        folder = self.folder / FOLDER
        return [path.name for path in folder.iterdir()] if folder.is_dir() else []


@pytest.fixture(scope="module")
def stack(make_stack: Callable[[Shape], Stack]) -> Iterator[Stack]:
    """One of its own: peers that other files killed may lack each other's pins for long."""
    made = make_stack(Shape())
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _mended(stack: Stack) -> Iterator[None]:
    """Start again what a test ended."""
    yield
    stack.heal()


def ground_of(folder: Path, stack: Stack) -> Ground:
    (folder / "gw").mkdir()
    (folder / "pw").write_text(stack.password)
    (folder / "wrong").write_text("another password")
    ground = Ground(folder, stack)
    (folder / "vgwm.yaml").write_text(ground.text())
    return ground


@pytest.fixture
def ground(tmp_path: Path, stack: Stack) -> Ground:
    return ground_of(tmp_path, stack)


def not_passed(answers: list[Answer]) -> dict[tuple[str, str], Verdict]:
    """Return what did not pass: by check, and by the server's name, empty for all of them."""
    return {
        (one.check, one.endpoint.partition(" ")[0]): one.verdict
        for one in answers
        if one.verdict is not Verdict.PASS
    }


async def test_a_healthy_stack_passes_health_and_check_and_keeps_no_canary(ground: Ground) -> None:
    before = ground.pins()
    await all_passed(ground, Depth.HEALTH)
    answers = await all_passed(ground, Depth.CHECK)
    canary = next(one for one in answers if one.check == "canary")
    assert canary.evidence.startswith("pinned on 3 nodes in ")
    await nothing_new(ground, before)
    assert ground.notes() == []


async def nothing_new(ground: Ground, before: dict[str, list[str]]) -> None:
    """Wait until no pin is there that was not before; others' may still be on their way out."""
    await out(lambda: ground.pins().keys() <= before.keys())


async def all_passed(ground: Ground, depth: Depth) -> list[Answer]:
    """Ask until all is well: on a busy host an answer may come after its limit."""
    while found := not_passed(answers := await ground.ask(depth)):
        await asyncio.sleep(0.5)
        print(found)  # noqa: T201 - what was not well, should it never be
    return answers


async def test_a_dead_kubo_is_named_and_the_cluster_warns(ground: Ground) -> None:
    ground.stack.kubos[1].server.kill()
    found = not_passed(await ground.ask(Depth.CHECK))
    of_it = {(check, "kubo-2"): Verdict.UNKNOWN for check in ("kubo", "repo", "gc", "rpc")}
    assert found | of_it == found
    assert found["tcp", "kubo-2"] is Verdict.FAIL
    assert found["cluster", ""] is Verdict.WARN
    # a peer whose Kubo is dead takes up to 4 s over its own identity
    assert found["peer", "cluster-2"] in {Verdict.WARN, Verdict.UNKNOWN}
    assert found["canary", ""] is Verdict.UNKNOWN
    assert not [where for check, where in found if where in {"cluster-1", "cluster-3"}]
    others = {check for check, where in found if where in {"kubo-1", "kubo-3"}}
    assert others == {"peering"}


async def test_a_hung_peer_is_unknown_within_the_limit_and_its_kubo_is_well(
    ground: Ground,
) -> None:
    ground.stack.peers[2].server.stop()
    answers = await ground.ask()
    found = not_passed(answers)
    assert found["peer", "cluster-3"] is Verdict.UNKNOWN
    # one that waits for the hung one may be late, too: then the whole is unknown as well (I7)
    assert found["cluster", ""] in {Verdict.WARN, Verdict.UNKNOWN}
    assert not [check for check, where in found if where.startswith("kubo")]


async def test_a_wrong_password_fails_each_peer_once(ground: Ground) -> None:
    wrong = parse(ground.text(password_file="wrong"))  # noqa: S106 - a file's name
    answers = await ground.ask(workspace=wrong)
    failed = [one for one in answers if one.verdict is Verdict.FAIL]
    assert {(one.check, one.endpoint.partition(" ")[0]) for one in failed} == {
        ("peer", f"cluster-{i}") for i in (1, 2, 3)
    }
    assert all("cluster_password_ref" in one.remedy for one in failed)
    assert not [one for one in answers if "another password" in one.evidence + one.remedy]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
async def test_a_check_that_is_ended_leaves_no_canary(
    ground: Ground, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C removes them in the same run, a kill leaves them to the next."""
    before = ground.pins()
    process = await ended_amid(ground, tmp_path, number)
    if number is signal.SIGKILL:
        assert ground.notes()
        ran = await vgwm("check", "cluster", "-w", str(ground.folder), home=tmp_path)
        assert ran.code == 0, ran.out
    else:
        assert process.returncode == 130
    assert ground.notes() == []
    await nothing_new(ground, before)


async def ended_amid(ground: Ground, home: Path, number: signal.Signals) -> Process:
    """Send the signal while canaries are pinned; a check that was too quick is begun anew."""
    while True:
        process = await start("check", "cluster", "-w", str(ground.folder), home=home)
        while process.returncode is None:
            noted = set(ground.notes())
            # one that is noted and not pinned yet would be waited for, 5 s
            if noted and noted <= ground.pins().keys():
                process.send_signal(number)
                await process.communicate()
                if await process.wait() in {130, -number}:
                    return process
                break
            await asyncio.sleep(0.02)
        await process.communicate()


async def out(ready: Callable[[], object]) -> None:
    while not ready():  # noqa: ASYNC110 - another process makes it so
        await asyncio.sleep(0.02)


async def test_bandwidth_is_measured_and_nothing_is_kept(ground: Ground) -> None:
    before = [kubo.api.post("/api/v0/repo/stat").member("RepoSize") for kubo in ground.stack.kubos]
    answers = [one async for one in ask_all(bandwidth.probes(ground.workspace, 0.3))]
    assert [one.component for one in answers] == [Component.NETWORK] * 3
    assert {one.verdict for one in answers} <= {Verdict.PASS, Verdict.WARN}
    after = [kubo.api.post("/api/v0/repo/stat").member("RepoSize") for kubo in ground.stack.kubos]
    assert after == before


async def test_a_node_set_up_badly_fails_row_by_row(
    tmp_path: Path, make_stack: Callable[[Shape], Stack]
) -> None:
    """One stack without batches; then its Kubo collects garbage, is full, and announces itself."""
    with make_stack(ALONE) as stack:
        ground = ground_of(tmp_path, stack)
        found = not_passed(await ground.ask(Depth.CHECK))
        assert found == {("batching", ""): Verdict.FAIL, ("cluster", ""): Verdict.WARN}
        kubo = stack.kubos[0]
        kubo.server.argv.append("--enable-gc")
        kubo.set("Datastore.StorageMax", "1KB")
        kubo.set("Provide", {"Enabled": True})
        kubo.set("Routing", {"Type": "dht"})
        kubo.restart()
        until(
            "the peer to see that it is full", lambda: not stack.peers[0].allocating(), limit_s=60
        )
        answers = await ground.ask()
    found = not_passed(answers)
    assert found["gc", "kubo-1"] is Verdict.FAIL
    assert found["repo", "kubo-1"] is Verdict.FAIL
    assert found["provide", "kubo-1"] is Verdict.WARN
    assert found["cluster", ""] is Verdict.FAIL
    assert {check for check, _ in found} == {"gc", "repo", "provide", "cluster", "metrics"}
    remedies = {one.check: one.remedy for one in answers}
    assert "--enable-gc" in remedies["gc"]
    assert "StorageMax" in remedies["repo"]
