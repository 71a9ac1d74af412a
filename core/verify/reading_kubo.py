"""A bundle read again from a Kubo node: exported as a whole and hashed here, or object by object.

Kubo hashes nothing that it reads, and its pins do not notice a block that went: so every block
comes here. What an export leaves out is asked for one by one, so that exactly what is missing is
named. Synchronous, for worker processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.dag.manifest import Manifest
from core.dag.reading import parse_node, read_file
from core.verify.car_scan import CarScan
from core.verify.judging import Seen, judge, judge_all
from core.verify.kubo_pull import KuboPull, WrongBlock
from core.verify.weave import Weave

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.model import Cid
    from core.target.sink import KuboEndpoint
    from core.verify.contents import Contents
    from core.verify.judging import Fault

AT_ONCE_BYTES: Final = 1 << 30
"""An object of so many bytes is exported at once, a larger one child by child: 1,024 blocks."""

_MANY: Final = 3
"""Of a bundle of which a third is wanted, all is exported."""


class KuboBundles:
    """The bundles of one node. took: told of the bytes of each read, may wait.

    Raises what the node says: nothing is known then (I7).
    """

    def __init__(self, endpoint: KuboEndpoint, took: Callable[[int], None]) -> None:
        self._pull = KuboPull(endpoint)
        self._took = took
        self._scan = CarScan(took)
        self._asked_bytes = 0
        self._name = endpoint.name

    @property
    def read_bytes(self) -> int:
        """Return what was read so far."""
        return self._scan.read_bytes + self._asked_bytes

    def all(self, bundle: Contents) -> list[Fault]:
        """Hash every block of a bundle, and compare its links."""
        weave = Weave()
        if not bundle.large:
            self._export(bundle.root, weave)
        if bundle.root not in weave.directories and (block := self._asked(bundle.root, weave)):
            weave.add(bundle.root, block)
        directory = weave.directories.get(bundle.root)
        if directory is not None and directory.manifest is not None:
            self._complete(directory.manifest, directory.manifest_bytes, weave)
        seen = Seen(weave, self._name)
        if not judge_all(bundle, seen):
            return []
        for cid, size in bundle.members:
            if weave.held.get(cid) != size:
                self._complete(cid, size, weave)
        return judge_all(bundle, seen)

    def some(self, bundle: Contents, picked: Sequence[int]) -> list[Fault]:
        """Hash the blocks of the picked members alone. picked: their places, ascending."""
        wanted = [bundle.members[at] for at in picked]
        weave = Weave()
        if not bundle.large and len(wanted) * _MANY >= len(bundle.members) > _MANY:
            self._export(bundle.root, weave)
        for cid, size in wanted:
            if weave.held.get(cid) != size:
                self._complete(cid, size, weave)
        found = judge(wanted, Seen(weave, self._name))
        return [fault._replace(at=picked[fault.at]) for fault in found]

    def names(self, root: Cid) -> list[tuple[bytes, bytes]]:
        """Return (key, version) of each entry of a bundle's manifest, in order.

        Raises DagError or KeyError where it cannot be read.
        """
        links = parse_node(self._block(root)).links
        cid = next((link.cid for link in links if link.name == b"manifest"), None)
        if cid is None:
            raise KeyError(root)
        text = b"".join(read_file(cid, self._block)).decode()
        return [
            (entry.key.encode(), (entry.version or "").encode())
            for entry in Manifest.parse(text).entries
        ]

    def close(self) -> None:
        """Let the connection go."""
        self._pull.close()

    def _export(self, cid: bytes, weave: Weave) -> None:
        """Put all that the node has below a CID into the weave, up to the first that it lacks."""
        with self._pull.export(cids.text(cid)) as stream:
            self._scan.read(stream, weave)
        weave.close()

    def _complete(self, cid: bytes, size_bytes: int, weave: Weave) -> None:
        """Ask for what was not seen yet below a CID, at last block by block.

        size_bytes: of its content. What is exported at once is forgotten but for its own CID.
        """
        if cid in weave.held or cid in weave.directories or cid in weave.bad:
            return
        is_leaf = cids.codec(cid) == cids.RAW_CODEC
        if not is_leaf and size_bytes <= AT_ONCE_BYTES:
            part = Weave()
            self._export(cid, part)
            weave.bad.update(part.bad)
            weave.directories.update(part.directories)
            if cid in part.held:
                weave.held[cid] = part.held[cid]
                return
        block = self._asked(cid, weave)
        if block is None:
            return
        weave.add(cid, block)
        if not is_leaf and cid not in weave.bad and cid not in weave.directories:
            node = parse_node(block)
            for link, size in zip(node.links, node.block_sizes, strict=True):
                self._complete(link.cid, size, weave)
            weave.close()

    def _asked(self, cid: bytes, weave: Weave) -> bytes | None:
        """Return a block that the node holds, unhashed; one that it knows to be bad is noted."""
        try:
            block = self._pull.block(cids.text(cid))
        except WrongBlock:
            weave.bad[cid] = "other bytes, as the node itself says"
            return None
        if block is not None:
            self._asked_bytes += len(block)
            self._took(len(block))
        return block

    def _block(self, cid: Cid) -> bytes:
        block = self._asked(cid, Weave())
        if block is None:
            raise KeyError(cid)
        return block
