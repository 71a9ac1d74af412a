"""Whose a row is, ours or green's, and what green's means: one place for feed and merge. Pure.

Ours is a row with our mark, the ledger's CID and the ledger's metadata; all else is green's.
May import the ledger's rows, the target's rows and the verification's marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cutover.green_object import GreenRows
from core.cutover.proof_keys import probe_key
from core.dag import cid as cids
from core.ledger.greenlog import Green, GreenOp
from core.target.ours import Mark, Ours
from core.target.shape import Source
from core.verify.row_mark import metadata_digest, parted

if TYPE_CHECKING:
    from core.ledger.known import Known
    from core.target.profile import Profile
    from core.target.shape import Row


class RowJudge:
    """Judges the rows of one profile and workspace."""

    def __init__(self, profile: Profile, workspace_id: str) -> None:
        self._ours = Ours(profile, workspace_id)
        self._own = probe_key(f"{workspace_id}-").encode()
        self._metadata_at = profile.objects.position(Source.METADATA)
        self.rows = GreenRows(profile)

    def is_ours(self, row: Row, known: Known | None) -> bool:
        """Tell whether a row is as the migration wrote it."""
        if known is None:
            return False
        if not self._ours.still(row, Mark(cids.text(known.cid), known.mtime_ns)):
            return False
        if self._metadata_at is None:
            return True
        bare = parted(row[self._metadata_at]).bare
        return bare is not None and metadata_digest(bare) == known.digest

    def change(  # noqa: PLR0913 - all sides of a key
        self,
        bucket_id: int,
        key: bytes,
        row: Row | None,
        known: Known | None,
        seen_ns: int,
        *,
        logged: bool,
    ) -> Green | None:
        """Return what green did to a key; None if the row is ours, or a probe's of this workspace.

        logged: green had changed it before, so that what is ours again has to go back to blue, too.
        """
        if key.startswith(self._own):
            return None
        if row is None:
            return Green(bucket_id, key, GreenOp.DELETE, seen_ns, None, 0, b"")
        if not logged and self.is_ours(row, known):
            return None
        return Green(
            bucket_id,
            key,
            GreenOp.PUT,
            seen_ns,
            self.rows.cid(row),
            self.rows.size_bytes(row),
            self.rows.digest(row),
        )
