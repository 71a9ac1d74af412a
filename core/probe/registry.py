"""Every question that `health` and `check` ask of a workspace; assessment asks the same ones.

A component's module exports `probes(workspace, depth)`. CHECK holds what HEALTH holds, and more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.probe import cache, canary, clock, cluster, gateway, host, kubo, lb, metadata, network
from core.probe.probe import Depth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.config.schema import Workspace
    from core.probe.probe import Probe

ASKERS: tuple[Callable[[Workspace, Depth], list[Probe]], ...] = (
    cluster.probes,
    kubo.probes,
    metadata.probes,
    cache.probes,
    gateway.probes,
    network.probes,
    lb.probes,
    host.probes,
)
"""One of each component's module, in the order in which their rows are shown."""


def probes(
    workspace: Workspace,
    depth: Depth,
    *,
    folder: Path | None = None,
    now: Callable[[], float] = time.time,
) -> list[Probe]:
    """Return the questions of all components that the workspace names. Nothing is asked yet.

    folder: the workspace's, where canaries of the cluster are noted; without it none is planted.
    now: this host's clock, UTC seconds.
    """
    found = [probe for asker in ASKERS for probe in asker(workspace, depth)]
    found += clock.probes(workspace, depth, now)
    if depth is Depth.CHECK and folder is not None:
        found += canary.probes(workspace, folder)
    return found
