"""What the target's table will not show of the objects of a bundle, counted by class. Pure.

The manifest keeps all of it. May import the model and the target's attributes.
"""

from __future__ import annotations

import stat
from collections import Counter
from typing import TYPE_CHECKING

from core.model import MetaText, Unrepresentable
from core.target.attributes import lost_attributes
from core.target.shape import TIMESTAMP_END_NS

GATEWAY_MODE = 0o644
"""What the gateway gives its files; whoever can read them is the bucket's business."""

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.engine.worker.seal import Carried


def unshown(
    carried: Sequence[Carried],
    not_in_table: Collection[Unrepresentable],
    owner: tuple[int, int],
) -> Counter[str]:
    """Return how many current objects lose something, by class.

    not_in_table: the classes that the profile has no column for; none for one with a Json column
    that holds everything, and then nothing is parsed. owner: uid and gid of the bucket's folder.
    """
    counts: Counter[str] = Counter()
    for one in carried:  # by place: hot loops make plain tuples of this shape
        if one[1] or one[2] is None:
            continue
        if not 0 <= one[6] < TIMESTAMP_END_NS:
            counts[Unrepresentable.TIMESTAMP_RANGE.value] += 1
        mode = one[10]
        if ((one[8], one[9]) != owner or mode & 0o7777 != GATEWAY_MODE) and stat.S_ISREG(mode):
            counts[Unrepresentable.POSIX_OWNER_MODE.value] += 1
        if not_in_table:
            lost = lost_attributes(MetaText(*one[12]).manifest())
            counts.update(what.value for what in lost if what in not_in_table)
    return counts
