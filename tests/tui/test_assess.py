"""The Assess screen: rows that come in under the cursor, filters, a warning taken on, one again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec
import pytest
from textual.events import Key

from core.control.wire import checks as wire_checks
from core.control.wire import plan as wire_plan
from core.control.wire import state as wire
from core.errors import Refused
from tests.tui import found, stage
from tests.tui.engine import LiveDesk
from tests.tui.test_app import Driven, driven
from tests.tui.test_views import UNPLANNED
from tui.acts.reasons import why_off
from tui.facts import link
from tui.facts.link import EngineLink
from tui.facts.prepared import Prepared
from tui.screen import Name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the engine ten times a second: what is waited for here is one look away."""
    monkeypatch.setattr(link, "PERIOD_S", 0.1)


class AssessedDesk(LiveDesk):
    """An engine that keeps what is said of its checks, and refuses what the API refuses."""

    def __init__(self, assessed: wire_checks.Checks = found.ASSESSED) -> None:
        super().__init__()
        self.assessed = assessed
        self.made: wire_plan.Plan = found.PLAN
        self.fixed = stage.snapshot()

    async def checks(self) -> wire_checks.Checks:
        return self.assessed

    async def plan(self) -> wire_plan.Plan:
        return self.made

    async def start_job(self, request: wire.JobRequest) -> int:
        self.acts.append(("start", request.kind, request.args))
        return 15

    async def acknowledge(self, check: str, request: wire_checks.AckRequest) -> None:
        row = next(row for row in self.assessed.checks if row.id == check)
        if row.state != "warn":
            raise Refused(what=f"check {check} is {row.state}", where="acks", remedy="Mend it.")
        self.acts.append(("ack", check, request.reason))
        ack = wire_checks.Ack(actor=request.actor, at_ns=stage.NOON_NS, reason=request.reason)
        self.assessed = replaced(self.assessed, check, ack=ack)

    async def note(self, item: str, request: wire_checks.NoteRequest) -> None:
        self.acts.append(("note", item, request.text))
        note = wire_checks.Note(actor=request.actor, at_ns=stage.NOON_NS, text=request.text)
        self.assessed = replaced(self.assessed, item, note=note, state="pass")


def replaced(assessed: wire_checks.Checks, check: str, **fields: object) -> wire_checks.Checks:
    listed = [
        msgspec.structs.replace(row, **fields) if row.id == check else row
        for row in assessed.checks
    ]
    return msgspec.structs.replace(assessed, checks=listed)


@contextlib.asynccontextmanager
async def assess(
    path: Path, desk: AssessedDesk, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Driven]:
    async with driven(path, desk, size) as it:
        await typed(it, "g", "a")
        await it.until(lambda: "run 4 m ago" in it.text or "run" in it.text)
        await it.until(lambda: it.app.scene.checks is not None)
        await it.until(lambda: "[checks]" in it.text)
        yield it


async def typed(it: Driven, *keys: str) -> None:
    """Press keys in one burst, as a paste or a fast hand does."""
    for key in keys:
        it.app.post_message(Key(key, key if len(key) == 1 else None))
    await it.pilot.pause()


def marked(it: Driven) -> str:
    """Return the row under the cursor."""
    return next(row for row in it.text.split("\n") if row.startswith(" > "))


async def test_the_worst_stands_first_and_what_passed_is_one_row_until_it_is_opened(
    tmp_path: Path,
) -> None:
    async with assess(tmp_path, AssessedDesk()) as it:
        assert "x fail" in marked(it)
        await it.press("end")
        assert "= 16 pass" in marked(it)
        await it.press("enter")
        assert "only pass" in it.text
        assert "= pass      source" in marked(it)
        await it.press("escape")
        assert "x fail" in marked(it)


async def test_answers_that_come_in_leave_the_cursor_on_its_check(tmp_path: Path) -> None:
    desk = AssessedDesk(found.ASKING)
    async with assess(tmp_path, desk) as it:
        await typed(it, "j", "j", "j")
        assert "host" in marked(it)
        await it.press("enter")
        assert "check host" in it.text
        worse = found.check("ydb", "fail", "another schema", remedy="vgwm target init")
        desk.assessed = found.checks(
            *(worse if row.id == "ydb" else row for row in found.ASKING.checks),
            run=found.ASKING.run,
        )
        await it.until(lambda: "2 fail" in it.text)
        assert "check host" in it.text
        desk.assessed = replaced(desk.assessed, "host", state="warn", measured_ns=stage.NOON_NS)
        await it.until(lambda: "! warn" in it.text and "check host" in it.text)
        await it.press("escape")
        assert "host" in marked(it)


