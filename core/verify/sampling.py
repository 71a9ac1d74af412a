"""Which objects a sample takes: those whose hash with the seed lies below a limit.

The same seed takes the same objects, on any host and after any kill: nothing is drawn, and nothing
has to be remembered but the limits. Parts that the sample hardly meets (a rare size, a small
bucket) have a higher limit of their own; what only that takes counts for the part alone. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import msgspec

from core.ledger.counters import CLASSES, SIZE_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Part = TypeVar("_Part")

LEAST: Final = 100
"""Objects of a part that are read at least, if it has as many and the sample leaves room."""

_HASH_BYTES: Final = 8
_ALL: Final = 1 << 64


class Member(NamedTuple):
    """A recorded object with bytes, as the ledger has it."""

    key: bytes
    version: bytes
    cid: bytes
    size_bytes: int


class Home(NamedTuple):
    """What the members of a bundle share."""

    bucket: bytes
    bucket_id: int
    worker: str
    retried: bool


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects each part has. sizes: by class of `SIZE_BOUNDS`. buckets: by id."""

    total: int
    sizes: tuple[int, ...] = (0,) * CLASSES
    buckets: dict[int, int] = {}
    workers: dict[str, int] = {}
    retried: dict[bool, int] = {}


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one sample, of 2^64; kept, so that a look that goes on takes the same objects.

    base: of all. The others: of parts, never below base. retried: by 0 and 1, for JSON has no other
    names for no and yes.
    """

    seed: int
    base: int
    sizes: tuple[int, ...]
    buckets: dict[int, int]
    workers: dict[str, int]
    retried: dict[int, int]

    @classmethod
    def of(cls, seed: int, sample: int, parts: Parts) -> Draw:
        """Return the limits by which about `sample` objects are taken, and LEAST of each part."""
        base = _share(sample, parts.total)
        count = len(parts.buckets) + len(parts.workers) + len(parts.retried)
        count += sum(map(bool, parts.sizes))
        least = min(LEAST, sample // max(1, count))

        def limit(n: int) -> int:
            return max(base, _share(least, n))

        retried = _denser(parts.retried, base, least)
        return cls(
            seed=seed,
            base=base,
            sizes=tuple(limit(n) if n else base for n in parts.sizes),
            buckets=_denser(parts.buckets, base, least),
            workers=_denser(parts.workers, base, least),
            retried={int(n): limit_ for n, limit_ in retried.items()},
        )

    def limits(self, home: Home) -> tuple[int, ...]:
        """Return the limit of each size class for members of a bundle."""
        shared = max(
            self.base,
            self.buckets.get(home.bucket_id, 0),
            self.workers.get(home.worker, 0),
            self.retried.get(home.retried, 0),
        )
        return tuple(max(shared, limit) for limit in self.sizes)

    @property
    def takes_all(self) -> bool:
        """Whether no object is left out."""
        return self.base >= _ALL

    def takes_whole(self, kind: str, name: str) -> bool:
        """Tell whether no object of a part, as `parts_of` names it, is left out."""
        if kind == "size":
            own = self.sizes[int(name)]
        elif kind == "bucket":
            own = self.buckets.get(int(name), 0)
        elif kind == "worker":
            own = self.workers.get(name, 0)
        else:
            own = self.retried.get(int(name == RETRIED), 0)
        return max(self.base, own) >= _ALL

    def denser(self, kind: str, name: str) -> bool:
        """Tell whether a part, as `parts_of` names it, is read more densely than the whole."""
        if kind == "size":
            return self.sizes[int(name)] > self.base
        if kind == "bucket":
            return int(name) in self.buckets
        if kind == "worker":
            return name in self.workers
        return (name == RETRIED) in self.retried


RETRIED: Final = "retried"
FIRST_TRY: Final = "first try"


class Picked(NamedTuple):
    """Where a sampled member stands in its bundle. proper: the whole's limit takes it, too."""

    at: int
    proper: bool


def size_class(size_bytes: int) -> int:
    """Return the class of a size: the first of `SIZE_BOUNDS` that holds it."""
    return bisect_left(SIZE_BOUNDS, size_bytes)


def pick(draw: Draw, home: Home, members: Sequence[Member]) -> list[Picked]:
    """Return which members the sample takes, in their order. About 1.5 us a member."""
    limits = [_bytes(limit) for limit in draw.limits(home)]
    base, lowest = _bytes(draw.base), min(limits)
    prefix = b"%d/%b/" % (draw.seed, home.bucket)
    if lowest == max(limits):
        return [
            Picked(at, spot < base)
            for at, (key, version, _, _) in enumerate(members)
            if (spot := _spot(prefix, key, version)) < lowest
        ]
    return [
        Picked(at, spot < base)
        for at, (key, version, _, size) in enumerate(members)
        if (spot := _spot(prefix, key, version)) < limits[bisect_left(SIZE_BOUNDS, size)]
    ]


def parts_of(home: Home, size_bytes: int) -> tuple[tuple[str, str], ...]:
    """Return the (kind, name) of each part that an object belongs to."""
    return (("size", str(size_class(size_bytes))), *parts_of_bundle(home))


def parts_of_bundle(home: Home) -> tuple[tuple[str, str], ...]:
    """Return the parts that all members of a bundle belong to."""
    return (
        ("bucket", str(home.bucket_id)),
        ("worker", home.worker),
        ("tries", RETRIED if home.retried else FIRST_TRY),
    )


def _spot(prefix: bytes, key: bytes, version: bytes) -> bytes:
    """Return where an object stands among all: 9 bytes, so that a limit of all is above any."""
    name = b"%b%b\0%b" % (prefix, key, version) if version else prefix + key
    return b"\0" + blake2b(name, digest_size=_HASH_BYTES).digest()


def _bytes(limit: int) -> bytes:
    return limit.to_bytes(_HASH_BYTES + 1, "big")


def _share(wanted: int, n: int) -> int:
    return _ALL if wanted >= n else wanted * _ALL // n


def _denser(parts: Mapping[_Part, int], base: int, least: int) -> dict[_Part, int]:
    """Return the limits of the parts that need one of their own."""
    limits = {part: _share(least, n) for part, n in parts.items()}
    return {part: limit for part, limit in limits.items() if limit > base}
