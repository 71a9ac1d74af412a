"""What a comparison can say of one object, and the lists that it goes to.

The signs are those of `rclone check --combined`. Not read is an error, never equal (I7). Pure; may
import the model.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

APART: Final = b"."
"""The bucket of what belongs to no object, such as a stray pin: no bucket of S3 is named so."""

OTHERS: Final = "a row of somebody else's"
OF_WORKSPACE: Final = "of workspace "
UNMARKED: Final = "a row without a mark"
"""What a line of an orphan row says of whose it is; one that another workspace made names that."""


class Listed(StrEnum):
    """The five lists of a verification, and the NDJSON file that each is."""

    EQUAL = "equal"
    DIFFER = "differ"
    MISSING = "missing"
    EXTRA = "extra"
    ERROR = "error"

    @property
    def sign(self) -> str:
        """The list's sign: one of = * + - !."""
        return _SIGNS[self]


_SIGNS = {
    Listed.EQUAL: "=",
    Listed.DIFFER: "*",
    Listed.MISSING: "+",
    Listed.EXTRA: "-",
    Listed.ERROR: "!",
}


class Ill(StrEnum):
    """What is wrong with an object on the target: the kind that a repair goes by.

    The first six are those of `metadata check`; a list's reasons name all of them.
    """

    NO_ROW = "no_row"  # the ledger says recorded, the table has no row
    NO_PIN = "no_pin"  # its bundle is not seen pinned on each allocation
    WRONG_CID = "wrong_cid"  # row and ledger name different content
    STALE_CACHE = "stale_cache"  # a cache key says something else than the row
    ORPHAN_PIN = "orphan_pin"  # a pin of ours that no bundle of the ledger owns
    ORPHAN_ROW = "orphan_row"  # a row of ours that the ledger does not know
    WRONG_SIZE = "wrong_size"
    WRONG_METADATA = "wrong_metadata"
    LOST_BLOCK = "lost_block"  # a node does not hold all blocks of the bundle
    BAD_BYTES = "bad_bytes"  # what was read does not hash to the CID
    NO_MANIFEST = "no_manifest"  # the bundle's manifest is gone or is another
    GONE_AT_SOURCE = "gone_at_source"  # the source has it no more: a sync removes it
    NOT_COPIED = "not_copied"  # the source has it, and no copy has ended
    SOURCE_MOVED = "source_moved"  # the source changed since it was copied: dirty, not different
    UNREAD = "unread"  # nobody could look (I7)


class Difference(NamedTuple):
    """One line of a list. field, wanted, found: safe to show; empty where they say nothing.

    where: the node, peer, file or table that it was seen at; empty for all of the target.
    """

    listed: Listed
    bucket: bytes
    key: bytes
    version: bytes
    ill: Ill
    field: str = ""
    wanted: str = ""
    found: str = ""
    where: str = ""
    bundle: int = 0
