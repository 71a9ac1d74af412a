"""The trial copy: it measures, and leaves no pin, no file and no process behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING

import psutil
import pytest

from core.config.knobs import Knobs
from core.config.schema import IpfsTarget
from core.config.workspace import FILE_NAME, load
from core.dag import cid as cids
from core.engine.copying.target_ipfs import open_ipfs
from core.engine.settings import worker_setup
from core.engine.trial.carrying import carry
from core.engine.trial.pinning import FILE, withdraw_left
from core.engine.trial.sampling import Sample
from core.engine.trial.trying import foretell, measure
from core.model import MIB
from core.preflight.survey_process import survey_apart
from core.target import profile as profiles
from tests.fakes.bundles import bundle, contents
from tests.fakes.cluster_server import SharedPin
from tests.integration.engine.ground import make_ground, make_workspace
from tests.integration.engine.ipfs_ground import nodes_under

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.config.schema import Workspace
    from core.engine.trial.sampling import Sampled
    from core.preflight.survey import Survey
    from tests.integration.engine.ground import Ground

KNOBS = Knobs(workers=2, batch_size=5, bundle_bytes=MIB, large_threshold=2 * MIB)
LEFT = bundle(contents("left by a killed trial", 1)).root

LONG_S = 40.0
"""Never reached: the sample ends before."""


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return make_ground(tmp_path, objects=60)


async def surveyed(ground: Ground) -> tuple[Workspace, Survey]:
    workspace = load(ground.workspace / FILE_NAME)
    return workspace, await survey_apart(workspace, lambda _entries: None)


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if child.is_running()}


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


async def test_a_folder_is_read_and_hashed_and_nothing_is_written_to_it(ground: Ground) -> None:
    make_workspace(ground, KNOBS)
    ground.target.mkdir()
    workspace, survey = await surveyed(ground)
    trial = await measure(workspace, KNOBS, ground.workspace, survey, limit_s=LONG_S)
    assert (trial.fault, trial.objects) == ("", survey.objects)
    assert trial.size_bytes == survey.size_bytes
    assert (trial.copies, trial.pins_rate, trial.left) == (1, None, "")
    assert files(ground.target) == set()
    foretold = foretell(workspace, KNOBS, survey, trial)
    assert [term.name for term in foretold.terms] == ["bytes", "objects", "pins", "rows"]
    assert foretold.terms[2].high_s == 0.0


async def test_i1_nodes_get_the_sample_and_no_pin_stays(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nodes_under(ground, KNOBS, monkeypatch) as nodes:
        workspace, survey = await surveyed(ground)
        trial = await measure(workspace, KNOBS, ground.workspace, survey, limit_s=LONG_S)
        assert (trial.fault, trial.objects, trial.copies) == ("", survey.objects, 2)
        assert nodes.received() > 2 * survey.size_bytes
        assert trial.pins_rate is not None
        assert trial.rows_rate is not None
        assert "unpinned" in trial.left
        assert nodes.cluster.pins == {}
        assert not any(kubo.pins for kubo in nodes.kubos)
    assert files(ground.workspace) == {FILE_NAME}


async def test_what_a_killed_trial_left_pinned_is_withdrawn_by_the_next(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nodes_under(ground, KNOBS, monkeypatch) as nodes:
        workspace = load(ground.workspace / FILE_NAME)
        assert isinstance(workspace.target, IpfsTarget)
        root = cids.text(LEFT)
        nodes.cluster.pins[root] = SharedPin(root, "vgwm-trial-0a1b2c3d-1", (2, 2), [], 0.0)
        (ground.workspace / FILE).write_text(f'["{root}"]')
        placement = await open_ipfs(workspace.target, KNOBS, workspace.id)
        assert await withdraw_left(ground.workspace, placement) == 1
        assert await withdraw_left(ground.workspace, placement) == 0
        await placement.close()
        assert nodes.cluster.pins == {}
    assert FILE not in files(ground.workspace)


async def test_a_trial_that_is_cancelled_withdraws_its_pins(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = children()
    with nodes_under(ground, KNOBS, monkeypatch) as nodes:
        workspace, survey = await surveyed(ground)
        trying = asyncio.create_task(
            measure(workspace, KNOBS, ground.workspace, survey, limit_s=LONG_S)
        )
        posted: list[str] = []
        while not posted:
            await asyncio.sleep(0.01)
            posted = list(nodes.cluster.posts)
        assert FILE in files(ground.workspace)  # before the first post, so also after a kill
        trying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trying
        assert nodes.cluster.pins == {}
    assert files(ground.workspace) == {FILE_NAME}
    assert children() <= before


async def test_i7_nodes_that_cannot_be_reached_are_the_trials_fault_and_no_estimate(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nodes_under(ground, KNOBS, monkeypatch) as nodes:
        workspace, survey = await surveyed(ground)
        nodes.close()
        trial = await measure(workspace, KNOBS, ground.workspace, survey, limit_s=LONG_S)
    assert trial.fault
    foretold = foretell(workspace, KNOBS, survey, trial)
    assert (foretold.low_s, foretold.high_s) == (None, None)
    assert trial.fault in foretold.unknown


async def test_without_a_trial_nothing_is_foretold(ground: Ground) -> None:
    make_workspace(ground, KNOBS)
    workspace, survey = await surveyed(ground)
    assert foretell(workspace, KNOBS, survey, None).unknown.startswith("no trial was made")


class Endless(Sample):
    """The same bundle for ever."""

    def bundles(self, knobs: Knobs) -> Iterator[Sampled]:
        return repeat(next(super().bundles(knobs)))


async def test_the_time_ends_a_trial_and_with_it_its_processes(ground: Ground) -> None:
    before = children()
    make_workspace(ground, KNOBS)
    workspace, survey = await surveyed(ground)
    profile = profiles.load(workspace.target.profile)
    setup = replace(worker_setup(workspace, KNOBS, profile), sink="discard")
    sample = Endless(source=setup.source, starts=survey.starts, archive_versions=True)
    await carry(workspace, KNOBS, setup, sample, None, limit_s=0.3)
    assert children() <= before
