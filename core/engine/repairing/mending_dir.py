"""A directory target's bundles, mended: the manifest's copy from the CAR, the CAR from the source.

A CAR is believed only when every block was hashed and counted. May import the target's store.
"""

from __future__ import annotations

import asyncio
from io import BufferedReader
from typing import TYPE_CHECKING

from core.config.atomic import write_text
from core.dag import cid as cids
from core.dag.car_reading import blocks, read_header
from core.dag.errors import DagError
from core.dag.manifest import Manifest
from core.engine.repairing.mending import Mended
from core.errors import Broken
from core.model import Cid
from core.target.disk_faults import disk_error
from core.target.regular_file import open_regular
from core.verify.dir_pin import ill_of

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.repairing.recopying import Recopying
    from core.ledger.checking import KeptBundle
    from core.model import Bundle
    from core.target.dir_store import DirStore


class DirMender:
    """Mends the bundles of a directory."""

    def __init__(self, store: DirStore, recopying: Recopying, workspace_id: str) -> None:
        self._store = store
        self._workspace_id = workspace_id
        self._recopying = recopying

    async def mend(self, bundle: Bundle, kept: KeptBundle) -> Mended:
        """Bring back the bundle's file and its manifest's copy."""
        root = kept.root
        if root is None:
            return Mended(left="the ledger holds no root of it")
        did = ""
        sections = None if kept.counts is None else kept.counts.sections
        if not await asyncio.to_thread(self._sound, root, sections):
            made = await self._recopying.again(bundle, ())
            if made.left:
                if made.root not in {None, root}:
                    await asyncio.to_thread(self._store.remove, made.root)  # no bundle's
                return Mended(left=f"its file is damaged, and {made.left}", moved=True)
            if not await asyncio.to_thread(self._sound, root, sections):
                return Mended(left="its file is damaged still after it was written again")
            did = "file written again from the source"
        if await asyncio.to_thread(self._manifest_again, root):
            did = did or "manifest written again from the file"
        return Mended(did=did)

    async def suspect(self, place: str) -> None:
        """Do nothing: every file is read whole before it is believed."""

    async def unpin(self, root: str) -> Mended:
        """Remove the file, if its own manifest says that this workspace made it."""
        why = await asyncio.to_thread(self._not_ours, Cid(cids.parse(root)))
        if why:
            return Mended(left=f"{why}: it is left where it is")
        await asyncio.to_thread(self._store.remove, Cid(cids.parse(root)))
        return Mended(did=f"{root} removed")

    def _not_ours(self, root: Cid) -> str:
        """Return why a file may not be removed, "" where it may, or is not there."""
        if not self._car(root).exists():
            return ""
        try:
            header = Manifest.parse(self._store.manifest(root).decode()).header
        except (DagError, Broken, ValueError):
            return "the file's manifest cannot be read, so nothing says whose it is"
        return (
            "" if header.workspace_id == self._workspace_id else "another workspace made the file"
        )

    def _sound(self, root: Cid, sections: int | None) -> bool:
        """Tell whether the bundle's file is the root's, all sections there, each of its CID.

        And as a look at the pins has it: whole blocks in another order are no file of ours.
        """
        path = self._car(root)
        try:
            with BufferedReader(open_regular(path)) as file:
                if read_header(file) != (root,):
                    return False
                file.seek(0)
                seen = sum(1 for _ in blocks(file))
            self._store.manifest(root)
            if ill_of(path.parent, root, None):
                return False
        except (FileNotFoundError, DagError, Broken):
            return False
        except OSError as error:
            raise disk_error(error, doing="reading a bundle", path=path) from error
        return sections is None or seen == sections

    def _manifest_again(self, root: Cid) -> bool:
        """Write the manifest's copy if it is not the CAR's; tell whether it was."""
        text = self._store.manifest(root)
        path = self._store.path / "manifests" / f"{cids.text(root)}.ndjson"
        try:
            with BufferedReader(open_regular(path)) as file:
                if file.read(len(text) + 1) == text:
                    return False
        except FileNotFoundError:
            pass
        except OSError as error:
            raise disk_error(error, doing="reading a manifest", path=path) from error
        write_text(path, text.decode())
        return True

    def _car(self, root: Cid) -> Path:
        return self._store.path / "bundles" / f"{cids.text(root)}.car"
