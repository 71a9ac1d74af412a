"""The cluster panel over a real cluster: peers well, a Kubo that dies, a peer that hangs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from core.config.schema import IpfsTarget
from core.config.workspace import parse
from core.probe.peer_rows import PeerRow, PeerState
from core.probe.peer_watch import PeerWatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.lab.stack import Stack

SEEN_S = 30.0


@pytest.fixture
async def watch(stack: Stack, tmp_path: Path) -> AsyncIterator[PeerWatch]:
    password = tmp_path / "pw"
    password.write_text(stack.password)
    password.chmod(0o600)
    target = parse(
        f'v: 1\nid: "9f2c1a7e"\nsource: {{type: posix, path: {tmp_path}}}\n'
        f"target: {{type: ipfs, kubo: {stack.kubo_urls}, cluster: {stack.cluster_urls}, "
        f'cluster_user: {stack.user}, cluster_password_ref: "file:{password}", '
        f'table: "sqlite:{tmp_path}/t.db"}}\n'
    ).target
    assert isinstance(target, IpfsTarget)
    watching = PeerWatch(target, every_s=0.2)
    yield watching
    await watching.close()


async def seen(watch: PeerWatch, fits: Callable[[list[PeerRow]], bool]) -> list[PeerRow]:
    """Return the rows once they fit, looked at as a screen does."""
    until_s = time.monotonic() + SEEN_S
    while True:
        rows = await watch.look()
        if fits(rows):
            return rows
        assert time.monotonic() < until_s, rows
        await asyncio.sleep(0.2)


def all_well(rows: list[PeerRow]) -> bool:
    return all(row.state is PeerState.OK for row in rows)


async def test_every_peer_is_one_row_with_its_figures(watch: PeerWatch, stack: Stack) -> None:
    rows = await seen(watch, all_well)
    assert [row.name for row in rows] == [f"cluster-{i + 1}" for i in range(len(stack.ids))]
    for row in rows:
        assert (row.queue, row.errors, row.kubo) == (0, 0, "ok")
        assert row.free_bytes
        assert row.repo_most_bytes
        assert row.ping_s is not None
        assert "/" in row.version


async def test_a_kubo_that_dies_is_said_and_its_peer_lives(watch: PeerWatch, stack: Stack) -> None:
    await seen(watch, all_well)
    stack.kubos[1].server.kill()
    rows = await seen(watch, lambda rows: rows[1].state is PeerState.FAILING)
    assert (rows[1].kubo, rows[0].state) == ("failing", PeerState.OK)
    assert rows[1].repo_bytes is None


async def test_i7_a_peer_that_hangs_is_unknown_and_delays_no_other(
    watch: PeerWatch, stack: Stack
) -> None:
    await seen(watch, all_well)
    stack.peers[0].server.stop()
    rows = await seen(watch, lambda rows: rows[0].state is PeerState.UNKNOWN)
    assert rows[0].queue is None
    assert rows[0].age_s is not None
    await seen(watch, lambda rows: rows[2].age_s is not None and rows[2].age_s < 1.0)


async def test_a_watch_that_nobody_looks_at_ends_and_begins_again(
    stack: Stack, watch: PeerWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_idle_s", 0.1)
    await watch.look()
    tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith("watch")]
    assert len(tasks) == 6
    async with asyncio.timeout(SEEN_S):
        await asyncio.gather(*tasks)
    monkeypatch.undo()
    await seen(watch, all_well)
    del stack
