"""The whole story under load: cutover, writes on green, back with one key; nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.load import proofs
from tests.lab.load.sides import BLUE, GREEN
from tests.lab.rehearsal import by_hand
from tests.lab.rehearsal.ground import Ground, ground
from tests.lab.rehearsal.story import Story
from tests.lab.rehearsal.whole import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.stack import Stack
    from tests.lab.tools import Tools

pytestmark = pytest.mark.timeout(240)

SEED = 20261126


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path: sockets lie below it."""
    folder = Path(tempfile.mkdtemp(prefix="vgwm-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def lab(tools: Tools, stack: Stack, short: Path) -> Iterator[Ground]:
    with ground(short, tools, stack=stack) as made:
        yield made


def test_i10_a_flip_by_hand_under_load_has_one_writer_and_loses_nothing(lab: Ground) -> None:
    story = Story(lab, seed=SEED, say=print)
    with story.clients():
        story.prepare()
        settings = lab.settings()
        with story.step("fence"):
            asyncio.run(by_hand.fence(settings))
        story.run("sync", "--once", code=None)
        with story.step("flip"):
            asyncio.run(by_hand.flip(settings))
        story.wait_for_writes(GREEN)
        kept = story.read_back_on_green()
    figures = story.count()
    table(figures, print)
    assert kept.lost == []
    assert kept.compared > 50
    assert figures.acknowledged[BLUE] > 50
    assert proofs.two_writers(story.journal.attempts) == []
    assert story.readers.wrong == []
    assert proofs.failed_reads(story.journal.attempts) == []
    assert [(pause.before, pause.after) for pause in figures.pauses] == [(BLUE, GREEN)]
