"""Bundles held against what holds them: pins by each peer's own word, files of a directory.

One look proves nothing bad (ipfs.md 7): what is not seen pinned is asked for again after a while.
A peer that does not answer leaves its pins unread, never pinned (I7). May import the target and
its own room.
"""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from core.dag import cid as cids
from core.display import safe
from core.errors import VgwmError
from core.target.cluster_answers import PinStatus
from core.target.pin_peer import PinPeer
from core.taskgroup import TaskGroup
from core.verify.difference import APART, Difference, Ill, Listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from core.ledger.checking import KnownRoots
    from core.model import Bundle
    from core.target.dir_store import DirStore
    from core.target.peers import Roster

AGAIN_S: Final = 5.0
_UNHEARD: Final = frozenset({PinStatus.CLUSTER_ERROR, PinStatus.UNDEFINED})
_PAGE: Final = 500


class Amiss(NamedTuple):
    """A bundle that is not held somewhere as it should be. where: node or file."""

    bundle: int
    ill: Ill
    found: str
    where: str


class PinLook(Protocol):
    """Looks at the bundles of one target."""

    async def look(self, bundles: Sequence[Bundle]) -> list[Amiss]:
        """Return what is amiss with these; [] where each is held on each of its allocations."""
        ...

    def strays(self, known: KnownRoots) -> AsyncIterator[list[Difference]]:
        """Yield what is held in our name that no bundle of the ledger has."""
        ...


class ClusterPins:
    """Asks each allocated peer itself. again_s: after how long the ill ones are asked again."""

    def __init__(self, roster: Roster, workspace_id: str, *, again_s: float = AGAIN_S) -> None:
        self._roster = roster
        self._prefix = f"vgwm-{workspace_id}-"
        self._again_s = again_s

    async def look(self, bundles: Sequence[Bundle]) -> list[Amiss]:
        """Return what is amiss, seen twice."""
        first = await self._asked(bundles)
        if not first:
            return []
        await asyncio.sleep(self._again_s)
        ill = {one.bundle for one in first}
        return await self._asked([one for one in bundles if one.id in ill])

    async def strays(self, known: KnownRoots) -> AsyncIterator[list[Difference]]:
        """Yield pins of our name in the shared state, as the first peer that answers has it."""
        found: list[Difference] = []
        fault: VgwmError | None = None
        for cluster in self._roster.clusters:
            try:
                async for pin in cluster.allocations():
                    if pin.name.startswith(self._prefix) and pin.cid not in known:
                        found.append(_stray(pin.cid, f"pin {pin.name}"))
                        if len(found) >= _PAGE:
                            yield found
                            found = []
            except VgwmError as error:
                fault, found = error, []
            else:
                yield found
                return
        if fault is not None:
            yield [unread("pins", fault.what)]

    async def _asked(self, bundles: Sequence[Bundle]) -> list[Amiss]:
        by_peer: dict[str, list[Bundle]] = {}
        for bundle in bundles:
            for peer in bundle.allocations:
                by_peer.setdefault(peer, []).append(bundle)
        async with TaskGroup() as group:
            asked = [
                group.create_task(self._of_peer(PinPeer(self._roster, peer), theirs), name=peer)
                for peer, theirs in by_peer.items()
            ]
        return [one for task in asked for one in task.result()]

    async def _of_peer(self, peer: PinPeer, bundles: Sequence[Bundle]) -> list[Amiss]:
        roots = {cids.text(one.root): one for one in bundles if one.root is not None}
        try:
            states = await peer.status(list(roots))
        except VgwmError as error:
            return [Amiss(one.id, Ill.UNREAD, safe(error.what), peer.name) for one in bundles]
        found = []
        for root, bundle in roots.items():
            state = states.get(root)
            if state is None or state.status in _UNHEARD:
                said = "no word of it" if state is None else f"{state.status} {safe(state.error)}"
                found.append(Amiss(bundle.id, Ill.UNREAD, said.strip(), peer.name))
            elif state.status is not PinStatus.PINNED:
                found.append(Amiss(bundle.id, Ill.NO_PIN, str(state.status), peer.name))
        return found


class DirPins:
    """Looks for each bundle's file, and for the copy of its manifest."""

    def __init__(self, store: DirStore) -> None:
        self._store = store

    async def look(self, bundles: Sequence[Bundle]) -> list[Amiss]:
        """Return the bundles whose file, or whose manifest's copy, is not there."""
        return await asyncio.to_thread(self._look, bundles)

    async def strays(self, known: KnownRoots) -> AsyncIterator[list[Difference]]:
        """Yield files that no bundle of the ledger names."""
        names = await asyncio.to_thread(self._unknown, known)
        for at in range(0, len(names), _PAGE):
            yield [_stray(name, f"bundles/{name}.car") for name in names[at : at + _PAGE]]

    def _look(self, bundles: Sequence[Bundle]) -> list[Amiss]:
        found = []
        for bundle in bundles:
            if bundle.root is None:
                continue
            for ill, folder, ending in (
                (Ill.NO_PIN, "bundles", "car"),
                (Ill.NO_MANIFEST, "manifests", "ndjson"),
            ):
                place = f"{folder}/{cids.text(bundle.root)}.{ending}"
                if not self._is_file(place):
                    found.append(Amiss(bundle.id, ill, "no file", place))
        return found

    def _unknown(self, known: KnownRoots) -> list[str]:
        texts = (cids.text(root) for root in self._store.roots())
        return [text for text in texts if text not in known]

    def _is_file(self, place: str) -> bool:
        try:
            seen = (self._store.path / place).lstat()
        except FileNotFoundError:
            return False
        return stat.S_ISREG(seen.st_mode) and seen.st_size > 0


def difference(one: Amiss, place: tuple[bytes, bytes]) -> Difference:
    """Return what is amiss as a line. place: bucket and first key of the bundle."""
    listed = Listed.ERROR if one.ill is Ill.UNREAD else Listed.DIFFER
    wanted = "its file" if one.ill is Ill.NO_MANIFEST else "pinned"
    return Difference(
        listed,
        *place,
        b"",
        one.ill,
        field="manifest" if one.ill is Ill.NO_MANIFEST else "pin",
        wanted=wanted,
        found=one.found,
        where=one.where,
        bundle=one.bundle,
    )


def _stray(root: str, found: str) -> Difference:
    name = safe(root)
    return Difference(
        Listed.EXTRA, APART, name.encode(), b"", Ill.ORPHAN_PIN, "pin", "", safe(found), name
    )


def unread(what: str, why: str) -> Difference:
    """Return that nobody could look at a part of the target."""
    return Difference(
        Listed.ERROR, APART, what.encode(), b"", Ill.UNREAD, what, "", safe(why), what
    )
