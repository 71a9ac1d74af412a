"""The assessment's own rows, and its trial, against a real gateway's tree and real nodes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import IpfsTarget, PosixSource, Workspace
from core.config.secret import SecretRef
from core.engine.trial import pinning
from core.engine.trial.trying import foretell, measure
from core.preflight.assessment import Assessment
from core.preflight.grounds import Grounds
from core.preflight.survey import Survey
from core.preflight.survey_process import survey_apart
from core.verdict import Verdict
from tests.lab.stamps import stamps

if TYPE_CHECKING:
    from pathlib import Path

    from core.verdict import Answer
    from tests.lab.stack import Stack
    from tests.lab.tree.grow import GatewayTree

PASSWORD = "VGWM_TEST_ASSESS"  # noqa: S105 - the name of a variable
KNOBS = Knobs(workers=2, batch_size=10)
TERABYTE = 10**12


def source_of(tree: GatewayTree) -> PosixSource:
    gateway = tree.gateway
    return PosixSource(
        path=gateway.root, versioning_dir=gateway.versioning_dir, sidecar=gateway.sidecar
    )


@pytest.fixture
def grounds(
    grown_xattr: GatewayTree, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Grounds:
    monkeypatch.setenv(PASSWORD, stack.password)
    target = IpfsTarget(
        kubo=tuple(stack.kubo_urls),
        cluster=tuple(stack.cluster_urls),
        cluster_user=stack.user,
        cluster_password_ref=SecretRef.parse(f"env:{PASSWORD}"),
        replication=2,
        table=f"sqlite:{tmp_path / 'objects.db'}",
    )
    workspace = Workspace(id="0a1b2c3d", source=source_of(grown_xattr), target=target)
    return Grounds(workspace=workspace, folder=tmp_path)


@pytest.fixture(scope="session")
def grown_xattr(request: pytest.FixtureRequest) -> GatewayTree:
    tree: GatewayTree = request.getfixturevalue("grown")("xattr")
    return tree


async def row(grounds: Grounds, name: str) -> Answer:
    assessment = Assessment(grounds, only=frozenset({name}))
    (answer,) = [answer async for answer in assessment.answers()]
    return answer


async def test_i4_the_survey_counts_what_s3_shows_and_moves_nothing(
    gateway_tree: GatewayTree, grounds: Grounds
) -> None:
    before = [stamps(folder) for folder in gateway_tree.folders()]
    workspace = Workspace(
        id="0a1b2c3d", source=source_of(gateway_tree), target=grounds.workspace.target
    )
    survey = await survey_apart(workspace, lambda _entries: None)
    assert [stamps(folder) for folder in gateway_tree.folders()] == before
    told = gateway_tree.told
    shown = [one.size for one in told.objects if not one.marker]
    assert (survey.fault, survey.buckets) == ("", len(told.buckets))
    assert survey.opened == len(told.objects)
    assert survey.markers == sum(1 for _ in told.markers())
    assert survey.versions == sum(1 for _ in told.versions())
    assert survey.size_bytes == sum(shown)
    assert [one.size_bytes for one in survey.largest] == sorted(shown, reverse=True)[:20]
    skips = Counter(skip.reason for skip in told.skips)
    assert {name: survey.count_of(name).objects for name in skips} == dict(skips)
    assert survey.uploads > 0


async def test_capacity_weighs_each_nodes_own_word_against_its_share(
    grounds: Grounds, stack: Stack
) -> None:
    small = replace(grounds, known=Survey(began_ns=1, ended_ns=2, size_bytes=10**6, objects=1))
    fits = await row(small, "capacity")
    assert fits.verdict is Verdict.PASS
    assert "disk is not known" not in fits.evidence
    large = Survey(began_ns=1, ended_ns=2, size_bytes=TERABYTE, objects=1)
    full = await row(replace(grounds, known=large), "capacity")
    assert full.verdict is Verdict.FAIL
    assert "kubo-3" in full.evidence
    assert "800 GB wanted" in full.evidence
    assert full.remedy
    assert len(stack.kubos) == 3


async def test_a_trial_measures_every_term_and_leaves_no_pin(
    grounds: Grounds, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted: list[pinning.TrialPin] = []
    measured = pinning.measure_pins

    async def spied(folder: Path, placement: object, pins: list[pinning.TrialPin], **limit: float):  # type: ignore[no-untyped-def] # noqa: ANN202 - passes on what it is given
        posted.extend(pins)
        return await measured(folder, placement, pins, **limit)  # type: ignore[arg-type]

    monkeypatch.setattr("core.engine.trial.trying.measure_pins", spied)
    before = stack.peers[0].allocations()
    workspace = grounds.workspace
    survey = await survey_apart(workspace, lambda _entries: None)
    trial = await measure(workspace, KNOBS, grounds.folder, survey, limit_s=20.0)
    assert trial.fault == ""
    assert trial.objects > 0
    assert trial.copies == 2
    assert posted
    for peer in stack.peers:
        assert set(peer.allocations()) == set(before)
    assert trial.pins_rate is not None
    assert trial.pins_rate.fast < 10_000  # a batch is one lump: its inside is no rate
    foretold = foretell(workspace, KNOBS, survey, trial)
    assert [term.name for term in foretold.terms if term.high_s is None] == []
    assert foretold.low_s is not None
    assert foretold.high_s is not None
    assert foretold.low_s <= foretold.high_s
