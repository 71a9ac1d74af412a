"""Blue's tree from a backup: restored beside the old one, held against the ledger, then served.

The old tree stays as it is. What green accepted since the flip is carried to the new tree anew. May
import the source, the ledger and the cutover's room.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.schema import PosixSource as PosixPlace
from core.dag.profile import UNIXFS_V1_2025, by_name
from core.dag.unixfs import FileBuilder
from core.display import safe
from core.engine.returning.full import require_command, restart
from core.engine.returning.green_pages import pages_of
from core.engine.returning.tree_copy import TreeCopy
from core.errors import BadInput, Refused, WrongState
from core.ledger.greenlog import GreenState
from core.source.posix.chosen import of_tree
from core.source.posix.outcome import Changed, Gone, SmallRead, Unreadable
from core.source.posix.source import PosixSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.config.schema import Workspace
    from core.dag.profile import CidProfile
    from core.engine.reins import Reins
    from core.engine.returning.ground import Ground
    from core.ledger.current_rows import CurrentRow
    from core.source.posix.config import PosixConfig
    from core.source.posix.outcome import Fault
    from core.source.source import LargeBody, Reader

_STEPS: Final = 200
_PAGE: Final = 200
_NAMED: Final = 5
_MARK: Final = ".vgwm-restore"


async def restore_tree(ground: Ground, reins: Reins, *, again: bool = False) -> None:
    """Copy the backup into the new folder, and hold that against the ledger; green stays open.

    Raises Refused where the folder is there already, where keys of the ledger are not in it as they
    were migrated, or where blue serves it by now; again: then there is nothing to do. BadInput,
    Denied, CapacityExhausted, Broken. Repeatable.
    """
    wish = ground.facts.wish
    origin, to = Path(wish.origin), Path(wish.to)
    require_command(ground.workspace.cutover.blue.restart)
    if await asyncio.to_thread(_is_served, _place(ground.workspace).path, to):
        if again:
            return
        raise Refused(
            what="blue serves that folder by now: restored once more, it would lose what was"
            " carried there; nothing was done",
            where=safe(os.fsencode(to)),
            remedy="It is the restored tree already: the quick way back is enough.",
        )
    await asyncio.to_thread(_begin, origin, to)
    copy = TreeCopy(origin, to)
    steps = copy.steps()
    while await asyncio.to_thread(_advance, steps):
        await reins.checkpoint()
    await ground.diary.say(
        f"{copy.files} files, {copy.size_bytes} bytes restored to {safe(wish.to)}"
    )
    await _verify(ground, reins, to)


async def switch_tree(ground: Ground) -> None:
    """Let blue serve the restored tree; then all that green accepted waits to be carried to it.

    Raises WrongState where the source's path is not the new tree after the operator's command.
    """
    workspace, to = ground.workspace, Path(ground.facts.wish.to)
    await ground.sides.copy.off()  # its private writer stands in the old tree
    await restart(ground, root=ground.facts.wish.to)
    root = _place(workspace).path
    if await asyncio.to_thread(_identity, root) != await asyncio.to_thread(_identity, to):
        raise WrongState(
            what=f"{safe(os.fsencode(root))} is not the restored tree, though cutover.blue.restart"
            " ended well",
            where="rollback --data",
            remedy="Let the command put the new tree at that path: a symlink, or a bind mount.",
        )
    ids = await ground.ids()
    async with aclosing(pages_of(ground.ledger, GreenState.CARRIED, ids)) as pages:
        async for page in pages:
            await ground.ledger.green.again(page)


async def _verify(ground: Ground, reins: Reins, to: Path) -> None:
    """Raise Refused unless every migrated key that green has not changed is there."""
    place = _Place(PosixSource(_config(ground.workspace, to)), _profile(ground.workspace))
    wrong: list[str] = []
    count = 0
    for bucket in await ground.rows():
        after = b""
        while rows := await ground.ledger.current.page(bucket.id, after, _PAGE):
            after = rows[-1].key
            greens = await ground.ledger.greenlog.some(bucket.id, [row.key for row in rows])
            ours = [row for row in rows if row.key not in greens]
            found = await asyncio.to_thread(place.differing, bucket.name, ours)
            count += len(found)
            wrong += [safe(key) for key in islice(found, max(0, _NAMED - len(wrong)))]
            await reins.checkpoint()
    if wrong:
        raise Refused(
            what=f"{count} keys are not in the restored tree as they were migrated:"
            f" {', '.join(wrong)}; nothing was switched",
            where="rollback --data",
            remedy="Restore a newer backup. The restored tree stays, for you to look at.",
        )


class _Place(NamedTuple):
    """The restored tree, and how its content becomes a CID."""

    source: PosixSource
    profile: CidProfile

    def differing(self, bucket: bytes, rows: Sequence[CurrentRow]) -> list[bytes]:
        """Return the keys whose content has another CID, or that are not there. Blocks."""
        with self.source.reader(bucket) as reader:
            return [row.key for row in rows if not self._same(reader, row)]

    def _same(self, reader: Reader, row: CurrentRow) -> bool:
        read = reader.read_small(row.key, b"", self.profile.chunk_bytes)
        builder = FileBuilder(self.profile, lambda _cid, _block: None)
        for chunk in _chunks(read, self.profile.chunk_bytes):
            builder.chunk(chunk)
        size = getattr(read, "size_bytes", None)
        return size == row.size and builder.finish().cid == row.cid


def _chunks(read: SmallRead | LargeBody | Fault, chunk_bytes: int) -> Iterator[bytes]:
    if isinstance(read, SmallRead):
        if read.body:
            yield read.body
        return
    if isinstance(read, Gone | Changed | Unreadable):
        return  # the size says so
    with read:
        for chunk in read.chunks(memoryview(bytearray(chunk_bytes))):
            yield bytes(chunk)


def _begin(origin: Path, to: Path) -> None:
    """Make the new folder, with a mark beside it that says whose it is. Blocks."""
    mark = to.with_name(to.name + _MARK)
    if not origin.is_dir() or not to.parent.is_dir():
        raise BadInput(
            what="the backup, or the folder that the new tree shall lie in, is not there",
            where=f"{safe(os.fsencode(origin))}, {safe(os.fsencode(to.parent))}",
            remedy="Name two folders by their whole paths.",
        )
    if to.is_relative_to(origin) or origin.is_relative_to(to):
        raise BadInput(
            what="one folder lies in the other", where=safe(os.fsencode(to)), remedy="Name another."
        )
    ours = mark.exists() and mark.read_bytes() == os.fsencode(origin)
    if os.path.lexists(to) and not ours:
        raise Refused(
            what="the folder for the restored tree is there already",
            where=safe(os.fsencode(to)),
            remedy="Name a new one: nothing that exists is written over.",
        )
    mark.write_bytes(os.fsencode(origin))
    to.mkdir(mode=0o700, exist_ok=True)


def _advance(steps: Iterator[None]) -> bool:
    """Copy some entries more; tell if there may be others. Blocks."""
    return sum(1 for _ in islice(steps, _STEPS)) == _STEPS


def _is_served(root: Path, to: Path) -> bool:
    """Tell whether a folder is the source's own. Blocks."""
    try:
        return _identity(root) == _identity(to)
    except OSError:
        return False  # one of them is not there


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _config(workspace: Workspace, to: Path) -> PosixConfig:
    return replace(of_tree(_place(workspace)), root=to)


def _place(workspace: Workspace) -> PosixPlace:
    if isinstance(workspace.source, PosixPlace):
        return workspace.source
    raise BadInput(
        what="only a posix tree can be restored",
        where="rollback --data",
        remedy="An S3 endpoint's data is its keeper's to restore.",
    )


def _profile(workspace: Workspace) -> CidProfile:
    return UNIXFS_V1_2025 if workspace.cid_profile is None else by_name(workspace.cid_profile)
