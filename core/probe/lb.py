"""Whether each load balancer can be steered: its admin socket, our level there, its map."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.probe.haproxy_socket import ask
from core.probe.probe import Depth, Finding, Probe
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from core.config.schema import Haproxy, Workspace

_LEVEL: Final = "stats socket PATH level admin"


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return a question for each HAProxy. Without any, CHECK says what that leaves possible."""
    traffic = workspace.traffic
    found = [
        Probe(
            check="lb",
            component=Component.LB,
            depth=Depth.HEALTH,
            ask=partial(steered, one),
            endpoint=safe(one.name),
            remedy="Look whether HAProxy hangs; its admin socket answers at once.",
        )
        for one in traffic.haproxy
    ]
    if not found and not traffic.command and depth is Depth.CHECK:
        found.append(Probe(check="lb", component=Component.LB, depth=Depth.CHECK, ask=_none))
    return found


async def _none() -> Finding:
    remedy = "Name them in traffic.haproxy, or a program in traffic.command: docs/traffic.md."
    return Finding(Verdict.WARN, "no load balancer is named: no cutover can be begun", remedy)


async def steered(one: Haproxy) -> Finding:
    """Ask a load balancer who it is, what we may do, and which maps it has loaded.

    Raises Denied, NodeUnreachable.
    """
    name = safe(one.name)
    info = _pairs(await ask(name, one.socket, "show info"))
    level = (await ask(name, one.socket, "show cli level")).strip()
    maps = await ask(name, one.socket, "show map")
    text = f"HAProxy {safe(info.get('Version', 'unknown'))}, up {safe(info.get('Uptime', '?'))}"
    return judge(text, level, maps, os.fspath(one.map))


def judge(text: str, level: str, maps: str, wanted: str) -> Finding:
    """Judge our level on the socket, and whether the map of vgwm.yaml is loaded.

    level: of `show cli level`. maps: of `show map`; one line `ID (FILE) pattern loaded ..` a map.
    """
    if level != "admin":
        said = f"{text}; level {safe(level)[:40] or 'none'} on its socket"
        return Finding(Verdict.FAIL, said, f"Write in its global section: {_LEVEL}")
    if f"({wanted})" not in maps:
        remedy = "Let its configuration use that map, or correct traffic.haproxy.map."
        return Finding(Verdict.WARN, f"{text}; {safe(wanted)} is no map of its", remedy)
    return Finding(Verdict.PASS, f"{text}; level admin, map loaded")


def _pairs(told: str) -> dict[str, str]:
    """Return `Name: value` lines by name."""
    cut = (line.partition(":") for line in told.splitlines())
    return {name.strip(): value.strip() for name, _, value in cut}
