"""`vgwm cutover` and `vgwm rollback`: plans shown, hashes held to, jobs followed, exit codes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.cli.main import main
from core.control.client import Client
from core.control.wire import cutover as wire_cutover
from core.control.wire import rollback as wire_rollback
from core.control.wire import state as wire
from core.errors import NoAnswer
from tests.fakes.desk import FakeDesk, asked, job, snapshot
from tests.integration.cli.desk import serving
from tests.integration.cli.shell import Ran

if TYPE_CHECKING:
    from pathlib import Path

HASH = "0a1b2c3d"
PLAN = wire_cutover.CutoverPlan(
    id=1,
    act="cutover",
    kind="cutover",
    state="made",
    slice="photos",
    args={"act": "cutover", "slice": "photos", "plan": HASH},
    hash=HASH,
    word="photos",
    steps=(
        wire_cutover.Step(number="7", state="FENCE", text="fence blue", expected_s=0.4),
        wire_cutover.Step(number="11", state="SWITCH_WRITES", text="flip", past_return=True),
    ),
    limits=(wire_cutover.Limit(name="pause", text="writes wait at most 2 m 00 s"),),
    command="vgwm cutover start --slice photos",
)
GATE = wire_cutover.Gate(name="lb-2", verdict="pass", evidence="fine", age_s=1.0, limit_s=60.0)


def gate(verdict: str, **more: object) -> wire_cutover.Gate:
    return msgspec.structs.replace(GATE, verdict=verdict, **more)


def look(*gates: wire_cutover.Gate, **more: object) -> wire_cutover.Cutover:
    plain = wire_cutover.Cutover(
        slice="photos",
        slices=(wire_cutover.Slice(name="photos", state="READY", number="6", writable="blue"),),
        gates=gates,
        hash=HASH,
    )
    return msgspec.structs.replace(plain, **more)


@pytest.fixture
def desk() -> FakeDesk:
    desk = FakeDesk(snapshot(jobs=[job(1, "done", kind="cutover")]))
    desk.act_plan_made = PLAN
    desk.looked = look()
    return desk


class Command:
    """Runs vgwm in this process, on a workspace whose engine is the desk."""

    def __init__(self, ws: Path, desk: FakeDesk, capsys: pytest.CaptureFixture[str]) -> None:
        self._ws, self._desk, self._capsys = ws, desk, capsys

    async def __call__(self, *words: str) -> Ran:
        self._desk.ending.clear()
        async with serving(self._ws, self._desk):
            code = await asyncio.to_thread(main, [*words, "-w", str(self._ws)])
        return Ran(code, *self._capsys.readouterr())


@pytest.fixture
def command(ws: Path, desk: FakeDesk, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(ws, desk, capsys)


def begun(desk: FakeDesk) -> list[tuple[str, wire.Command]]:
    return [one for one in asked(desk.told) if one[0] == "start"]


async def test_i8_a_start_alone_shows_its_plan_and_begins_nothing(
    command: Command, desk: FakeDesk
) -> None:
    ran = await command("cutover", "start", "--slice", "photos")
    assert ran.code == 0
    assert "from here on, back costs a reverse copy" in ran.out
    assert ran.out.splitlines()[-1].startswith(
        f"vgwm cutover start --slice photos --confirm {HASH}"
    )
    assert begun(desk) == []


async def test_i8_what_was_confirmed_is_what_the_engine_is_asked_and_no_newer_plan(
    command: Command, desk: FakeDesk
) -> None:
    desk.now = snapshot(jobs=[job(1, "done", kind="cutover")])
    await command("cutover", "start", "--slice", "photos", "--confirm", "ffffffff")
    ((_, order),) = begun(desk)
    assert isinstance(order, wire.JobRequest)
    assert order.args == PLAN.args | {"plan": "ffffffff"}


async def test_i8_an_abort_with_another_hash_is_refused_and_begins_nothing(
    command: Command, desk: FakeDesk
) -> None:
    desk.act_plan_made = msgspec.structs.replace(PLAN, act="abort")
    ran = await command("cutover", "abort", "--confirm", "ffffffff", "--json")
    assert (ran.code, ran.error()["code"]) == (5, "refused")
    assert HASH in ran.error()["what"]
    assert begun(desk) == []


async def test_a_confirmed_start_begins_what_was_planned_and_is_followed(
    command: Command, desk: FakeDesk
) -> None:
    event = wire.Event(
        seq=7, ts_ns=1, kind="cutover", level="info", who="op1", text="drained", job=1
    )
    desk.now = msgspec.structs.replace(desk.now, events=[event], last_seq=7)
    desk.looked = look(
        slices=(
            wire_cutover.Slice(name="photos", state="GREEN_LIVE", number="12", writable="green"),
        )
    )
    ran = await command("cutover", "start", "--slice", "photos", "--confirm", HASH)
    assert ran.code == 0, ran.err
    assert "slice photos is in 12 GREEN_LIVE, writes go to green" in ran.out
    ((_, order),) = begun(desk)
    assert isinstance(order, wire.JobRequest)
    assert (order.kind, order.args) == ("cutover", PLAN.args)


async def test_an_engine_that_is_late_is_waited_for_longer_than_a_screen_waits(
    command: Command, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.control.client.LOOK_S", 0.1)
    desk.answer_may_come.clear()
    asyncio.get_running_loop().call_later(0.4, desk.answer_may_come.set)
    ran = await command("cutover", "start", "--slice", "photos")
    assert ran.code == 0, ran.err


async def test_events_that_do_not_come_end_no_act(
    command: Command, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, tries = desk.start_job, []

    async def begin(request: wire.JobRequest) -> int:
        desk.now = msgspec.structs.replace(desk.now, last_seq=7)
        return await start(request)

    async def silent(_client: Client, since: int = 0) -> wire.Events:
        tries.append(since)
        raise NoAnswer(what="it was silent", where="", remedy="")

    monkeypatch.setattr(desk, "start_job", begin)
    monkeypatch.setattr(Client, "events", silent)
    ran = await command("cutover", "start", "--slice", "photos", "--confirm", HASH)
    assert ran.code == 0, ran.err
    assert tries


async def test_a_run_that_failed_ends_with_its_own_error(command: Command, desk: FakeDesk) -> None:
    error = wire.ErrorBody(
        code="refused", what="gate lb-2 is fail", where="gates", remedy="Mend it.", exit_code=5
    )
    desk.now = snapshot(jobs=[job(1, "failed", kind="cutover", result=error)])
    ran = await command("cutover", "start", "--confirm", HASH, "--json")
    assert (ran.code, ran.error()["what"]) == (5, "gate lb-2 is fail")


async def test_a_run_that_was_cancelled_is_no_success_but_an_abort_of_it_is(
    command: Command, desk: FakeDesk
) -> None:
    desk.now = snapshot(jobs=[job(1, "cancelled", kind="cutover")])
    ran = await command("cutover", "start", "--confirm", HASH, "--json")
    assert (ran.code, ran.error()["code"]) == (3, "wrong_state")
    desk.act_plan_made = msgspec.structs.replace(PLAN, act="abort")
    desk.now = snapshot(jobs=[job(2, "cancelled", kind="cutover")])
    assert (await command("cutover", "abort", "--confirm", HASH)).code == 0


async def test_i7_status_says_how_many_copies_were_refused_or_why_nobody_can(
    command: Command, desk: FakeDesk
) -> None:
    desk.looked = look(GATE, across=3)
    assert "copies between the sides refused  3\n" in (await command("cutover", "status")).out
    desk.looked = look(GATE, across_why="no backend across at lb-1")
    told = (await command("cutover", "status")).out
    assert "copies between the sides refused  unknown: no backend across at lb-1\n" in told


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        ((gate("pass"), gate("warn")), 0),
        ((gate("fail"), gate("unknown")), 1),
        ((gate("unknown"),), 4),
        ((gate("pass", age_s=61.0),), 4),
        ((gate("pass", age_s=None),), 4),
        ((gate("pass"), gate("fail", spared=True), gate("unknown", spared=True)), 0),
    ],
)
async def test_i7_status_ends_by_its_gates(
    command: Command, desk: FakeDesk, gates: tuple[wire_cutover.Gate, ...], code: int
) -> None:
    desk.looked = look(*gates)
    assert (await command("cutover", "status")).code == code


async def test_a_warning_is_taken_on_by_its_name(command: Command, desk: FakeDesk) -> None:
    ran = await command("cutover", "status", "--ack", "diffs=read them")
    assert ran.code == 0, ran.err
    assert [what for what, _ in desk.told] == ["ack gate:diffs"]
    assert (await command("cutover", "status", "--ack", "diffs")).code == 2


async def test_a_plan_of_the_way_back_is_written_with_its_runbook(
    command: Command, desk: FakeDesk, tmp_path: Path
) -> None:
    desk.act_plan_made = msgspec.structs.replace(
        PLAN, act="rollback", kind="rollback", lost=("photos/a",), lost_total=2, runbook="# By hand"
    )
    file = tmp_path / "back.md"
    ran = await command("rollback", "plan", "--output", str(file))
    assert ran.code == 0, ran.err
    assert "LOST      2 keys stay behind on green" in ran.out
    assert file.read_text().endswith("# By hand\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert (await command("rollback", "plan", "--output", str(file))).code == 5
    missing = await command("rollback", "plan", "--config-backup", str(file), "--json")
    assert (missing.code, missing.error()["code"]) == (5, "refused")


@pytest.mark.parametrize(
    "words",
    [
        ("--full", "--data"),
        ("--data",),
        ("--data", "--backup-location", "x"),
        ("--backup-location", "x"),
        ("--full", "--to", "x"),
    ],
)
async def test_a_way_back_that_cannot_be_is_bad_input(
    command: Command, words: tuple[str, ...]
) -> None:
    assert (await command("rollback", "start", *words)).code == 2


async def test_a_plan_says_that_a_copy_of_the_tree_is_not_used_without_data(
    command: Command, desk: FakeDesk
) -> None:
    desk.act_plan_made = msgspec.structs.replace(PLAN, act="rollback", kind="rollback")
    ran = await command("rollback", "plan", "--backup-location", "x")
    assert ran.code == 0
    assert "--backup-location is of --data alone" in ran.out + ran.err
    told = await command("rollback", "plan", "--backup-location", "x", "--json")
    assert "--backup-location is of --data alone" in told.out


async def test_i7_a_silent_feed_makes_the_rollbacks_status_unknown(
    command: Command, desk: FakeDesk
) -> None:
    desk.way_back = wire_rollback.Rollback(
        slice="photos", risk=wire.Risk(since_ns=1, silent_since_ns=1_764_598_931_000_000_000)
    )
    ran = await command("rollback", "status")
    assert ran.code == 4
    assert "unknown since 14:22:11 UTC" in ran.out
    told = await command("rollback", "status", "--json")
    assert json.loads(told.out)["result"]["risk"]["writes"] == 0


async def test_a_full_way_back_without_a_backup_is_refused(command: Command) -> None:
    ran = await command("rollback", "plan", "--full", "--json")
    assert (ran.code, ran.error()["code"]) == (5, "refused")
    assert "none was made yet" in ran.error()["what"]


async def test_a_job_on_traffic_is_watched_by_where_its_slices_stand(
    command: Command, desk: FakeDesk
) -> None:
    desk.now = snapshot(
        jobs=[job(1, "done", kind="cutover")],
        slices=[wire.SliceShort(name="photos", state="GREEN_LIVE", number="12", writable="green")],
        risk=wire.Risk(since_ns=1, writes=4, deletes=1),
    )
    ran = await command("watch", "1")
    assert "photos 12 GREEN_LIVE, writes: green  5 keys at risk" in ran.out + ran.err


async def test_what_is_at_risk_is_named_a_line_each_and_a_silent_feed_is_unknown(
    command: Command, desk: FakeDesk
) -> None:
    waits = wire_rollback.RiskName(object="photos/a", op="del", size_bytes=None, seen_ns=1)
    cannot = wire_rollback.RiskName(
        object="photos/b", op="put", size_bytes=9, seen_ns=1, cannot=True, why="too long", tries=2
    )
    desk.at_risk = msgspec.structs.replace(desk.at_risk, rows=(waits, cannot))
    ran = await command("rollback", "names")
    assert ran.code == 0, ran.err
    first, second = ran.out.splitlines()
    assert first.split()[:4] == ["waits", "del", "-", "photos/a"]
    assert second.split()[:5] == ["cannot", "put", "9", "B", "photos/b"]
    assert second.endswith("tried 2  too long")
    desk.at_risk = msgspec.structs.replace(desk.at_risk, silent_since_ns=1)
    ran = await command("rollback", "names", "--cannot-carry", "--json")
    assert ran.code == 4
    assert [json.loads(line)["object"] for line in ran.out.splitlines()] == ["photos/a", "photos/b"]


async def test_a_cutover_says_by_which_strategy(command: Command, desk: FakeDesk) -> None:
    desk.looked = look(strategy="big-bang")
    desk.act_plan_made = msgspec.structs.replace(PLAN, strategy="big-bang")
    assert "strategy big-bang" in (await command("cutover", "status")).out
    assert "strategy  big-bang" in (await command("cutover", "plan")).out
