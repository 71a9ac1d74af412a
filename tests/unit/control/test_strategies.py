"""A strategy is spelled out with the plan's own figures, its jobs in order, and its cost first."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.control.crossing.strategies import STRATEGIES, course
from core.control.wire import plan as wire_plan

PLAN = wire_plan.Plan(
    id="9f2c1a7e",
    hash="0a1b2c3d",
    strategy="rolling",
    source="posix:/gw",
    target="ipfs",
    profile="guide",
    replication=2,
    made_ns=1,
    complete=True,
    buckets=3,
    objects=1_010,
    size_bytes=4_000,
    bundles=2,
    versions=0,
    markers=0,
    skipped=10,
    histogram=[],
    unrepresentable={},
    cid_profile="unixfs-v1-2025",
    slices=[("one", ["photos", "docs"]), ("rest", ["misc"])],
)


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_says_how_much_is_copied_and_what_disks_it_takes(name: str) -> None:
    told = "\n".join(course(PLAN, name).lines())
    assert told.startswith(f"strategy   {name}")
    assert "copy 1,000 objects, 4.00 KB" in told
    assert "8.00 KB come to green (2 copies)" in told


def test_the_plans_own_strategy_is_taken_unless_another_is_asked_for() -> None:
    assert course(PLAN).name == "rolling"
    assert course(replace(PLAN, strategy="blue-green")).name == "blue-green"


def test_rolling_switches_slice_by_slice() -> None:
    switches = [step.text for step in course(PLAN).steps if step.jobs == ("cutover start",)]
    assert [text.split(":")[0] for text in switches] == ["slice one", "slice rest"]


def test_big_bang_fences_before_it_copies_and_says_that_writes_are_down() -> None:
    spelled = course(PLAN, "big-bang")
    run = [step.text.split()[0] for step in spelled.steps if step.jobs == ("cutover start",)]
    assert run == ["fence", "copy", "compare"]
    assert not any(job in {"copy", "sync"} for step in spelled.steps for job in step.jobs)
    assert any("writes are down" in cost for cost in spelled.costs)


def test_blue_green_copies_and_proves_before_it_fences() -> None:
    jobs = [job for step in course(PLAN, "blue-green").steps for job in step.jobs]
    assert jobs.index("copy") < jobs.index("sync") < jobs.index("verify")
    assert jobs.index("verify") < jobs.index("cutover start") < jobs.index("cutover commit")
