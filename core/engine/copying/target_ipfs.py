"""Opening an IPFS target: loaded only where there is one, for its HTTP costs 0.2 s and 12 MB.

Secrets are resolved here, and stay here (I9). May import config and the target.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.engine.copying.placement_ipfs import IpfsPlacement
from core.target import profile as profiles
from core.target.control_http import Login
from core.target.peers import Roster

if TYPE_CHECKING:
    from core.config.knobs import Knobs
    from core.config.schema import IpfsTarget
    from core.target.profile_file import PinFile


async def open_ipfs(target: IpfsTarget, knobs: Knobs, workspace_id: str) -> IpfsPlacement:
    """Return the placement over the nodes that answer. Raises as `open_placement` does."""
    pin = (await asyncio.to_thread(profiles.load, target.profile)).pin
    login = await asyncio.to_thread(cluster_login, target)
    roster = await Roster.discover(target.kubo, target.cluster, login)
    return IpfsPlacement(
        roster,
        replication=replication_of(target, pin, len(roster.nodes)),
        node_bundles=knobs.node_bundles,
        workspace_id=workspace_id,
    )


def replication_of(target: IpfsTarget, pin: PinFile, nodes: int) -> int:
    """Return how many copies there are to be: never lowered silently below what was asked for."""
    if target.replication is not None:
        return target.replication
    return max(pin.replication_min, min(pin.replication_max, nodes))


def cluster_login(target: IpfsTarget) -> Login | None:
    """Return who we are to the cluster, None for nobody. Raises BadInput, Denied."""
    if not target.cluster_user or target.cluster_password_ref is None:
        return None
    return Login(target.cluster_user, target.cluster_password_ref.resolve().reveal())
