"""Opening what tells the changes of a workspace's object table.

YDB's code is imported on first use, in a thread, as in `core.target.open_table`.
"""

from __future__ import annotations

import asyncio
import os
from importlib import import_module
from typing import TYPE_CHECKING

from core.config.schema import DirTarget
from core.target.change_list import ChangeList
from core.target.open_table import login_of, table_spec

if TYPE_CHECKING:
    from core.config.schema import Workspace
    from core.target.changes import Changes
    from core.target.profile import Profile


async def open_changes(workspace: Workspace, profile: Profile) -> Changes:
    """Return the changes of the workspace's table; nothing is asked yet. `close` is the caller's.

    Raises BadInput or Denied for secrets that cannot be had.
    """
    kind, _, place = table_spec(workspace).partition(":")
    if kind == "sqlite" or isinstance(workspace.target, DirTarget):
        return ChangeList(place, profile.objects)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    await asyncio.to_thread(import_module, "core.target.ydb_feed")
    from core.target.ydb_feed import ChangeFeed  # noqa: PLC0415 - see above

    login = await asyncio.to_thread(login_of, workspace.target)
    return ChangeFeed(place, profile.objects, login)
