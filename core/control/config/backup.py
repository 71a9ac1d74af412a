"""What `vgwm config backup` does: find the gateway's files, keep copies, say their hashes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.config import backup
from core.config.backup import Part
from core.config.gateway_files import CONFIGS, Named, find
from core.control.wire import config as wire_config
from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Named", "keep"]


def keep(
    named: Named, folder: Path | None, *, to: Path | None = None, dry_run: bool = False
) -> wire_config.ConfigBackup:
    """Copy the gateway's files into `backups/` of the workspace, or below `to`.

    folder: of the workspace. Raises BadInput if there is no configuration to keep, or no place.
    """
    place = to or (None if folder is None else folder / backup.FOLDER)
    if place is None:
        raise BadInput(
            what="there is no place for a backup",
            where="vgwm config backup",
            remedy="Name a workspace with -w, or a folder with --to.",
        )
    wanted = list(dict.fromkeys(find(named)))
    if not any(one.part is Part.CONFIG for one in wanted):
        raise BadInput(
            what="the gateway's configuration is not in its usual places",
            where=", ".join(f"/{one}" for one in CONFIGS),
            remedy="Name it: vgwm config backup FILE.",
        )
    if dry_run:
        return _wired(place, 0, [backup.weigh(one) for one in wanted], dry_run=True)
    made, kept = backup.keep(wanted, place.absolute())
    return _wired(made, kept.at_ns, kept.files, dry_run=False)


def _wired(
    place: Path, at_ns: int, kept: list[backup.Kept], *, dry_run: bool
) -> wire_config.ConfigBackup:
    return wire_config.ConfigBackup(
        folder=safe(os.fsencode(place)),
        at_ns=at_ns,
        files=[
            wire_config.BackupFile(
                kind=one.part,
                path=one.path,
                copy=one.copy,
                size_bytes=one.size_bytes,
                sha256=one.sha256,
                mode=one.mode,
            )
            for one in kept
        ],
        dry_run=dry_run,
    )
