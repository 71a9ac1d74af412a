"""The load balancers that a workspace names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cutover.departed import Departed
from core.cutover.fleet import Fleet
from core.cutover.haproxy import HaproxyBalancer
from core.cutover.hook import HookBalancer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.config.schema import Workspace
    from core.cutover.balancer import Balancer
    from core.cutover.reading import Trouble


def balancers(workspace: Workspace) -> list[Balancer]:
    """Return them in the order of vgwm.yaml: each HAProxy, or the one command."""
    traffic = workspace.traffic
    if traffic.command:
        return [HookBalancer(traffic)]
    return [HaproxyBalancer(named, workspace.id) for named in traffic.haproxy]


def fleet(
    workspace: Workspace,
    *,
    say: Callable[[Trouble], None] = lambda _: None,
    file: Path | None = None,
) -> Fleet:
    """Return all of them as one. Reads their configurations, for where they listen.

    file: vgwm.yaml, out of which a person may take one that is dead for good; None: nobody does.
    """
    departed = None if file is None else Departed(file, workspace.traffic.haproxy)
    return Fleet(balancers(workspace), say=say, departed=departed)
