"""Opening the target that vgwm.yaml names. Secrets are resolved here, and stay here (I9).

May import config and the target.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.config.schema import DirTarget
from core.engine.placement_dir import DirPlacement
from core.engine.placement_ipfs import IpfsPlacement
from core.target import profile as profiles
from core.target.control_http import Login
from core.target.dir_store import DirStore
from core.target.open_table import TableLogin, open_table
from core.target.peers import Roster

if TYPE_CHECKING:
    from core.config.knobs import Knobs
    from core.config.schema import IpfsTarget, Workspace
    from core.engine.placement import Placement
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.profile_file import PinFile


async def open_placement(workspace: Workspace, knobs: Knobs, epoch: int) -> Placement:
    """Return the target's placement. Raises what its servers say, and BadInput for too few.

    epoch: of the engine; what earlier ones left half-written is cleared away.
    """
    target = workspace.target
    if isinstance(target, DirTarget):
        return DirPlacement(DirStore(target.path), epoch)
    pin = (await asyncio.to_thread(profiles.load, target.profile)).pin
    login = await asyncio.to_thread(_login, target)
    roster = await Roster.discover(target.kubo, target.cluster, login)
    return IpfsPlacement(
        roster,
        replication=replication_of(target, pin, len(roster.nodes)),
        node_bundles=knobs.node_bundles,
        workspace_id=workspace.id,
    )


def replication_of(target: IpfsTarget, pin: PinFile, nodes: int) -> int:
    """Return how many copies there are to be: never lowered silently below what was asked for."""
    if target.replication is not None:
        return target.replication
    return max(pin.replication_min, min(pin.replication_max, nodes))


async def open_target_table(workspace: Workspace, profile: Profile) -> ObjectTable:
    """Return the object table, connected."""
    target = workspace.target
    if isinstance(target, DirTarget):
        return await open_table(f"sqlite:{target.path / 'objects.db'}", profile, None)
    login = TableLogin(
        user=target.table_user,
        password=target.table_password_ref.resolve() if target.table_password_ref else None,
        token=target.table_token_ref.resolve() if target.table_token_ref else None,
        ca_file=target.table_ca_file,
    )
    return await open_table(target.table, profile, login)


def _login(target: IpfsTarget) -> Login | None:
    if not target.cluster_user or target.cluster_password_ref is None:
        return None
    return Login(target.cluster_user, target.cluster_password_ref.resolve().reveal())
