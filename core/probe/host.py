"""The host we run on, against what the copy needs: cores, memory, disk, files, the link's speed.

Source: the operator guide's requirements (L74).
"""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

from core.display import count, size
from core.probe.probe import Depth, Finding, Probe
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.config.schema import Workspace

CORES: Final = 4
MEMORY_BYTES: Final = 8_000_000_000
DISK_BYTES: Final = 100_000_000_000
LINK_MBPS: Final = 1_000
NOFILE: Final = 4_096
NOFILE_LEAST: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What this host has. nofile: the soft limit of open files. disk_bytes: of the root's disk."""

    cores: int
    memory_bytes: int
    disk_bytes: int
    nofile: int


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return the questions about this host; the same for every workspace.

    A link's speed does not change from look to look, and virtual cards name none: for CHECK only.
    """
    del workspace
    found = [Probe(check="host", component=Component.HOST, depth=Depth.HEALTH, ask=own)]
    if depth is Depth.CHECK:
        found.append(Probe(check="link", component=Component.HOST, depth=Depth.CHECK, ask=link))
    return found


async def own() -> Finding:
    """Judge what this host has."""
    return judge(await asyncio.to_thread(look))


def look() -> HostFacts:
    """Return what this host has. memory: of all, not of what is free now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return HostFacts(
        cores=psutil.cpu_count() or 0,
        memory_bytes=psutil.virtual_memory().total,
        disk_bytes=psutil.disk_usage("/").total,
        nofile=soft if soft != resource.RLIM_INFINITY else 1 << 30,
    )


def judge(facts: HostFacts) -> Finding:
    """Judge against 4 cores, 8 GB, 100 GB, 4096 open files; below 1024 of those is a fail."""
    text = (
        f"{facts.cores} cores, {size(facts.memory_bytes)} memory, {size(facts.disk_bytes)} disk, "
        f"nofile {count(facts.nofile)}"
    )
    if facts.nofile < NOFILE_LEAST:
        return Finding(
            Verdict.FAIL, text, f"Raise it: ulimit -n {NOFILE}, or LimitNOFILE={NOFILE}."
        )
    wanted = {
        f"{CORES} cores": facts.cores >= CORES,
        f"{size(MEMORY_BYTES)} memory": facts.memory_bytes >= MEMORY_BYTES,
        f"{size(DISK_BYTES)} disk": facts.disk_bytes >= DISK_BYTES,
        f"nofile {count(NOFILE)}": facts.nofile >= NOFILE,
    }
    short = [what for what, enough in wanted.items() if not enough]
    if short:
        return Finding(Verdict.WARN, text, f"The guide asks for {', '.join(short)}: expect less.")
    return Finding(Verdict.PASS, text)


async def link() -> Finding:
    """Judge the speed that the network cards name."""
    cards = await asyncio.to_thread(psutil.net_if_stats)
    speeds = {name: card.speed for name, card in cards.items() if card.isup and name != "lo"}
    return judge_link(speeds)


def judge_link(mbps: Mapping[str, int]) -> Finding:
    """Judge the cards that are up. mbps: by name; 0 where a card, as a virtual one, names none."""
    named = {name: speed for name, speed in mbps.items() if speed > 0}
    if not named:
        text = f"no speed is named by {', '.join(sorted(mbps)) or 'any card'}"
        return Finding(Verdict.UNKNOWN, text, "Measure it: vgwm check network --bandwidth 10s")
    name, best = max(named.items(), key=lambda pair: pair[1])
    text = f"{name} {count(best)} Mbps"
    if best < LINK_MBPS:
        return Finding(Verdict.WARN, text, "The guide asks for 1 Gbps: the link bounds the copy.")
    return Finding(Verdict.PASS, text)
