"""Gates red before a start: room on the nodes, and no way to bring green's writes back.

`capacity` is of an assessment's answer, `reverse` asks for real; each refuses by its name.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from core.config.knobs import Knobs
from core.config.schema import Cutover, IpfsTarget, PrivateWriter, Workspace
from core.config.secret import SecretRef
from core.cutover.cutover_plan import Kind
from core.engine.cutting.ledger_gates import LedgerGates
from core.engine.reversing.gating import gate as reverse_gate
from core.errors import Refused
from core.ledger.rows import AnswerRow, EventDraft
from core.model import JobKind
from core.verdict import Answer, Component, Verdict
from tests.integration.cutting.scene import Scene
from tests.integration.engine.ground import engine_on, make_ground, make_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from pathlib import Path

    from core.cutover.gate import Gate
    from core.engine.engine import Engine

NODES: Final = IpfsTarget(
    kubo=("http://127.0.0.1:5001",), cluster=("http://127.0.0.1:9094",), table="sqlite:/t.db"
)


class Asked(Scene):
    """A world that measures one gate, `reverse`, as an engine's does."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace

    async def gates(
        self, buckets: Sequence[str], seed: int, due: Collection[str] = ()
    ) -> list[Gate]:
        del seed, due
        return [await reverse_gate(self.workspace, buckets or ("bucket0",))]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    ground = make_ground(tmp_path, objects=2, buckets=1)
    make_workspace(ground, Knobs(workers=1, freeze_budget=3600))
    async with engine_on(ground) as opened:
        opened.cutovers._world = Asked(opened.workspace)  # noqa: SLF001 - the world of this test
        yield opened


def scene_of(engine: Engine) -> Asked:
    scene = engine.cutovers.world()
    assert isinstance(scene, Asked)
    return scene


async def refused(engine: Engine) -> str:
    """Start as it was shown; return why it was refused. No load balancer was told anything."""
    made = await engine.cutovers.plans.make(Kind.CUTOVER, "all", patience_s=60)
    assert made.plan is not None, made.error
    with pytest.raises(Refused) as raised:
        await engine.start_job(JobKind.CUTOVER, {"plan": made.plan.hash}, "ann", "try")
    assert all(lb.told == [] for lb in scene_of(engine).lbs)
    assert raised.value.exit_code == 5
    return raised.value.what


async def test_no_private_writer_refuses_a_start_until_the_reverse_copy_is_off_and_taken_on(
    engine: Engine,
) -> None:
    why = await refused(engine)
    assert "gate reverse is fail: no private writer is named" in why
    off = msgspec.structs.replace(engine.workspace, cutover=Cutover(reverse="off"))
    scene_of(engine).workspace = off
    assert "gate reverse warns and is not acknowledged" in await refused(engine)
    await engine.cutovers.acknowledge("reverse", "nobody writes in the window", "ann")
    assert "gate reverse" not in await refused(engine)


async def test_i7_a_private_writer_that_nobody_hears_refuses_a_start(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRITER_KEY", "planted")
    key = SecretRef.parse("env:WRITER_KEY")
    writer = PrivateWriter(socket=tmp_path / "nobody.sock", access_key_ref=key, secret_ref=key)
    scene_of(engine).workspace = msgspec.structs.replace(
        engine.workspace, cutover=Cutover(private_writer=writer)
    )
    why = await refused(engine)
    assert "gate reverse is fail: " in why
    assert "nobody.sock" in why


async def test_nodes_without_room_refuse_a_start_and_unknown_room_does_too(
    engine: Engine,
) -> None:
    workspace = msgspec.structs.replace(engine.workspace, target=NODES)
    gathering = engine.cutovers.gathering
    gathering._ledger_gates = LedgerGates(  # noqa: SLF001 - of nodes that this test has not
        workspace, engine.ledger, engine.syncs.forecast
    )
    assert "gate capacity was never measured" in await refused(engine)
    await _answered(engine, Verdict.FAIL)
    assert "gate capacity is fail: 90 GB are needed, 40 GB are free" in await refused(engine)
    await _answered(engine, Verdict.WARN)
    assert "gate capacity warns and is not acknowledged" in await refused(engine)
    await engine.cutovers.acknowledge("capacity", "disks come tomorrow", "ann")
    assert "gate capacity" not in await refused(engine)


async def _answered(engine: Engine, verdict: Verdict) -> None:
    """Store what an assessment would say of the nodes' room."""
    answer = Answer(
        check="capacity",
        component=Component.KUBO,
        verdict=verdict,
        evidence="90 GB are needed, 40 GB are free",
        at_ns=time.time_ns(),
    )
    draft = EventDraft(kind="assess", text="asked")
    await engine.ledger.assessing.answer([AnswerRow(job=1, place=0, answer=answer)], "{}", draft)
