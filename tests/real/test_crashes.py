"""An engine that is killed in the middle of a copy on real servers; `test_outside_*` hurt those."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.lab.target import Fetcher
from tests.real.migrated import (
    REPLICATION,
    Migrated,
    begin,
    read_table,
    recorded,
    wait_recorded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.stack import Stack
    from tests.lab.tree.grow import GatewayTree
    from tests.lab.vgwm import Vgwm

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.parametrize("gateway_tree", ["xattr"], indirect=True),
]
FIRST = 200


@pytest.fixture
def copying(gateway_tree: GatewayTree, stack: Stack, tmp_path: Path) -> Iterator[Vgwm]:
    """A copy of many small bundles that runs in its engine, and has recorded some of them."""
    with begin(gateway_tree, stack, tmp_path, f"sqlite:{tmp_path}/objects.db") as vgwm:
        vgwm.run("plan", "--batch-size", "25")
        # Few pins at once, each waits for the cluster's batch: a fast machine takes seconds, too.
        vgwm.run("set", "pin_inflight=8")
        vgwm.run("copy", "--detach", "--workers", "2")
        wait_recorded(vgwm, FIRST)
        yield vgwm


@pytest.fixture
def complete(gateway_tree: GatewayTree, stack: Stack, tmp_path: Path) -> Callable[[Vgwm], Migrated]:
    """Prove that all is there: rows, pins at their own peers, bytes on each allocated node."""

    def prove(vgwm: Vgwm) -> Migrated:
        table = asyncio.run(read_table(f"sqlite:{tmp_path}/objects.db"))
        done = Migrated(gateway_tree, stack, vgwm, table, {}, atimes=False)
        assert set(done.rows) == set(done.told)
        for key, row in done.rows.items():
            assert len(set(done.pins[row.root])) == REPLICATION, key
        for root, peers in done.pins.items():
            for peer_id in peers:
                assert stack.peer(peer_id).status(root) == "pinned"
                with Fetcher(stack.peer(peer_id).kubo) as fetcher:
                    assert fetcher.cat(f"{root}/manifest")
        for key, row in list(done.rows.items())[::40]:
            for peer_id in done.pins[row.root]:
                with Fetcher(stack.peer(peer_id).kubo) as fetcher:
                    assert fetcher.sha256(row.cid) == done.told[key].sha256, key
        return done

    return prove


def _finish(vgwm: Vgwm) -> None:
    """Follow the copy to its end; an engine that was killed is started and goes on by itself."""
    vgwm.run("engine", "start")
    vgwm.run("watch", "--interval", "1s")


def _unfinished(vgwm: Vgwm, gateway_tree: GatewayTree) -> None:
    left = len(list(gateway_tree.told.current())) - recorded(vgwm)
    assert left > 0, "the copy ended before anything could be done to it"


def test_i5_a_killed_engine_loses_nothing_and_its_workers_die_with_it(
    copying: Vgwm, gateway_tree: GatewayTree, complete: Callable[[Vgwm], Migrated]
) -> None:
    engine = psutil.Process(int(str(copying.run("--json", "engine", "status").result()["pid"])))
    children = engine.children(recursive=True)
    _unfinished(copying, gateway_tree)
    os.kill(engine.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert children
    assert not alive
    before = recorded(copying)
    _finish(copying)
    assert recorded(copying) > before
    complete(copying)
