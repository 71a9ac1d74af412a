"""What each recorded bundle's pin looks like now, written into a book before a join reads it.

On nodes each allocated peer is asked for its own word, and only `pinned` counts; who does not
answer leaves the pin unread (I7). In a directory the file is looked at.
May import the ledger's statements, the target's roster and the verification.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from core.config.schema import DirTarget
from core.dag import cid as cids
from core.display import safe
from core.errors import VgwmError
from core.ledger.reader import Reader
from core.model import BlockCounts, Cid
from core.target.disk_faults import disk_error
from core.taskgroup import TaskGroup
from core.verify.dir_pin import ill_of
from core.verify.sides import PinSeen

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from core.config.schema import Workspace
    from core.engine.reins import Reins
    from core.target.cluster import ClusterClient
    from core.target.cluster_answers import PeerPin
    from core.target.peers import Roster
    from core.verify.pin_book import PinBook

_PAGE: Final = 500
_PINNED: Final = "pinned"
_NO_WORD: Final = frozenset({"cluster_error", "undefined"})
_SELECT: Final = (
    "SELECT id,root,allocs,blocks FROM bundles WHERE st=4 AND root IS NOT NULL AND id>?"
)


class KeptPin(NamedTuple):
    """A recorded bundle as the ledger has it. allocations: cluster peers, () in a directory."""

    bundle: int
    root: Cid
    allocations: tuple[str, ...]
    counts: BlockCounts | None


class PinLook(Protocol):
    """Looks at the pins of some bundles."""

    async def see(self, pins: Sequence[KeptPin]) -> list[PinSeen]:
        """Return what is seen of each, in the order given."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


class Pins:
    """Fills the book. buckets: ids, empty for all."""

    def __init__(
        self, ledger: Path, look: PinLook, book: PinBook, buckets: Collection[int]
    ) -> None:
        self._ledger = ledger
        self._look = look
        self._book = book
        self._buckets = tuple(sorted(buckets))

    async def look(self, reins: Reins, *, odd_only: bool = False) -> None:
        """Look at every recorded bundle; odd_only: at those that were not seen pinned so far."""
        reader, after = Reader(self._ledger, "pins"), 0
        try:
            while page := await reader.read(partial(_page, after=after, buckets=self._buckets)):
                await reins.checkpoint()
                after = page[-1].bundle
                wanted = await asyncio.to_thread(self._odd, page) if odd_only else page
                if not wanted:
                    continue
                seen = await self._look.see(wanted)
                noted = [
                    (pin.bundle, pin.allocations, one)
                    for pin, one in zip(wanted, seen, strict=True)
                ]
                await asyncio.to_thread(self._book.note, noted)
        finally:
            await reader.close()

    def _odd(self, page: list[KeptPin]) -> list[KeptPin]:
        stands = self._book.stands
        return [pin for pin in page if not stands(pin.bundle, cids.text(pin.root), pin.allocations)]


class DirPins:
    """The files of a directory."""

    def __init__(self, bundles: Path) -> None:
        self._bundles = bundles

    async def see(self, pins: Sequence[KeptPin]) -> list[PinSeen]:
        """Look at each file."""
        return await asyncio.to_thread(self._see, pins)

    async def close(self) -> None:
        """Do nothing."""

    def _see(self, pins: Sequence[KeptPin]) -> list[PinSeen]:
        return [self._one(pin) for pin in pins]

    def _one(self, pin: KeptPin) -> PinSeen:
        root = cids.text(pin.root)
        where = f"bundles/{root}.car"
        try:
            ill = ill_of(self._bundles, pin.root, pin.counts)
        except OSError as error:
            told = disk_error(error, doing="looking at a bundle", path=self._bundles).what
            return PinSeen(root, unread=((where, told),))
        return PinSeen(root, ills=((where, ill),) if ill else ())


