"""What bytes from elsewhere can be guilty of. Imports nothing of the project.

DagError (a ValueError)
├── BadVarint       over-long, truncated, above 64 bits
├── BadCid          no CID, not canonical, or not of a kind that we know
├── BadNode         a block that is no UnixFS node, or a tree whose sizes contradict each other
├── BlockMismatch   a block whose sha2-256 is not the one of its CID
├── CarError        a broken CAR
└── BadManifest     a broken manifest

They are plain ValueErrors: only the caller knows which file or node the bytes came from, and it
makes a `core.errors` one of them that says so. Messages hold positions and figures, no content.
"""

from __future__ import annotations


class DagError(ValueError):
    """Bytes that are not what they claim to be."""


class BadVarint(DagError):
    """An unsigned LEB128 number is over-long, truncated or above 64 bits."""


class BadCid(DagError):
    """A CID is malformed, not canonical, or of an unknown kind."""


class BadNode(DagError):
    """A block is no UnixFS node, or its declared sizes do not hold."""


class BlockMismatch(DagError):
    """A block's bytes do not hash to its CID."""


class CarError(DagError):
    """A CAR is truncated or malformed."""


class BadManifest(DagError):
    """A manifest line is malformed."""
