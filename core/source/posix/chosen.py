"""The tree that a workspace names as its source.

May import the configuration, the errors and its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.schema import PosixSource
from core.errors import BadInput
from core.source.posix.config import PosixConfig

if TYPE_CHECKING:
    from core.config.schema import Workspace


def posix_config(workspace: Workspace) -> PosixConfig:
    """Return the source's configuration. Raises BadInput for a source that is not a posix tree."""
    return of_tree(posix_tree(workspace))


def posix_tree(workspace: Workspace) -> PosixSource:
    """Return the tree as vgwm.yaml names it. Raises as above."""
    if isinstance(workspace.source, PosixSource):
        return workspace.source
    raise BadInput(
        what="the source is an S3 endpoint, which this release cannot read",
        where="vgwm.yaml, source.type",
        remedy="Name the gateway's posix root: source: {type: posix, path: ...}.",
    )


def of_tree(source: PosixSource) -> PosixConfig:
    """Return the configuration of a tree."""
    return PosixConfig(
        root=source.path,
        versioning_dir=source.versioning_dir,
        sidecar=source.sidecar,
        nometa=source.nometa,
        bucket_links=source.bucket_links,
        default_etag=source.default_etag,
        root_account=source.root_account,
    )
