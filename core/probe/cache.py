"""Questions to the gateway's cache: a Redis Cluster, or a single server.

Health reads `INFO` and `CLUSTER INFO`. A check also writes one key on each master, reads it back
and removes it; killed in between, the key goes by itself after a minute.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from core.config.schema import IpfsTarget
from core.display import count, safe, size
from core.errors import BadInput, VgwmError
from core.probe.cache_canary import canary
from core.probe.probe import HEALTH_LIMIT_S, Depth, Finding, Probe, limit_of_call
from core.probe.verdicts import worst
from core.target.cache import CALL_S, open_node
from core.target.cache_facts import SLOTS
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.config.schema import Cache, Workspace
    from core.target.cache_facts import NodeFacts

MAJOR_AT_LEAST: Final = 7
CHECK_LIMIT_S: Final = 10.0

_START: Final = "Start the server, or correct target.cache.endpoints."
_SLOTS: Final = "Mend the slots: redis-cli --cluster check HOST:PORT, then --cluster fix HOST:PORT."


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return the questions to a workspace's cache; none if it names no cache."""
    target = workspace.target
    if not isinstance(target, IpfsTarget) or target.cache is None:
        return []
    cache = target.cache
    found = [
        _probe("node", depth, partial(_node, cache, endpoint), endpoint=endpoint)
        for endpoint in cache.endpoints
    ]
    found.append(_probe("cluster", depth, partial(_cluster, cache)))
    if depth is Depth.CHECK:
        found += [
            _probe("version", depth, partial(_of_each, cache, _version)),
            _probe("eviction", depth, partial(_of_each, cache, _eviction)),
            _probe("canary", depth, partial(canary, cache, workspace.id)),
        ]
    return found


def _probe(
    check: str, depth: Depth, ask: Callable[[], Awaitable[Finding]], endpoint: str = ""
) -> Probe:
    return Probe(
        check=check,
        component=Component.CACHE,
        depth=depth,
        ask=ask,
        endpoint=safe(endpoint),
        limit_s=HEALTH_LIMIT_S if depth is Depth.HEALTH else CHECK_LIMIT_S,
        remedy=_START,
    )


async def _node(cache: Cache, endpoint: str) -> Finding:
    """Say how one server is: there, in the mode that is configured, and how full."""
    async with open_node(cache, endpoint, call_s=limit_of_call(CALL_S)) as node:
        facts = await node.facts()
    limit = size(facts.limit_bytes) if facts.limit_bytes else "no limit"
    asked = facts.hits + facts.misses
    ratio = f", {facts.hits / asked:.0%} hits" if asked else ""
    told = (
        f"Redis {facts.version}, {size(facts.used_bytes)} of {limit}, "
        f"{count(facts.evicted)} evicted{ratio}"
    )
    if cache.type == "redis_cluster" and not facts.is_cluster:
        return Finding(
            Verdict.FAIL,
            f"{told}; not in cluster mode",
            "Start it with cluster-enabled yes, or set target.cache.type: redis.",
        )
    return Finding(Verdict.PASS, told)


async def _cluster(cache: Cache) -> Finding:
    """Say whether all slots are served, as every server that answers sees it."""
    if cache.type == "redis":
        return Finding(
            Verdict.WARN,
            "a single server: if it goes, every lookup goes to the table",
            "Build a Redis Cluster of 3 masters: vgwm target init",
        )
    seen = await asyncio.gather(*(_seen_by(cache, endpoint) for endpoint in cache.endpoints))
    answered = [one for one in seen if one.verdict is not Verdict.UNKNOWN]
    # one silent server has a row of its own; the others know whether the cluster holds
    return worst(answered or seen)


async def _seen_by(cache: Cache, endpoint: str) -> Finding:
    try:
        async with open_node(cache, endpoint, call_s=limit_of_call(CALL_S)) as node:
            facts = await node.cluster()
    except BadInput as error:
        return Finding(Verdict.FAIL, f"{safe(endpoint)}: {error.what}", error.remedy)
    except VgwmError as error:
        return _silent(endpoint, error)
    told = (
        f"cluster_state {facts.state}, {count(facts.slots_ok)} of {count(SLOTS)} slots served, "
        f"{facts.masters} masters"
    )
    if facts.state != "ok" or facts.slots_assigned != SLOTS or facts.slots_ok != SLOTS:
        return Finding(Verdict.FAIL, f"{safe(endpoint)}: {told}", _SLOTS)
    return Finding(Verdict.PASS, told)


async def _of_each(cache: Cache, judge: Callable[[str, NodeFacts], Finding]) -> Finding:
    """Judge every server that answers; unknown if none does."""

    async def one(endpoint: str) -> Finding:
        try:
            async with open_node(cache, endpoint, call_s=limit_of_call(CALL_S)) as node:
                return judge(node.endpoint, await node.facts())
        except VgwmError as error:
            return _silent(endpoint, error)

    found = await asyncio.gather(*map(one, cache.endpoints))
    answered = [finding for finding in found if finding.verdict is not Verdict.UNKNOWN]
    judged = worst(answered or found)
    silent = len(found) - len(answered)
    if not (silent and answered):
        return judged
    return judged._replace(evidence=f"{judged.evidence} ({silent} of {len(found)} did not answer)")


def _silent(endpoint: str, error: VgwmError) -> Finding:
    """Return no answer: why a server gives none is for its own row to judge."""
    return Finding(Verdict.UNKNOWN, f"{safe(endpoint)}: {error.what}", "See the row node.")


def _version(endpoint: str, facts: NodeFacts) -> Finding:
    if facts.major < MAJOR_AT_LEAST:
        return Finding(
            Verdict.WARN,
            f"{endpoint}: Redis {facts.version}, older than {MAJOR_AT_LEAST}",
            f"Bring it to version {MAJOR_AT_LEAST} or newer.",
        )
    return Finding(Verdict.PASS, f"{endpoint}: Redis {facts.version}")


def _eviction(endpoint: str, facts: NodeFacts) -> Finding:
    """Judge the policy: rows are kept with a TTL, but a table has more of them than memory."""
    if facts.policy == "noeviction":
        return Finding(
            Verdict.WARN,
            f"{endpoint}: maxmemory-policy noeviction: once full it refuses new keys",
            "Set maxmemory-policy allkeys-lfu.",
        )
    if not facts.limit_bytes:
        return Finding(
            Verdict.WARN,
            f"{endpoint}: {facts.policy}, but no maxmemory: nothing is ever evicted",
            "Set maxmemory below the host's memory.",
        )
    return Finding(Verdict.PASS, f"{endpoint}: {facts.policy} at {size(facts.limit_bytes)}")
