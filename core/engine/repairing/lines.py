"""A report's differences that one step of a repair ends, by parts of one bucket and bundle.

May import the verify room.
"""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from core.verify.report_reading import differences

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.verify.difference import Difference
    from core.verify.repair_plan import Deed, RepairPlan

PART: Final = 500


class Part(NamedTuple):
    """Some lines of one bucket and one bundle, as they stand in a list."""

    bucket: bytes
    bundle: int
    lines: list[Difference]


def lines_of(folder: Path, plan: RepairPlan, deed: Deed) -> Iterator[Difference]:
    """Yield the differences that a step ends, in the order of the lists."""
    return (one for one in differences(folder) if plan.deed_of(one) is deed)


def parts_of(folder: Path, plan: RepairPlan, deed: Deed, *, after: int) -> Iterator[Part]:
    """Yield the same in parts of up to 500 lines. after: lines to pass over."""
    lines = islice(lines_of(folder, plan, deed), after, None)
    for (bucket, bundle), group in groupby(lines, key=lambda one: (one.bucket, one.bundle)):
        while part := list(islice(group, PART)):
            yield Part(bucket, bundle, part)
