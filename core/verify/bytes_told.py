"""What a look at the target's bytes is asked, and what it comes to.

The look reads what the ledger says is recorded: a seeded sample of it, or all. What it found wrong
is kept in key order (`core.verify.findings`), so that the join can take it as one more side. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

SAMPLE: Final = 10_000
"""Objects of a sample unless somebody says otherwise (guide L295)."""


class Replicas(StrEnum):
    """ONE: each bundle is read on one of its nodes, in turn. ALL: on each of them."""

    ONE = "one"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesWish:
    """What is to be read. sample: how many objects, about; 0 reads none unless full.

    seed: the same seed takes the same objects. buckets: ids, empty for all.
    """

    seed: int
    sample: int = SAMPLE
    full: bool = False
    replicas: Replicas = Replicas.ONE
    buckets: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """A part of the sample. kind: `size`, `bucket`, `worker` or `tries`.

    n counts objects that were read, bad those of them that were wrong. bound95: at most this share
    of the part is bad, at 95 %. denser: more of it was read than of the whole.
    """

    kind: str
    name: str
    n: int
    bad: int
    bound95: float
    denser: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesFigures:
    """What was read so far. n, bad: as of `Stratum`, of the sample proper; unread: nobody could.

    object_bytes: of the n objects, each once. read_bytes, seconds: what the target gave
    for that, with all that stands around them, and for how long. done, all: bundles.
    extra: objects that were read beside the sample proper, for parts that it hardly meets; their
    faults count in the parts, and are listed. bound95: 0.0 once every byte was read and is right.
    whole: nothing is left to be read.
    """

    full: bool
    seed: int
    n: int = 0
    bad: int = 0
    unread: int = 0
    extra: int = 0
    object_bytes: int = 0
    read_bytes: int = 0
    seconds: float = 0.0
    bound95: float = 1.0
    done: int = 0
    all: int = 0
    whole: bool = False
    strata: tuple[Stratum, ...] = field(default=())
