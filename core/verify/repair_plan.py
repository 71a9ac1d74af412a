"""What mends the differences of a report: steps by what is done, with counts and one hash (I8).

The hash names every difference that a step would end, in the order of the lists; a repair that was
shown is done as it was shown, or refused. Pure.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.verify.difference import OF_WORKSPACE, OTHERS, Ill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.verify.difference import Difference

HASH_CHARS: Final = 8
PAGE_BYTES: Final = 512
MOST_ORPHANS: Final = 100
"""Orphan pins that a plan shows by name."""


class Deed(StrEnum):
    """What a step does, in the order in which steps are done."""

    BUNDLES = "bundles"  # blocks, pins, files and manifests brought back
    ROWS = "rows"  # rows written again, as bundle and ledger have them
    DROP_ROWS = "drop_rows"  # rows of ours that the ledger does not know, removed
    CACHE = "cache"  # cached rows that say something else, dropped
    UNPIN = "unpin"  # orphan pins that somebody named, removed


DEEDS: Final = {
    Ill.NO_PIN: Deed.BUNDLES,
    Ill.LOST_BLOCK: Deed.BUNDLES,
    Ill.BAD_BYTES: Deed.BUNDLES,
    Ill.NO_MANIFEST: Deed.BUNDLES,
    Ill.NO_ROW: Deed.ROWS,
    Ill.WRONG_CID: Deed.ROWS,
    Ill.WRONG_SIZE: Deed.ROWS,
    Ill.WRONG_METADATA: Deed.ROWS,
    Ill.ORPHAN_ROW: Deed.DROP_ROWS,
    Ill.STALE_CACHE: Deed.CACHE,
}

TEXTS: Final = {
    Deed.BUNDLES: (
        "bring back blocks, pins, files and manifests; what no copy holds is read again, if it must"
        " be into new bundles"
    ),
    Deed.ROWS: "write rows again, where the present one is ours or absent",
    Deed.DROP_ROWS: "remove rows of ours that the ledger does not know",
    Deed.CACHE: "drop cached rows; the gateway fills them again",
    Deed.UNPIN: "remove the orphan pins and files that were named, if they are ours",
}

REMEDIES: Final = {
    Ill.ORPHAN_PIN: "Nobody's but by its name: vgwm metadata repair --unpin ROOT.",
    Ill.GONE_AT_SOURCE: "A round takes it off the target: vgwm sync.",
    Ill.NOT_COPIED: "Copy it: vgwm copy, or vgwm sync for what came later.",
    Ill.SOURCE_MOVED: "A round reads it again: vgwm sync.",
    Ill.UNREAD: "Look again once it answers: vgwm verify.",
}


LEFT: Final = {
    **REMEDIES,
    Ill.ORPHAN_ROW: "Not ours, so not removed: ask whoever writes to this table.",
}
"""What to do about what a plan leaves alone."""


class Numbers:
    """A set of numbers of bundles, a bit each, in pages: a report may tell of any number."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._count = 0

    def add(self, number: int) -> None:
        """Take a number, from 0 on."""
        at, bit = (number >> 3) % PAGE_BYTES, 1 << (number & 7)
        page = self._pages.setdefault(number // (PAGE_BYTES * 8), bytearray(PAGE_BYTES))
        if not page[at] & bit:
            page[at] |= bit
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __contains__(self, number: int) -> bool:
        """Tell whether a number was taken."""
        page = self._pages.get(number // (PAGE_BYTES * 8))
        return page is not None and bool(page[(number >> 3) % PAGE_BYTES] & 1 << (number & 7))

    def behind(self, number: int) -> Iterator[int]:
        """Yield the numbers above one, in order."""
        first = (number + 1) // (PAGE_BYTES * 8)
        for place in sorted(place for place in self._pages if place >= first):
            for at, byte in enumerate(self._pages[place]):
                if byte:
                    low = (place * PAGE_BYTES + at) * 8
                    yield from (
                        low + bit for bit in range(8) if byte >> bit & 1 and low + bit > number
                    )


@dataclass(slots=True)
class Step:
    """A step's share: how many lines of each kind, of how many bundles."""

    deed: Deed
    kinds: Counter[Ill] = field(default_factory=Counter)
    bundles: Numbers = field(default_factory=Numbers)

    @property
    def lines(self) -> int:
        """How many differences it ends."""
        return self.kinds.total()


class RepairPlan:
    """Takes the differences of a report, in order. unpin: roots that were named to go.

    strange: those of them that the report does not tell of as orphan pins.
    """

    def __init__(self, workspace: str, unpin: Iterable[str] = ()) -> None:
        self.unpin = frozenset(unpin)
        self.strange = set(self.unpin)
        self.seen = 0
        self.left: Counter[Ill] = Counter()
        self.orphans: list[str] = []
        self.digest = ""
        self._steps = {deed: Step(deed) for deed in Deed}
        self._state = sha256(dumps([workspace, sorted(self.unpin)]).encode())

    def take(self, one: Difference) -> None:
        """Take the next difference."""
        self.seen += 1
        deed = self.deed_of(one)
        if one.ill is Ill.ORPHAN_PIN and len(self.orphans) < MOST_ORPHANS:
            self.orphans.append(one.where)
        if deed is None:
            self.left[one.ill] += 1
            return
        if deed is Deed.UNPIN:
            self.strange.discard(one.where)
        step = self._steps[deed]
        step.kinds[one.ill] += 1
        if one.bundle:
            step.bundles.add(one.bundle)
        told = [deed, one.ill, one.bucket.hex(), one.key.hex(), one.version.hex(), *one[5:]]
        self._state.update(dumps(told).encode() + b"\n")

    def deed_of(self, one: Difference) -> Deed | None:
        """Return what ends a difference; None where a repair leaves it alone."""
        if one.ill is Ill.ORPHAN_PIN:
            return Deed.UNPIN if one.where in self.unpin else None
        if one.ill is Ill.ORPHAN_ROW and one.found.startswith((OTHERS, OF_WORKSPACE)):
            return None
        return DEEDS.get(one.ill)

    def finish(self) -> None:
        """Fix the hash: nothing is taken any more."""
        self.digest = self._state.hexdigest()

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits, "" before the end."""
        return self.digest[:HASH_CHARS]

    @property
    def steps(self) -> list[Step]:
        """The steps that have something to do, in their order."""
        return [step for step in self._steps.values() if step.lines]

    def step(self, deed: Deed) -> Step:
        """Return a step, whether or not it has something to do."""
        return self._steps[deed]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedRepair:
    """What a repair's job was confirmed to do: a report, by the digest of what is mended of it."""

    report: str
    digest: str
    unpin: tuple[str, ...]

    def stored(self) -> bytes:
        """Return it as a job keeps it; `parse` reads it back."""
        told = {"digest": self.digest, "report": self.report, "unpin": list(self.unpin)}
        return dumps(told).encode()

    @staticmethod
    def parse(stored: bytes) -> ConfirmedRepair:
        """Return what `stored` wrote."""
        read = json.loads(stored)
        return ConfirmedRepair(
            report=read["report"], digest=read["digest"], unpin=tuple(read["unpin"])
        )