class ClusterPins:
    """The peers of a cluster, each asked for itself."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._names = {node.peer: node.name for node in roster.nodes}
        self._kubos = {node.peer: node.kubo for node in roster.nodes}
        self._own = {node.peer: node.cluster for node in roster.nodes if node.cluster is not None}

    async def see(self, pins: Sequence[KeptPin]) -> list[PinSeen]:
        """Ask every peer that one of the bundles is allocated to."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for pin in pins:
            for peer in pin.allocations:
                wanted[peer].append(cids.text(pin.root))
        said: dict[str, dict[str, PeerPin] | str] = {}
        async with TaskGroup() as group:
            for peer, roots in wanted.items():
                group.create_task(self._ask(peer, roots, said), name=f"pins of {peer[-6:]}")
        return [self._told(pin, said) for pin in pins]

    async def close(self) -> None:
        """Close the clients."""
        await self._roster.close()

    async def _ask(
        self, peer: str, roots: list[str], said: dict[str, dict[str, PeerPin] | str]
    ) -> None:
        try:
            own = self._own.get(peer)
            if peer not in self._kubos:
                said[peer] = "its Kubo does not answer"
            elif own is None:
                said[peer] = await self._by_others(peer, roots)
            else:
                said[peer] = states = await own.pins_status(roots)
                if any(state.status != _PINNED for state in states.values()):
                    await self._kubos[peer].id()  # a peer whose Kubo is down knows of no pin there
        except VgwmError as error:
            said[peer] = safe(error.what)

    async def _by_others(self, peer: str, roots: list[str]) -> dict[str, PeerPin] | str:
        """Ask the first other peer that answers about one whose own address is not ours."""
        others: Iterable[ClusterClient] = self._own.values()
        why = "no address of ours is its"
        for other in others:
            try:
                return await other.pins_status_of(peer, roots)
            except VgwmError as error:
                why = safe(error.what)
        return why

    def _told(self, pin: KeptPin, said: dict[str, dict[str, PeerPin] | str]) -> PinSeen:
        root = cids.text(pin.root)
        ills: list[tuple[str, str]] = []
        unread: list[tuple[str, str]] = []
        for peer in pin.allocations:
            where = self._names.get(peer, safe(peer))
            states = said[peer]
            if isinstance(states, str):
                unread.append((where, states))
                continue
            state = states.get(root)
            if state is None:
                ills.append((where, "it knows of no such pin"))
            elif state.status in _NO_WORD:
                unread.append((where, f"{state.status}: {safe(state.error)[:120]}"))
            elif state.status != _PINNED:
                why = f": {safe(state.error)[:120]}" if state.error else ""
                ills.append((where, f"{state.status}{why}"))
        if not pin.allocations:
            ills.append(("cluster", "no allocation was recorded"))
        return PinSeen(root, tuple(ills), tuple(unread))


async def open_pins(workspace: Workspace) -> PinLook:
    """Return what looks at the target's pins. Raises Denied, BadInput, NodeUnreachable."""
    target = workspace.target
    if isinstance(target, DirTarget):
        return DirPins(target.path / "bundles")
    # half a second of HTTP, which a directory does not need
    from core.engine.copying.target_ipfs import cluster_login  # noqa: PLC0415
    from core.target.peers import Roster  # noqa: PLC0415

    login = await asyncio.to_thread(cluster_login, target)
    return ClusterPins(await Roster.discover(target.kubo, target.cluster, login))


def _page(conn: sqlite3.Connection, after: int, buckets: tuple[int, ...]) -> list[KeptPin]:
    among = f" AND bid IN ({','.join('?' * len(buckets))})" if buckets else ""
    rows = conn.execute(f"{_SELECT}{among} ORDER BY id LIMIT ?", (after, *buckets, _PAGE))
    return [
        KeptPin(
            bundle=number,
            root=Cid(root),
            allocations=tuple(json.loads(allocs)) if allocs else (),
            counts=None if not blocks else BlockCounts(**_counts(json.loads(blocks))),
        )
        for number, root, allocs, blocks in rows
    ]


def _counts(numbers: list[int]) -> dict[str, int]:
    names = ("sections", "section_bytes", "unique_blocks", "unique_bytes")
    return dict(zip(names, numbers, strict=True))
