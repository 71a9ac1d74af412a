"""The newest backup of the gateway's configuration, and the accounts that lie in it.

May import the configuration, the accounts and the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from core.config.backup import FOLDER, MANIFEST, Backup, Part
from core.display import safe
from core.iam.auditing import audit
from core.iam.finding import Level
from core.iam.users_file import read_store
from core.model import Finding

if TYPE_CHECKING:
    from pathlib import Path


# Made once: two threads that let msgspec look at a class for the first time at once may crash.
_DECODER = msgspec.json.Decoder(Backup)


class Found(NamedTuple):
    """A whole backup: where it lies, and what it says that it holds."""

    folder: Path
    backup: Backup

    @property
    def words(self) -> str:
        """Its name and what is in it, for an operator."""
        parts = ", ".join(dict.fromkeys(kept.part.value for kept in self.backup.files))
        return f"{safe(self.folder.name)} ({parts})"


def newest_backup(folder: Path) -> Found | None:
    """Return the newest backup that has all of its copies; None where there is none.

    folder: of the workspace.
    """
    found: list[Found] = []
    for manifest in (folder / FOLDER).glob(f"config-*/{MANIFEST}"):
        try:
            backup = _DECODER.decode(manifest.read_bytes())
        except (OSError, msgspec.MsgspecError):
            continue  # no backup that anybody could go back to
        if all((manifest.parent / kept.copy).is_file() for kept in backup.files):
            found.append(Found(manifest.parent, backup))
    return max(found, key=lambda one: one.backup.at_ns, default=None)


def audited(found: Found) -> list[Finding] | None:
    """Return what is risky about the accounts in a backup; None if it holds none.

    A high finding has the verdict fail. Raises BadInput and Denied as `read_store` does.
    """
    kept = next((one for one in found.backup.files if one.part is Part.IAM), None)
    if kept is None:
        return None
    store = read_store(found.folder / kept.copy)
    return [
        Finding(
            verdict="warn" if one.level is Level.WARN else "fail",
            subject=one.access or "accounts",
            evidence=one.evidence,
            remedy=one.remedy,
        )
        for one in audit(store)
    ]
