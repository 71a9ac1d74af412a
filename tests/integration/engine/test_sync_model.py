"""A source changed at random, and kept up with: in the end it is as if it were migrated now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from core.config.knobs import Knobs
from core.model import MIB, JobKind
from tests.integration.engine import fresh
from tests.integration.engine.living import Living

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine

KNOBS = Knobs(workers=2, batch_size=25, max_delete=100_000, large_threshold=MIB)


async def round_of(engine: Engine) -> None:
    assert await fresh.run(engine, JobKind.SYNC, mode="once") == "done"
    await engine.ledger.recount()
    await engine.ledger.verify_chain()


def require_equal(living: Living, kept: Path) -> None:
    """Compare a target that kept up, and its ledger, with a migration that begins now."""
    new = living.base / "new"
    assert fresh.table(living.base / "kept") == fresh.table(new)
    assert fresh.buckets(living.base / "kept") == fresh.buckets(new)
    assert fresh.known(kept) == fresh.known(living.base / "new.ws")
    assert fresh.not_shown(kept) == fresh.not_shown(living.base / "new.ws")
    assert fresh.other_states(kept) <= fresh.other_states(living.base / "new.ws")


@pytest.mark.parametrize(("seed", "versions"), [(0, "archive"), (1, "skip")])
async def test_i4_after_its_rounds_a_target_is_as_if_migrated_now(
    tmp_path: Path, seed: int, versions: Literal["archive", "skip"]
) -> None:
    living = Living(tmp_path, seed, objects=40, versions=versions)
    kept = living.workspace("kept", KNOBS)
    await fresh.begun_anew(kept)
    async with fresh.opened(kept) as engine:
        for _ in range(4):
            living.change(30)
            await round_of(engine)
        await round_of(engine)  # what is no object any more is off the target first, a skip then
    await fresh.begun_anew(living.workspace("new", KNOBS))
    require_equal(living, kept)
    assert len(living.done) > 10


async def test_i4_changes_under_a_round_are_found_by_the_next(tmp_path: Path) -> None:
    living = Living(tmp_path, 11, objects=60)
    kept = living.workspace("kept", KNOBS)
    await fresh.begun_anew(kept)
    async with fresh.opened(kept) as engine:
        living.start()
        try:
            for _ in range(4):
                await round_of(engine)
        finally:
            living.stop()
        await round_of(engine)
    await fresh.begun_anew(living.workspace("new", KNOBS))
    require_equal(living, kept)
    assert living.done.total() > 50
