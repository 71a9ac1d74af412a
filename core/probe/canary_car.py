"""A canary's blocks: a directory of one small file, unlike any that was there before. Pure."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from core.dag import car
from core.dag import cid as cids
from core.dag.directory import FlatDirectory, names
from core.dag.unixfs import raw_leaf

if TYPE_CHECKING:
    from core.model import Cid


class CanaryCar(NamedTuple):
    """What goes out. root: binary; sections: framed for a CAR; block_bytes: without framing."""

    root: Cid
    content: bytes
    sections: tuple[bytes, ...]
    block_bytes: int

    @property
    def text(self) -> str:
        """The root as text."""
        return cids.text(self.root)

    @property
    def path(self) -> str:
        """The file, as a node resolves it below the root."""
        return f"{self.text}/{names(0).decode('ascii')}"

    def holds(self, read: bytes) -> bool:
        """Tell whether these are the file's bytes, by their hash."""
        return sha256(read).digest() == sha256(self.content).digest()


def make(seed: bytes) -> CanaryCar:
    """Return the blocks of a canary. seed: random, so that no node holds them already."""
    content = b"a canary of vgwm, removed when it has been read\n" + seed
    leaf = raw_leaf(content)
    directory = FlatDirectory()
    directory.number([(leaf, len(content))])
    root, block, _ = directory.finish()
    sections = (car.section(leaf, content), car.section(root, block))
    return CanaryCar(root, content, sections, len(content) + len(block))