async def test_a_filter_keeps_one_state_and_escape_lets_go_of_it(tmp_path: Path) -> None:
    async with assess(tmp_path, AssessedDesk()) as it:
        await typed(it, "/", *"warn", "enter")
        assert "only warn" in it.text
        assert "capacity   " not in it.text
        assert "versions" in marked(it)
        await typed(it, "escape", "/", "tab", "tab", "enter")
        assert "only unknown" in it.text
        await it.press("escape")
        assert "only" not in it.text.split("\n")[3]


async def test_a_warning_is_taken_on_by_name_with_a_reason_and_is_kept(tmp_path: Path) -> None:
    desk = AssessedDesk()
    async with assess(tmp_path, desk) as it:
        await typed(it, "j", "j", "j", "A")
        assert "versions: why take it on: _" in it.row23
        await typed(it, *"kept in manifests", "enter")
        await it.settled()
        assert "runs   vgwm assess --ack 'versions=kept in manifests'" in it.text
        assert not desk.acts
        await typed(it, "tab", "enter")
        await it.until(lambda: "versions is taken on: kept in manifests" in it.row23)
        assert desk.acts == [("ack", "versions", "kept in manifests")]
        await it.until(lambda: "2 taken" in it.text)
        assert "versions" in marked(it)


async def test_without_a_reason_nothing_is_taken_on(tmp_path: Path) -> None:
    desk = AssessedDesk()
    async with assess(tmp_path, desk) as it:
        await typed(it, "j", "j", "j", "A", " ", "enter")
        assert "nothing is kept" in it.row23
        assert it.app.ui.sheet is None
        assert not desk.acts


async def test_a_fail_cannot_be_taken_on_and_the_key_says_why(tmp_path: Path) -> None:
    async with assess(tmp_path, AssessedDesk()) as it:
        await it.press("A")
        assert "A take on is off: capacity fails, and that cannot be taken on" in it.row23
        assert it.app.ui.prompt is None


async def test_what_became_a_fail_meanwhile_is_refused_as_stderr_would_say_it(
    tmp_path: Path,
) -> None:
    desk = AssessedDesk()
    async with assess(tmp_path, desk) as it:
        await typed(it, "j", "j", "j", "A", *"so", "enter")
        await it.settled()
        desk.assessed = replaced(desk.assessed, "versions", state="fail")
        await typed(it, "tab", "enter")
        await it.until(lambda: "x error  check versions is fail" in it.text)
        assert not desk.acts


async def test_a_manual_item_is_answered_in_words(tmp_path: Path) -> None:
    desk = AssessedDesk()
    async with assess(tmp_path, desk) as it:
        await typed(it, "j", "j", "A")
        assert "baseline: answer: _" in it.row23
        await typed(it, *"measured", "enter")
        await it.settled()
        await typed(it, "tab", "enter")
        await it.until(lambda: desk.acts == [("note", "baseline", "measured")])
        await it.until(lambda: "17 pass" in it.text)


async def test_one_check_is_asked_again_and_all_of_them_after_a_sheet(tmp_path: Path) -> None:
    desk = AssessedDesk()
    async with assess(tmp_path, desk) as it:
        await it.press("T")
        await it.until(lambda: desk.acts == [("start", "assess", {"only": "capacity"})])
        await it.until(lambda: "job 15 (assess) began; P pauses it" in it.row23)
        await it.press("B")
        await it.settled()
        assert "runs   vgwm assess" in it.text
        await typed(it, "tab", "enter")
        await it.until(lambda: desk.acts[1:] == [("start", "assess", {})])


async def test_the_pane_of_times_begins_a_trial(tmp_path: Path) -> None:
    desk = AssessedDesk()
    async with assess(tmp_path, desk) as it:
        await typed(it, "tab", "tab")
        assert "bounded by bytes" in it.text
        await it.press("B")
        await it.settled()
        assert "runs   vgwm assess --measure 60s" in it.text
        await typed(it, "tab", "enter")
        await it.until(lambda: desk.acts == [("start", "assess", {"measure": "60s"})])


async def test_an_inventory_longer_than_the_screen_scrolls_to_its_last_row_and_no_further(
    tmp_path: Path,
) -> None:
    async with assess(tmp_path, AssessedDesk()) as it:
        await typed(it, "tab", "end")
        assert "photos/raw/19.tar" in it.text
        end = it.text.split("\n")[2:]
        await typed(it, "down", "down")
        assert it.text.split("\n")[2:] == end
        await it.press("up")
        assert "photos/raw/19.tar" not in it.text
        await it.press("escape")
        assert "[checks]" in it.text


