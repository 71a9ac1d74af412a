"""`vgwm status` and the plain mode: every fact, in words, from an engine or a ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.control import facts
from core.control.wire import state as wire
from tests.fakes.desk import FakeDesk, job, snapshot
from tests.integration.cli.desk import serving
from tests.integration.cli.shell import start, vgwm

if TYPE_CHECKING:
    from pathlib import Path

BUSY = snapshot(
    totals=wire.Totals(
        objects=12_004_118,
        migrated=4_812_330,
        failed=12,
        skipped=340,
        remaining=7_191_436,
        size_bytes=4_700_000_000_000,
        migrated_bytes=1_900_000_000_000,
        requeued=7,
        pins_waiting=64,
    ),
    rate=wire.Rate(objects_s=26_980, bytes_s=412e6, objects_s_mean=24_100, bytes_s_mean=380e6),
    eta=wire.Eta(low_s=11_400, high_s=14_700),
    limit="pins: cluster confirms 41/s",
    jobs=[job(14, "running"), job(13, "done", kind="plan")],
    workers=[wire.Worker(slot=0, pid=1, state="copy", step="send kubo-2 61 %", bundle=48_211)],
    nodes=[wire.Node(name="kubo-3", url="http://k3:5001", state="unknown", reason="no answer")],
    knobs=[wire.Knob(name="workers", value="10", default="10", bounds="0..256")],
    events=[
        wire.Event(seq=1, ts_ns=1, kind="b", level="warn", who="kubo-2", text="503, backoff 6 s")
    ],
)


async def test_the_sums_are_those_of_the_contract(ws: Path, tmp_path: Path) -> None:
    async with serving(ws, FakeDesk(BUSY)):
        ran = await vgwm("status", "-w", str(ws), "--json", home=tmp_path)
    result = ran.result()
    assert ran.code == 0
    assert result["total"] == 12_004_118
    assert result["percent"] == 40.0
    assert (result["eta_low_s"], result["eta_high_s"]) == (11_400, 14_700)
    assert "stalled" not in result
    running = result["job"]
    assert isinstance(running, dict)
    assert running["id"] == 14


async def test_a_stall_has_its_reason(ws: Path, tmp_path: Path) -> None:
    now = snapshot(eta=wire.Eta(stalled_s=42, stalled_reason="busy kubo-2"))
    async with serving(ws, FakeDesk(now)):
        ran = await vgwm("status", "-w", str(ws), "--json", home=tmp_path)
    assert ran.result()["stalled"] == {"for_s": 42.0, "reason": "busy kubo-2"}


async def test_plain_prints_every_fact(ws: Path, tmp_path: Path) -> None:
    async with serving(ws, FakeDesk(BUSY)):
        ran = await vgwm("status", "-w", str(ws), "--plain", home=tmp_path)
    lines = ran.out.splitlines()
    assert lines[:-1] == [facts.line(fact) for fact in facts.facts(BUSY)]
    assert "never made: vgwm assess" in lines[-1]
    assert "\x1b" not in ran.out


async def test_without_a_ledger_it_says_that_nothing_is_there(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("status", "-w", str(ws), home=tmp_path)
    assert ran.code == 0
    assert "vgwm engine start" in ran.out
    assert "vgwm plan makes it" in ran.out
    assert not (ws / "ledger.db").exists()


async def test_a_silent_engine_is_4_and_not_answered_from_the_ledger(
    ws: Path, tmp_path: Path
) -> None:
    desk = FakeDesk()
    desk.answer_may_come.clear()
    async with serving(ws, desk):
        ran = await vgwm("status", "-w", str(ws), "--json", home=tmp_path)
    assert ran.code == 4
    assert ran.out == ""


async def test_the_snapshot_whole_is_vgwm_json(ws: Path, tmp_path: Path) -> None:
    async with serving(ws, FakeDesk(BUSY)):
        ran = await vgwm("-w", str(ws), "--json", home=tmp_path)
    workers = ran.result()["workers"]
    assert isinstance(workers, list)
    assert workers[0]["step"] == "send kubo-2 61 %"


async def test_plain_mode_prints_changed_facts_only(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(totals=wire.Totals(objects=10, remaining=10)))
    async with serving(ws, desk):
        process = await start("--plain", "-w", str(ws), home=tmp_path)
        assert process.stdout is not None
        seen: list[str] = []
        while not any("objects" in line for line in seen):
            seen.append((await process.stdout.readline()).decode())
        while "pins waiting" not in seen[-1]:
            seen.append((await process.stdout.readline()).decode())
        desk.now = snapshot(totals=wire.Totals(objects=10, migrated=4, remaining=6))
        later: list[str] = []
        while not any("4 of 10" in line for line in later):
            later.append((await process.stdout.readline()).decode())
        process.terminate()
        await process.communicate()
    assert not any("workspace" in line for line in later)
    assert later[-1][:9] == "14:22:11 "


async def test_lists_are_a_json_object_a_line(ws: Path, tmp_path: Path) -> None:
    async with serving(ws, FakeDesk(BUSY)):
        ran = await vgwm("jobs", "-w", str(ws), "--json", home=tmp_path)
    assert [json.loads(line)["id"] for line in ran.out.splitlines()] == [13, 14]
