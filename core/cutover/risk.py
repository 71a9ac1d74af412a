"""Data at risk: what green acknowledged and blue has not been seen to hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Counted from the ledger's greenlog; never a guess (I7).

    since_ns: T_flip, 0 before the flip. writes, deletes: acknowledged by green, not verified on
    blue. oldest_ns: when the oldest of them was seen, 0 without any. uncarriable: keys that blue
    cannot hold. silent_since_ns: from when on the feed of green's changes says nothing, 0 while it
    speaks: then every figure is "unknown since", never 0.
    """

    since_ns: int
    writes: int = 0
    deletes: int = 0
    size_bytes: int = 0
    oldest_ns: int = 0
    uncarriable: int = 0
    carried: int = 0
    silent_since_ns: int = 0
