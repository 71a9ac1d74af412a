"""What each kind of difference means, and what ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class IllWords(NamedTuple):
    """means: what was seen. do: what ends it."""

    means: str
    do: str


_MENDED = "F shows a plan that mends it"

WORDS: Mapping[str, IllWords] = {
    "no_row": IllWords("it was recorded, and the object table has no row of it", _MENDED),
    "no_pin": IllWords("its bundle is not pinned on each node that should hold it", _MENDED),
    "wrong_cid": IllWords("row and ledger name different content", _MENDED),
    "stale_cache": IllWords("a cache key says something else than the row", _MENDED),
    "orphan_pin": IllWords(
        "a pin of ours that no bundle of the ledger owns",
        "Enter, then F: that shows a plan that removes this pin; no other way takes one",
    ),
    "orphan_row": IllWords(
        "a row that the ledger does not know", "F removes it by plan, if it is ours"
    ),
    "wrong_size": IllWords("row and source differ in the size", _MENDED),
    "wrong_metadata": IllWords("row and source differ in an attribute", _MENDED),
    "lost_block": IllWords("a node does not hold all blocks of its bundle", _MENDED),
    "bad_bytes": IllWords("what was read does not hash to its CID", _MENDED),
    "no_manifest": IllWords("its bundle's file or manifest is gone, or is another", _MENDED),
    "gone_at_source": IllWords(
        "the source has it no more", "a round takes it off the target: vgwm sync"
    ),
    "not_copied": IllWords(
        "the source has it, and no copy of it has ended",
        "vgwm copy brings it over; vgwm sync what came later",
    ),
    "source_moved": IllWords(
        "the source changed it since it was copied", "a round reads it again: vgwm sync"
    ),
    "unread": IllWords(
        "nobody could look at it: it may be anything", "B looks again, once it answers"
    ),
}
"""By the kind's name. A kind of a newer engine has none."""

_UNKNOWN = IllWords("a kind that this screen does not know", "look at the lists with this release")
_EQUAL = IllWords("source, ledger, row and pin agree", "")


def words_of(kind: str) -> IllWords:
    """Return what a kind means; without a kind nothing is wrong."""
    return WORDS.get(kind, _UNKNOWN) if kind else _EQUAL
