"""How much room the nodes have: Kubo's own word for its limit, and its disk as far as it tells.

May import the target's control side, the configuration and its own room.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from core.errors import VgwmError
from core.preflight.judge_room import NodeRoom
from core.target import profile as profiles
from core.target.control_http import ControlHttp
from core.target.kubo import KuboClient
from core.target.kubo_answers import HTTP_OK
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from core.config.schema import IpfsTarget

_LIMIT_S: Final = 4.0
"""Of each of two questions: together they stay within the limit of a fact."""


class _Disk(msgspec.Struct):
    free_space: int
    total_space: int


class _System(msgspec.Struct):
    diskinfo: _Disk


async def node_rooms(target: IpfsTarget) -> list[NodeRoom]:
    """Ask every Kubo at once for its room; who does not answer is named with the reason."""
    async with TaskGroup() as group:
        asked = [
            group.create_task(_room(f"kubo-{i}", url), name=f"room of kubo-{i}")
            for i, url in enumerate(target.kubo, 1)
        ]
    return [task.result() for task in asked]


def replication(target: IpfsTarget) -> int:
    """Return how many copies there will be if every node takes part.

    guide.md 5: replication, else the profile's highest, or the nodes if they are fewer.
    """
    if target.replication is not None:
        return target.replication
    return min(profiles.load(target.profile).pin.replication_max, len(target.kubo))


async def _room(name: str, url: str) -> NodeRoom:
    """Ask a node; once more, if it does not tell: a busy host is late."""
    room = await _asked(name, url)
    return await _asked(name, url) if room.fault else room


async def _asked(name: str, url: str) -> NodeRoom:
    start = f"Start {name}, or open its RPC port from this host."
    try:
        kubo, http = KuboClient(name, url), ControlHttp(name, url)
    except VgwmError as error:
        return NodeRoom(name=name, fault=error.what, remedy=error.remedy)
    try:
        async with asyncio.timeout(_LIMIT_S):
            repo = await kubo.repo_stat()
            disk = await _disk_free(http)
    except TimeoutError:
        return NodeRoom(name=name, fault=f"no answer in {_LIMIT_S:.0f} s", remedy=start)
    except VgwmError as error:
        return NodeRoom(name=name, fault=error.what, remedy=error.remedy)
    finally:
        await kubo.close()
        await http.close()
    return NodeRoom(name=name, used=repo.used_bytes, limit=repo.max_bytes, disk_free=disk)


async def _disk_free(http: ControlHttp) -> int | None:
    """Return what is free on the disk of a node's repository; None if it does not tell.

    Kubo 0.42 calls `total_space` what a plain user may still write, and `free_space` what is free
    with root's reserve: the smaller one is the truth, whichever is which.
    """
    answer = await http.call("POST", "/api/v0/diag/sys", limit_s=_LIMIT_S)
    if answer.status != HTTP_OK:
        return None
    try:
        told = msgspec.json.decode(answer.body, type=_System).diskinfo
    except msgspec.MsgspecError:
        return None
    return min(told.free_space, told.total_space)
