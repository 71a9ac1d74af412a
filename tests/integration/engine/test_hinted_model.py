"""A source changed at random and carried by names: quick rounds say of them what full ones say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.engine.holding import Hold
from core.engine.reins import Reins
from core.engine.syncing.round_run import RoundRun
from core.engine.syncing.wish import SyncMode, SyncWish
from core.ledger.rounds import RoundKind
from core.model import JobKind
from tests.integration.engine import fresh
from tests.integration.engine.living import Living
from tests.integration.engine.test_sync_model import KNOBS, require_equal, round_of

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine
    from core.ledger.rounds import Found


def _names(living: Living, kept: Path) -> dict[bytes, list[bytes]]:
    """Name all that there is, all that there was, and what never was."""
    found: dict[bytes, set[bytes]] = {b"plain": {b"never", b"a/../b", b"\xff"}, b"none": {b"k"}}
    for bucket, key, _ in fresh.known(kept):
        found.setdefault(bucket, set()).add(key)
    for bucket, keys in found.items():
        top = os.fsencode(living.root) + b"/" + bucket
        for folder, folders, files in os.walk(top):
            below = os.path.relpath(folder, top) + b"/" if folder != top else b""
            keys.update({below + name for name in files}, {below + name + b"/" for name in folders})
    return {bucket: sorted(keys) for bucket, keys in found.items()}


async def _quick(engine: Engine, names: dict[bytes, list[bytes]]) -> Found:
    reins = Reins(id=99, kind=JobKind.SYNC)
    hold, wish = Hold(engine.ledger, reins), SyncWish(mode=SyncMode.ONCE)
    round_ = RoundRun(
        engine.premises,
        reins,
        hold,
        wish,
        engine._carry,  # noqa: SLF001 - as the engine gives it to its syncs
        kind=RoundKind.QUICK,
        names=names,
    )
    row = await round_.run()
    await engine.ledger.recount()
    await engine.ledger.verify_chain()
    return row.found


async def test_i4_what_was_carried_by_names_no_full_round_finds_again(tmp_path: Path) -> None:
    living = Living(tmp_path, 3, objects=40)
    kept = living.workspace("kept", KNOBS)
    await fresh.begun_anew(kept)
    async with fresh.opened(kept) as engine:
        living.start()
        try:
            for _ in range(2):
                await _quick(engine, _names(living, kept))
        finally:
            living.stop()
        living.change(40)
        assert (await _quick(engine, _names(living, kept))).moved > 10
        # what is no object any more is off the target first, a skip then
        await _quick(engine, _names(living, kept))
        await round_of(engine)
        assert (await engine.ledger.rounds.rounds(1))[0].found.moved == 0
    await fresh.begun_anew(living.workspace("new", KNOBS))
    require_equal(living, kept)
    assert living.done.total() > 80
