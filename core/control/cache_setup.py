"""The cache's part of `target init`: a Redis Cluster of the servers that vgwm.yaml names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.schema import IpfsTarget
from core.display import safe
from core.errors import Refused
from core.target.cache_cluster import build, plan, survey

if TYPE_CHECKING:
    from core.config.schema import Cache, Workspace


class CacheState(NamedTuple):
    """What the cache has and lacks; label is empty for a target without one."""

    label: str
    missing: list[str]
    found: list[str]


NO_CACHE: Final = CacheState("", [], [])


async def look_at_cache(workspace: Workspace) -> CacheState:
    """Look at the servers; change nothing.

    A single server is not asked: nothing is to be made of it. Raises NoAnswer, Denied, WrongState,
    Refused for servers that hold keys or are in a cluster with others.
    """
    cache = _cache(workspace)
    if cache is None:
        return NO_CACHE
    label = f"{cache.type} {safe(', '.join(cache.endpoints))}"
    if cache.type == "redis":
        return CacheState(label, [], [])
    made = plan(await survey(cache))
    if not made.shares:
        return CacheState(label, [], [f"cache cluster of {made.masters} masters"])
    return CacheState(label, [share.text for share in made.shares], [])


async def make_cache(workspace: Workspace, shown: list[str]) -> None:
    """Build what was shown; nothing if that is nothing. shown: `CacheState.missing`.

    Raises Refused if the servers are others by now.
    """
    cache = _cache(workspace)
    if cache is None or not shown:
        return
    nodes = await survey(cache)
    shares = plan(nodes).shares
    if [share.text for share in shares] != shown:
        raise Refused(
            what="the servers of the cache have changed since they were shown",
            where="target.cache.endpoints",
            remedy="Look at it again: vgwm target init",
        )
    await build(cache, nodes, shares)


def _cache(workspace: Workspace) -> Cache | None:
    target = workspace.target
    return target.cache if isinstance(target, IpfsTarget) else None
