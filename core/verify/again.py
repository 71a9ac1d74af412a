"""The second look at what was not plainly equal: every side is asked anew, and the key is judged.

Some seconds lie between the looks: what a copy, a sync or a client had under way has settled then,
and what the source has moved on from is dirty, not different. May import its own room.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from core.verify.difference import Listed
from core.verify.key_judge import Case, Kind
from core.verify.part_files import again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from core.target.shape import Row
    from core.verify.difference import Difference
    from core.verify.join import Sides
    from core.verify.key_judge import Said
    from core.verify.part_files import AgainPart
    from core.verify.segments import Segment

_SOME: Final = 200
"""Keys that are asked for together."""


class Again:
    """Looks at the odd keys of parts again."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    def run(
        self, folder: Path, segment: Segment, part: AgainPart, told: Callable[[int], None]
    ) -> None:
        """Judge a part's odd keys into `part`. told: called with the keys of each step."""
        self._sides.pins.renew()
        names = again(folder, segment.number)
        found = _Found(self._sides, segment)
        while some := list(islice(names, _SOME)):
            for case in self._cases(segment, some, found):
                self._judge(part, case)
            told(len(some))

    def _cases(
        self, segment: Segment, names: list[tuple[bytes, bytes]], found: _Found
    ) -> Iterator[Case]:
        sides, bucket = self._sides, segment.bucket
        current = [key.decode() for key, version in names if not version]
        rows: dict[str, Row] = sides.table.read(bucket.decode(), current) if current else {}
        for key, version in names:
            kept = sides.ledger.row(segment.bucket_id, key, version)
            pin = None
            if kept is not None and kept[7] is not None:
                pin = sides.pins.of([kept[7]]).get(kept[7])
            yield Case(
                bucket=bucket,
                key=key,
                version=version,
                kept=kept,
                look=sides.source.look(bucket, key, version),
                row=None if version else rows.get(key.decode()),
                pin=pin,
                found=found.of(key, version),
                owner=segment.owner,
            )

    def _judge(self, part: AgainPart, case: Case) -> None:
        said = self._sides.judge.judge(case)
        if said.kind is Kind.SKIPPED:
            part.count("skipped")
        elif said.kind is Kind.GONE:
            part.count("gone")
        elif said.kind is Kind.LISTED:
            part.listed(case.key, case.version, said)
            _count(part, case, said)


def _count(part: AgainPart, case: Case, said: Said) -> None:
    if said.listed is Listed.EQUAL and case.kept is not None:
        if case.version:
            part.count("versions")
        if case.kept[8] is None:
            part.count("markers")
    if said.unpinned:
        part.count("unpinned")
    if said.dirty:
        part.count("dirty")
    if any(one.listed is Listed.ERROR for one in said.lines):
        part.count("unread")


class _Found:
    """The findings of the bytes, taken in the order of their keys."""

    def __init__(self, sides: Sides, segment: Segment) -> None:
        self._pages = sides.found.pages(segment.bucket, segment.after)
        self._held: list[Difference] = []

    def of(self, key: bytes, version: bytes) -> list[Difference]:
        """Return a key's findings; keys are asked for in order."""
        wanted = (key, version)
        while not self._held or (self._held[-1].key, self._held[-1].version) <= wanted:
            page = next(self._pages, None)
            if page is None:
                break
            self._held += page
        mine = [one for one in self._held if (one.key, one.version) == wanted]
        self._held = [one for one in self._held if (one.key, one.version) > wanted]
        return mine
