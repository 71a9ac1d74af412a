"""Every question that `health` and `check` ask of a workspace; assessment asks the same ones.

A component's module exports `probes(workspace, depth)`. CHECK holds what HEALTH holds, and more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.probe import cache, metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.schema import Workspace
    from core.probe.probe import Depth, Probe

ASKERS: tuple[Callable[[Workspace, Depth], list[Probe]], ...] = (
    metadata.probes,
    cache.probes,
)
"""One of each component's module, in the order in which their rows are shown."""


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return the questions of all components that the workspace names. Nothing is asked yet."""
    return [probe for asker in ASKERS for probe in asker(workspace, depth)]
