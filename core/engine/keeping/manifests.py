"""Where bundles' manifests are read: the target's directory, its nodes, or a folder of CAR files.

A manifest is believed by its hash: it hangs below a root that somebody else named. May import the
target and dag.
"""

from __future__ import annotations

import asyncio
import os
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from core.config.schema import DirTarget
from core.dag import cid as cids
from core.dag.car_reading import read_header
from core.dag.errors import DagError
from core.display import safe
from core.errors import BadInput, Broken
from core.model import Cid
from core.target.dir_store import DirStore
from core.target.disk_faults import disk_error
from core.target.regular_file import open_regular

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from core.config.schema import IpfsTarget, Workspace
    from core.target.peers import Roster

_PAGE = 500


class Rooted(NamedTuple):
    """A bundle by its root. number: 0 where only its manifest tells it. peers: that hold it."""

    number: int
    root: Cid
    peers: tuple[str, ...] = ()


class Manifests(Protocol):
    """A place of bundles."""

    async def read(self, rooted: Rooted) -> bytes:
        """Return a bundle's manifest, hashed to its root. Raises Broken, NoAnswer."""
        ...

    def roots(self, workspace_id: str) -> AsyncGenerator[list[Rooted]]:
        """Yield the roots of a workspace's bundles that are here, by pages, in no order."""
        ...

    async def close(self) -> None:
        """Give back what it holds."""
        ...


class FolderManifests:
    """A folder of CAR files, each named by its root: a `dir:` target's bundles, or a copy of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # the store's own folder of bundles may lie anywhere, under any name
        self._store = DirStore(folder.parent, bundles=folder)

    async def read(self, rooted: Rooted) -> bytes:
        """Return the manifest out of the bundle's CAR."""
        return await asyncio.to_thread(self._store.manifest, rooted.root)

    async def roots(self, workspace_id: str) -> AsyncGenerator[list[Rooted]]:
        """Yield the files' roots. Raises BadInput for a file that is not named by its root."""
        del workspace_id  # a manifest tells it
        found = await asyncio.to_thread(self._scan)
        while page := await asyncio.to_thread(_some, found):
            yield page

    async def close(self) -> None:
        """Do nothing: no file is open."""

    def _scan(self) -> Iterator[Rooted]:
        try:
            listed = os.scandir(self._folder)
        except OSError as error:
            raise disk_error(error, doing="listing bundles", path=self._folder) from error
        return self._files(listed)

    def _files(self, listed: Iterator[os.DirEntry[str]]) -> Iterator[Rooted]:
        for entry in listed:
            if entry.name.endswith(".car"):
                yield Rooted(0, _root_of(Path(entry.path)))


class NodeManifests:
    """The target's Kubo nodes, and the pins of its cluster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    async def read(self, rooted: Rooted) -> bytes:
        """Return the manifest from a node of the bundle's peers."""
        from core.target.manifest_read import read_manifest  # noqa: PLC0415 - a folder needs no HTTP

        return await read_manifest(self._roster, rooted.root, rooted.peers)

    async def roots(self, workspace_id: str) -> AsyncGenerator[list[Rooted]]:
        """Yield what the first cluster peer's copy of the shared state holds of ours."""
        prefix, page = f"vgwm-{workspace_id}-", list[Rooted]()
        async for pin in self._roster.clusters[0].allocations():
            number = pin.name.removeprefix(prefix)
            if number == pin.name or not number.isdecimal():
                continue
            page.append(Rooted(int(number), Cid(cids.parse(pin.cid)), pin.allocations))
            if len(page) == _PAGE:
                yield page
                page = []
        if page:
            yield page

    async def close(self) -> None:
        """Close all connections."""
        await self._roster.close()


async def open_manifests(workspace: Workspace, folder: Path | None = None) -> Manifests:
    """Return the place of a workspace's bundles: its target, or a folder of CAR files.

    Raises BadInput for a folder that is not there, and what the target's servers say.
    """
    if folder is not None and not await asyncio.to_thread(folder.is_dir):
        raise BadInput(
            what=f"{safe(os.fsencode(folder))} is no folder",
            where="metadata rebuild",
            remedy="Name a folder that holds bundles as .car files.",
        )
    target = workspace.target
    if folder is not None or isinstance(target, DirTarget):
        return FolderManifests(folder or _bundles(workspace))
    return await _nodes(target)


async def _nodes(target: IpfsTarget) -> NodeManifests:
    from core.engine.copying.target_ipfs import cluster_login  # noqa: PLC0415 - as above
    from core.target.peers import Roster  # noqa: PLC0415 - as above

    login = await asyncio.to_thread(cluster_login, target)
    return NodeManifests(await Roster.discover(target.kubo, target.cluster, login))


def _bundles(workspace: Workspace) -> Path:
    target = workspace.target
    assert isinstance(target, DirTarget)  # noqa: S101 - the caller asked
    return target.path / "bundles"


def _some(found: Iterator[Rooted]) -> list[Rooted]:
    page = []
    for rooted in found:
        page.append(rooted)
        if len(page) == _PAGE:
            break
    return page


def _root_of(path: Path) -> Cid:
    """Return the root that a CAR's header names, which is its file's name as well."""
    shown = safe(os.fsencode(path))
    try:
        with BufferedReader(open_regular(path)) as file:
            roots = read_header(file)
    except OSError as error:
        raise disk_error(error, doing="reading a bundle", path=path) from error
    except DagError as error:
        raise Broken(
            what=f"{shown} is damaged: {safe(str(error))}",
            where="reading a bundle",
            remedy="Restore the file from a copy, or rebuild from the ledger.",
        ) from error
    if len(roots) != 1 or cids.text(roots[0]) != path.name.removesuffix(".car"):
        raise BadInput(
            what=f"{shown} is not named by its root",
            where="metadata rebuild",
            remedy="Name each file by the root of its bundle, as vgwm does: ROOT.car.",
        )
    return roots[0]
