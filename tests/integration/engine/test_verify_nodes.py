"""Verifications of a target of nodes, and of a table that is asked by pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.verifying import join_pins, verifications
from core.target import profile as profiles
from core.target.open_table import open_target_table
from core.verify.difference import Ill, Listed
from tests.fakes.ydb_process import YdbProcess
from tests.integration.engine.ground import engine_on, make_ground, migrate
from tests.integration.engine.ipfs_ground import nodes_under
from tests.integration.engine.proved import verified

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.reins import Reins

KNOBS = Knobs(workers=2, batch_size=10)


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifications, "AGAIN_S", 0.0)


async def test_i7_a_pin_that_nobody_could_look_at_is_an_error_and_a_lost_one_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = make_ground(tmp_path, objects=30)
    with nodes_under(ground, KNOBS, monkeypatch) as nodes:
        async with engine_on(ground) as engine:
            assert (await migrate(engine)).state == "done"
            assert (await verified(engine))[0].found == 0
            silent, liar = nodes.cluster.peers[0], nodes.cluster.peers[1]
            silent.down = True
            liar.lies = ("unexpectedly_unpinned", "")
            figures, found = await verified(engine)
    assert figures.unpinned == len(found[Listed.DIFFER, Ill.NO_PIN]) > 0
    assert figures.unread == len(found[Listed.ERROR, Ill.UNREAD]) > 0
    # of two copies on three nodes each bundle has one on the silent or on the lying node
    assert not found.get((Listed.EQUAL, ""))
    assert {one for one, n in figures.objects.items() if n} == {Listed.DIFFER, Listed.ERROR}


async def test_a_pin_that_is_seen_at_the_second_look_is_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = make_ground(tmp_path, objects=30)
    look = join_pins.Pins.look
    with nodes_under(ground, KNOBS, monkeypatch) as nodes:
        liar = nodes.cluster.peers[1]

        async def settles(self: join_pins.Pins, reins: Reins, *, odd_only: bool = False) -> None:
            liar.lies = None if odd_only else ("pinning", "")
            await look(self, reins, odd_only=odd_only)

        monkeypatch.setattr(join_pins.Pins, "look", settles)
        async with engine_on(ground) as engine:
            assert (await migrate(engine)).state == "done"
            figures, _ = await verified(engine)
    assert (figures.found, figures.bundles_unpinned) == (0, 0)


@pytest.mark.timeout(120)
async def test_a_table_that_is_asked_by_pages_is_joined_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = make_ground(tmp_path, objects=30)
    with (
        YdbProcess(tmp_path / "stand-in.db") as ydb,
        nodes_under(ground, KNOBS, monkeypatch, table=f"ydb:{ydb.spec}"),
    ):
        async with engine_on(ground) as engine:
            assert (await migrate(engine)).state == "done"
            assert (await verified(engine))[0].objects == {Listed.EQUAL: len(ground.bodies)}
            table = await open_target_table(engine.workspace, profiles.load("guide"))
            await table.delete("bucket0", ["d0/k0007"])
            await table.close()
            figures, found = await verified(engine)
    assert figures.found == 1
    assert found[Listed.MISSING, Ill.NO_ROW] == {"bucket0/d0/k0007"}
