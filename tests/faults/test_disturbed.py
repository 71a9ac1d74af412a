"""Terminals that hang up or stall and clients that never read do not touch a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.disturbed import copy_under, deaf, hung_up, make_small, stalled
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_job_ends_exactly_while_its_terminals_and_clients_misbehave(tmp_path: Path) -> None:
    ground = make_small(tmp_path, 2_500)
    done = await copy_under(ground, tmp_path, hung_up, stalled, deaf)
    assert bodies(ground.target) == ground.bodies
    assert done.grown_bytes < 96 << 20
    assert done.connections < 80
