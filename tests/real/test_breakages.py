"""The assessment on real servers: each thing that breaks shows in its own row, and in no other."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from core.verdict import Verdict
from tests.lab.process import Keeper
from tests.lab.stack import Shape
from tests.real.assess_ground import make_assess_ground
from tests.real.breakages import BREAKAGES, DEAD_KUBO, Breakage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.redis import RedisCluster
    from tests.lab.stack import Stack
    from tests.lab.tools import Tools
    from tests.real.assess_ground import AssessGround

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

HOST = {"host", "docker"}
"""Rows that this host decides, not the ground: their state may be any, and must not change."""
SEEN: list[str] = []


@pytest.fixture(scope="module")
def stack(make_stack: Callable[[Shape], Stack]) -> Iterator[Stack]:
    """One of its own: peers that other files killed may lack each other's pins for long."""
    made = make_stack(Shape())
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _mended(stack: Stack) -> Iterator[None]:
    """Start again what a test ended."""
    yield
    stack.heal()


@pytest.fixture(scope="module")
def ground(stack: Stack, redis: RedisCluster, tools: Tools) -> Iterator[AssessGround]:
    folder = Path(tempfile.mkdtemp(prefix="vgwm-assess-"))
    with ExitStack() as stays:
        stays.callback(shutil.rmtree, folder)
        stays.enter_context(patch.dict(os.environ))
        keeper = stays.enter_context(Keeper())
        made = make_assess_ground(folder, stack, redis, tools.path("versitygw"), keeper)
        made.before |= made.assess()
        yield made


def test_healthy_every_row_has_a_state_with_evidence(ground: AssessGround) -> None:
    for row, answer in ground.before.items():
        assert answer.evidence, row
        assert answer.remedy or answer.verdict is Verdict.PASS, row
        assert answer.verdict is Verdict.PASS or row in HOST, (row, answer.evidence)


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: one.name)
def test_what_breaks_shows_in_its_row_with_a_remedy_and_in_no_other(
    ground: AssessGround, breakage: Breakage
) -> None:
    _prove(ground, breakage)


def test_mended_all_is_as_before(ground: AssessGround) -> None:
    after = ground.assess()
    assert {row: one.verdict for row, one in after.items()} == {
        row: one.verdict for row, one in ground.before.items()
    }


def test_a_dead_kubo_shows_in_its_row_and_where_it_is_missed(ground: AssessGround) -> None:
    _prove(ground, DEAD_KUBO)
    print("\n".join(["", *SEEN]))  # noqa: T201 - the table, for pytest -s


def _prove(ground: AssessGround, breakage: Breakage) -> None:
    """Break something, and hold what the assessment says against what it must say."""
    with breakage.broken(ground) as broken:
        if broken.powerless:
            found = ground.assess_powerless()
        else:
            found = ground.assess(broken.workspace, lambda: time.time() + broken.ahead_s)
    changed = {
        row: answer for row, answer in found.items() if answer.verdict != ground.before[row].verdict
    }
    own = changed.get(breakage.row)
    others = {row: answer.verdict for row, answer in changed.items() if row != breakage.row}
    assert own is not None, changed
    SEEN.append(
        f"{breakage.name:<40} {breakage.row:<9} {own.verdict:<8} {_also(others):<58} {own.remedy}"
    )
    assert own.verdict is breakage.state, own
    assert breakage.says in own.evidence, own
    assert own.remedy, own
    assert others == breakage.also, [(row, one.evidence) for row, one in changed.items()]
    assert found.keys() == ground.before.keys()


def _also(others: dict[str, Verdict]) -> str:
    return ", ".join(f"{row} {state}" for row, state in others.items())
