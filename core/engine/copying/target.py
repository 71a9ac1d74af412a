"""Opening the target that vgwm.yaml names. Secrets are resolved here, and stay here (I9).

May import config and the target.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from core.config.schema import DirTarget
from core.engine.copying.placement_dir import DirPlacement
from core.target.dir_store import DirStore

if TYPE_CHECKING:
    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.copying.placement import Placement
    from core.target.cache_drop import CacheDrop


async def open_placement(workspace: Workspace, knobs: Knobs, epoch: int) -> Placement:
    """Return the target's placement. Raises what its servers say, and BadInput for too few.

    epoch: of the engine; what earlier ones left half-written is cleared away.
    """
    target = workspace.target
    if isinstance(target, DirTarget):
        return DirPlacement(DirStore(target.path), epoch)
    from core.engine.copying.target_ipfs import open_ipfs  # noqa: PLC0415 - a directory needs no HTTP

    return await open_ipfs(target, knobs, workspace.id)


async def open_cache(workspace: Workspace) -> CacheDrop | None:
    """Return what drops keys of the gateway's cache; None for a target without one."""
    target = workspace.target
    if isinstance(target, DirTarget) or target.cache is None:
        return None
    # the cache's client takes 0.1 s to load: beside the loop
    module = await asyncio.to_thread(importlib.import_module, "core.target.cache_drop")
    made: type[CacheDrop] = module.CacheDrop
    return made(target.cache)


def load_for(workspace: Workspace) -> None:
    """Load what the target will need, ahead of the first job."""
    if not isinstance(workspace.target, DirTarget):
        importlib.import_module("core.engine.copying.target_ipfs")
