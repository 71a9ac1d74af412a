"""What the target's table will not show of the objects of a bundle, counted by class. Pure.

The manifest keeps all of it. May import the model and the target's attributes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.model import MetaText, Unrepresentable
from core.target.attributes import lost_attributes
from core.target.shape import TIMESTAMP_END_NS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.engine.seal import Carried


def unshown(carried: Sequence[Carried], not_in_table: Collection[Unrepresentable]) -> Counter[str]:
    """Return how many current objects lose something, by class.

    not_in_table: the classes that the profile has no column for; none for one with a Json column
    that holds everything, and then nothing is parsed.
    """
    counts: Counter[str] = Counter()
    for one in carried:  # by place: hot loops make plain tuples of this shape
        if one[1] or one[2] is None:
            continue
        if not 0 <= one[6] < TIMESTAMP_END_NS:
            counts[Unrepresentable.TIMESTAMP_RANGE.value] += 1
        if not_in_table:
            lost = lost_attributes(MetaText(*one[12]).manifest())
            counts.update(what.value for what in lost if what in not_in_table)
    return counts
