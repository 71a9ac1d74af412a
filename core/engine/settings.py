"""From the workspace's file to what workers and rows need. Pure.

May import config, source configuration and the tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from core.config.schema import DirTarget
from core.engine.crew.task import WorkerSetup
from core.source.chosen import source_config

if TYPE_CHECKING:
    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.target.profile import Profile

__all__ = ["cid_profile_of", "source_config", "worker_setup"]


def cid_profile_of(workspace: Workspace, profile: Profile) -> str:
    """Return the name of the CID profile: the workspace's own wish, else the target profile's."""
    return workspace.cid_profile or profile.cid.name


def worker_setup(workspace: Workspace, knobs: Knobs, profile: Profile) -> WorkerSetup:
    """Return what workers are told when they start. Reads an endpoint's keys: not on the loop.

    Raises BadInput where one of them is absent, Denied where it cannot be read.
    """
    target = workspace.target
    sink: Literal["dir", "kubo"] = "dir" if isinstance(target, DirTarget) else "kubo"
    return WorkerSetup(
        workspace_id=workspace.id,
        source=source_config(workspace),
        profile=target.profile,
        cid_profile=cid_profile_of(workspace, profile),
        sink=sink,
        sink_path=str(target.path) if isinstance(target, DirTarget) else "",
        etag=knobs.etag,
        large_threshold=knobs.large_threshold,
        segment_bytes=knobs.segment_size,
        archive_versions=workspace.versions == "archive",
        timeout_s=knobs.timeout,
    )
