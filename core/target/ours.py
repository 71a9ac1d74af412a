"""Whose a row of the object table is: ours while it is as we wrote it, else green's (I10).

A row with the metadata in it names the workspace that wrote it; one without is known by its CID and
its time. Source: cutover.md 3 and 8, guide.md 6.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from core.dag.canonical import dumps
from core.target.shape import Source, timestamp_us

if TYPE_CHECKING:
    from core.target.profile import Profile
    from core.target.shape import Row


class Mark(NamedTuple):
    """What the ledger knows of a row: its content, and the source's time in ns UTC."""

    cid_text: str
    mtime_ns: int


class Ours:
    """Knows our rows of one profile. workspace_id: what our rows name as `vgwm.plan`."""

    def __init__(self, profile: Profile, workspace_id: str) -> None:
        self._workspace_id = workspace_id
        self._cid_at = profile.objects.sources.index(Source.CID)
        self._metadata_at = profile.objects.position(Source.METADATA)
        self._modified_at = profile.objects.position(Source.MODIFIED)

    @property
    def names_roots(self) -> bool:
        """Whether rows of this profile say which root pins them."""
        return self._metadata_at is not None

    def cid(self, row: Row) -> str | None:
        """Return the row's content, as text."""
        found = row[self._cid_at]
        return found if isinstance(found, str) else None

    def wrote(self, row: Row) -> bool:
        """Tell whether the row carries our mark; False for a profile that has no place for it."""
        if self._metadata_at is None:
            return False
        return _members(row[self._metadata_at], "vgwm").get("plan") == self._workspace_id

    def still(self, row: Row, mark: Mark) -> bool:
        """Tell whether the row is ours still, and of the content that the ledger knows."""
        if row[self._cid_at] != mark.cid_text:
            return False
        if self._metadata_at is not None:
            return self.wrote(row)
        return self._modified_at is None or row[self._modified_at] == timestamp_us(mark.mtime_ns)

    def root(self, row: Row) -> str | None:
        """Return the root that the row names as its pin; None where rows name none."""
        if self._metadata_at is None:
            return None
        root = _members(row[self._metadata_at], "pin").get("root")
        return root if isinstance(root, str) else None

    def moved(self, row: Row, root: str, path: str, bundle: int) -> Row:
        """Return our row with another root, name in it, and bundle; all else as it is."""
        at = self._metadata_at
        if at is None:
            return row
        document = json.loads(str(row[at]))
        document["pin"] = {"path": path, "root": root}
        document["vgwm"]["bundle"] = bundle
        return (*row[:at], dumps(document), *row[at + 1 :])


def _members(metadata: object, name: str) -> dict[str, object]:
    """Return an object that the metadata holds; nothing of what is no metadata of ours."""
    try:
        read = json.loads(metadata) if isinstance(metadata, str) else None
    except (ValueError, RecursionError):  # nested too deep is no text of ours either
        return {}
    found = read.get(name) if isinstance(read, dict) else None
    return found if isinstance(found, dict) else {}
