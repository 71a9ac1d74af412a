"""The whole story under load: cutover, writes on green, back with one key; nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.load.sides import BLUE, GREEN
from tests.lab.rehearsal.story import Story
from tests.lab.rehearsal.whole import table, there_and_back, wrong

if TYPE_CHECKING:
    from tests.lab.rehearsal.ground import Ground

pytestmark = pytest.mark.timeout(400)

SEED = 20261126


def test_i10_there_and_back_under_load_has_one_writer_at_a_time_and_loses_nothing(
    lab: Ground,
) -> None:
    story = Story(lab, seed=SEED, say=print)
    there_and_back(story)
    table(story.figures, print)
    assert wrong(story) == []
    figures = story.figures
    assert figures.failed_reads == 0
    assert all(figures.acknowledged[side] > 50 for side in (BLUE, GREEN))
    assert figures.held, "no writer met the fence: the load was too thin to prove anything"
    for kept in (figures.on_green, figures.on_blue):
        assert kept is not None
        assert kept.compared > 100