async def test_while_it_runs_it_is_paused_or_cancelled_and_not_begun_again(tmp_path: Path) -> None:
    desk = AssessedDesk(found.ASKING)
    desk.fixed = stage.snapshot(jobs=[stage.PLAN_DONE, stage.job(), stage.job(15, "assess")])
    async with assess(tmp_path, desk) as it:
        assert "> copying" in it.text.split("\n")[0]
        for key in ("B", "T"):
            await it.press(key)
            assert "is off: job 15 (assess) is running" in it.row23
        await it.press("P")
        await it.until(lambda: desk.acts == [("pause", 15)])
        await it.press("X")
        await it.settled()
        assert "cancel job 15, assess" in it.text
        await typed(it, "tab", "enter")
        await it.until(lambda: desk.acts[1:] == [("cancel", 15)])


async def test_y_copies_the_command_of_the_row(tmp_path: Path) -> None:
    async with assess(tmp_path, AssessedDesk()) as it:
        await it.press("y")
        await it.until(lambda: it.app.ui.message is not None)
        message = it.app.ui.message
        assert message is not None
        assert message.text.endswith(f"vgwm -w {tmp_path} assess --only capacity")


async def test_home_says_how_phase_1_stands(tmp_path: Path) -> None:
    desk = AssessedDesk()
    async with driven(tmp_path, desk) as it:
        await it.until(lambda: "x 1 check fails" in it.text)
        assert "plan, copy and retry are blocked: capacity" in it.text
        desk.assessed = found.CLEAN
        desk.fixed = stage.snapshot(jobs=[stage.PLAN_DONE, stage.job(15, "assess", "done")])
        await it.until(lambda: "1 prepare     = done" in it.text)


async def test_the_plan_is_shown_part_by_part_and_tab_goes_round(tmp_path: Path) -> None:
    async with driven(tmp_path, AssessedDesk()) as it:
        await typed(it, "g", "p")
        await it.until(lambda: "plan 7c1e09aa" in it.text)
        assert "24,208 pins: 2 copies of each" in it.text
        await it.press("tab")
        assert "328  foreign_xattr" in it.text
        await it.press("tab")
        assert "x plan, copy and retry are blocked" in it.text
        await it.press("tab")
        assert "strategy  blue-green" in it.text
        await it.press("tab")
        assert "[sizes]" in it.text
        assert it.app.ui.screen is Name.PLAN


async def test_without_a_plan_the_key_that_makes_one_is_named(tmp_path: Path) -> None:
    desk = AssessedDesk()
    desk.fixed = UNPLANNED
    async with driven(tmp_path, desk) as it:
        await typed(it, "g", "p")
        await it.until(lambda: "there is no plan yet" in it.text)
        await it.press("B")
        await it.settled()
        assert "runs   vgwm plan" in it.text


def test_a_plan_may_begin_beside_an_assessment() -> None:
    job = stage.job(15, "assess")
    now = msgspec.structs.replace(UNPLANNED, jobs=[job])
    assert why_off("begin", stage.scene(now), stage.ui(Name.PLAN)) == ""
    assert "is running" in why_off("begin", stage.scene(now), stage.ui(Name.ASSESS))


class Counted:
    """A client that counts how often the assessment is asked for."""

    def __init__(self) -> None:
        self.asked = 0

    async def checks(self) -> wire_checks.Checks:
        self.asked += 1
        return found.CLEAN


async def test_home_reads_the_assessment_when_it_can_have_changed_and_assess_each_look() -> None:
    client, clock = Counted(), [0.0]
    read = Prepared(EngineLink(client), lambda: clock[0])  # type: ignore[arg-type]  # counts alone
    for _ in range(5):
        clock[0] += 1.0
        await read.follow(Name.HOME, stage.snapshot())
    assert client.asked == 1
    await read.follow(Name.HOME, stage.snapshot(jobs=[stage.job(15, "assess", "done")]))
    assert client.asked == 2
    clock[0] += 11.0  # a warning may have been taken on by somebody else
    await read.follow(Name.HOME, stage.snapshot(jobs=[stage.job(15, "assess", "done")]))
    assert client.asked == 3
    for _ in range(3):
        await read.follow(Name.ASSESS, stage.snapshot())
    assert client.asked == 6
    await read.follow(Name.MIGRATE, stage.snapshot())
    assert client.asked == 6
