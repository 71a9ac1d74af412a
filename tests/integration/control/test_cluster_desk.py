"""The cluster panel's desk over addresses where nobody listens: looks, and their end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.config.workspace import parse
from core.control.crossing.cluster_desk import ClusterDesk

if TYPE_CHECKING:
    from pathlib import Path

PORT_OF_NOBODY = 1


async def test_two_first_looks_ask_once_and_the_end_leaves_no_task(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{PORT_OF_NOBODY}"
    workspace = parse(
        f'v: 1\nid: "9f2c1a7e"\nsource: {{type: posix, path: {tmp_path}}}\n'
        f'target: {{type: ipfs, kubo: ["{url}"], cluster: ["{url}"], '
        f'table: "sqlite:{tmp_path}/t"}}\n'
    )
    desk, before = ClusterDesk(workspace), asyncio.all_tasks()
    one, other = await asyncio.gather(desk.cluster(), desk.cluster())
    names = [task.get_name() for task in asyncio.all_tasks() - before]
    kept = [name for name in names if not name.startswith("Task-")]  # else: a question under way
    assert sorted(kept) == ["parts of the target", "watch 0", "watch 1"]
    # which of them heard the refusal already depends on how long the first one's imports took
    assert [peer.name for peer in one.peers] == [peer.name for peer in other.peers] != []
    assert all(peer.reason for peer in (*one.peers, *other.peers))
    async with asyncio.timeout(30):
        while "not asked" in (now := await desk.cluster()).peers[0].reason:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert "not reachable" in now.peers[0].reason
    await desk.close()
    assert asyncio.all_tasks() == before


async def test_a_desk_that_nobody_looked_at_ends(tmp_path: Path) -> None:
    desk = ClusterDesk(
        parse(
            f'v: 1\nid: "9f2c1a7e"\nsource: {{type: posix, path: {tmp_path}}}\n'
            f"target: {{type: dir, path: {tmp_path}-out}}\n"
        )
    )
    await desk.close()
