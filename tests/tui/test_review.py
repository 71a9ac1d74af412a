"""Configuration and accounts under review: what is shown, what is decided, and what writes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.control.wire import state as wire
from tests.tui import review_stage, stage
from tests.tui.test_views import NOW, drawn
from tui.acts import effects
from tui.acts.pressing import Press, Step, press
from tui.acts.said import command_of
from tui.acts.sheets import SETTLE_S
from tui.keys import Keymap
from tui.linked import Link, LinkState
from tui.review import Accounts, Books, Conversion, Pane
from tui.screen import Name
from tui.ui import Asks, Scene, Ui
from tui.views.line import Size

GOLDENS = Path(__file__).parent / "golden"
KEYMAP = Keymap()
GONE = Link(state=LinkState.GONE)
FILES = ("gw.conf", "/etc/vgw/gateway.yaml")


def scene(**fields: object) -> Scene:
    return replace(stage.scene(NOW), snapshot=None, **fields)  # type: ignore[arg-type]  # of the test's choice


def config(pane: Pane = Pane.KEYS, **fields: object) -> Ui:
    conversion = Conversion(files=FILES, pane=pane)
    return stage.ui(Name.CONFIG, link=GONE, conversion=conversion, **fields)


def iam(pane: Books = Books.ACCOUNTS, **fields: object) -> Ui:
    return stage.ui(Name.IAM, link=GONE, accounts=Accounts(source="/data/iam", pane=pane), **fields)


DIRTY, CLEAN = scene(config=review_stage.diff()), scene(config=review_stage.CLEAN)
AUDIT, PROVED = scene(iam=review_stage.report()), scene(iam=review_stage.PROVED)
CASES: dict[str, tuple[Scene, Ui]] = {
    "config-none": (scene(), stage.ui(Name.CONFIG, link=GONE)),
    "config-keys": (DIRTY, config(cursor=3)),
    "config-unknown": (DIRTY, config(cursor=1)),
    "config-opened": (DIRTY, config(cursor=3, opened=True)),
    "config-clean": (CLEAN, config()),
    "config-yaml": (DIRTY, config(Pane.YAML)),
    "config-env": (DIRTY, config(Pane.ENV)),
    "config-trip": (DIRTY, config(Pane.TRIP)),
    "iam-none": (scene(), stage.ui(Name.IAM, link=GONE)),
    "iam-audit": (AUDIT, iam()),
    "iam-opened": (AUDIT, iam(cursor=1, opened=True)),
    "iam-findings": (AUDIT, iam(Books.FINDINGS)),
    "iam-proof": (PROVED, iam(cursor=2)),
}


def after(ui: Ui, seen: Scene, *pressed: str) -> Step:
    step = Step(ui)
    for at_s, key in enumerate(pressed):
        step = press(step.ui, Press(key, float(at_s)), seen, KEYMAP)
    return step


@pytest.mark.parametrize("size", [Size(80, 24), Size(120, 40)], ids=lambda s: f"{s.width}")
@pytest.mark.parametrize("case", CASES)
def test_screen_is_as_its_golden_says(case: str, size: Size) -> None:
    text = drawn(*CASES[case], size)
    path = GOLDENS / f"{case}-{size.width}x{size.height}.txt"
    if os.environ.get("VGWM_GOLDENS") == "write":
        path.write_text(text, encoding="ascii")
    assert text == path.read_text(encoding="ascii")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [(40, 10), (39, 9), (300, 80), (63, 24), (1, 1)])
def test_every_part_fits_every_size(case: str, size: tuple[int, int]) -> None:
    assert len(drawn(*CASES[case], Size(*size)).splitlines()) == size[1]


def test_the_file_is_asked_for_and_read_without_an_engine() -> None:
    asked = after(stage.ui(Name.CONFIG, link=GONE), scene(), "/", *"gw.conf")
    assert asked.ui.prompt is not None
    assert asked.ui.prompt.asks is Asks.FILES
    step = press(asked.ui, Press("enter", 99.0), scene(), KEYMAP)
    assert step.effect == effects.Review()
    assert step.ui.conversion.words == ["config", "diff", "gw.conf"]


def test_accepting_twice_takes_it_back_and_another_decision_replaces_the_first() -> None:
    once = after(config(cursor=1), DIRTY, "A")
    assert once.effect == effects.Review()
    assert once.ui.conversion.decisions == ("--accept", "VGW_PROT")
    assert after(once.ui, DIRTY, "A").ui.conversion.decisions == ()
    assert after(once.ui, DIRTY, "X").ui.conversion.decisions == ("--drop", "VGW_PROT")


def test_a_decision_can_be_taken_back_though_the_row_now_allows_nothing() -> None:
    dropped = replace(config(cursor=2), conversion=Conversion(decisions=("--drop", "VGW_PORT")))
    assert "X takes the decision back" in drawn(DIRTY, dropped, Size(80, 24))
    assert after(dropped, DIRTY, "X").ui.conversion.decisions == ()
    decided = Conversion(decisions=("--set", "cache.ttl=1h"))
    edited = replace(config(cursor=5), conversion=decided)
    assert after(edited, DIRTY, "E").ui.conversion.decisions == ()


def test_another_value_becomes_the_commands_set_option() -> None:
    step = after(config(cursor=3), DIRTY, "E", "ctrl+u", *"/x/gw.crt", "enter")
    assert step.effect == effects.Review()
    decided = ("--set", "server.tls.cert_file=/x/gw.crt")
    assert step.ui.conversion.decisions == decided
    told = command_of(step.ui, DIRTY)
    assert told.startswith("vgwm config diff gw.conf /etc/vgw/gateway.yaml --set ")


@pytest.mark.parametrize(
    ("keys", "cursor", "why"),
    [
        ("A", 3, "VGW_CERT is problem: it cannot be accepted"),
        ("E", 4, "ROOT_SECRET_ACCESS_KEY is renamed: it cannot be edited"),
        ("X", 2, "VGW_PORT is same: it cannot be dropped"),
        ("B", 0, "1 problems are left: n leads to them"),
    ],
)
def test_what_may_not_be_decided_says_why(keys: str, cursor: int, why: str) -> None:
    step = after(config(cursor=cursor), DIRTY, *keys)
    assert step.effect is None
    assert step.ui.message is not None
    assert why in step.ui.message.text
    assert step.ui.conversion.decisions == ()


def test_n_leads_to_what_keeps_the_files_from_being_written() -> None:
    assert after(config(), DIRTY, "n").ui.cursor == 1
    assert after(config(cursor=1), DIRTY, "n").ui.cursor == 3
    assert after(config(cursor=3), DIRTY, "n").ui.cursor == 1


def test_i8_writing_runs_exactly_the_command_that_its_sheet_showed() -> None:
    shown = after(config(), CLEAN, "B")
    assert shown.effect is None
    sheet = shown.ui.sheet
    assert sheet is not None
    assert sheet.command == review_stage.CLEAN.command
    painted = replace(shown.ui, sheet=replace(sheet, painted_at_s=0.0))
    early = press(painted, Press("enter", SETTLE_S / 2), CLEAN, KEYMAP)
    assert early.ui.sheet is not None
    assert after(painted, CLEAN, "x", "enter").effect is None  # the focus is on Cancel
    run = after(painted, CLEAN, "x", "tab", "enter")
    words = ("config", "convert", "gw.conf", "/etc/vgw/gateway.yaml", "--confirm", "7c1e09aa")
    assert run.effect == effects.WriteReview(words)


def test_b_starts_no_engine_where_the_screen_needs_none() -> None:
    step = after(stage.ui(Name.CONFIG, link=GONE), scene(), "B")
    assert step.effect is None
    assert step.ui.message is not None
    assert "/ names its file" in step.ui.message.text


def test_accounts_are_compared_before_they_are_carried_over() -> None:
    asked = after(iam(), AUDIT, "B", *"/new/iam", "enter")
    assert asked.effect == effects.Review()
    assert asked.ui.accounts.words[-3:] == ["--to", "/new/iam", "--dry-run"]
    shown = after(asked.ui, PROVED, "B")
    assert shown.ui.sheet is not None
    assert shown.ui.sheet.command == "vgwm iam convert /data/iam --to /new/iam"
    painted = replace(shown.ui, sheet=replace(shown.ui.sheet, painted_at_s=0.0))
    run = after(painted, PROVED, "x", "tab", "enter")
    words = ("iam", "convert", "/data/iam", "--to", "/new/iam")
    assert run.effect == effects.WriteReview(words)


def test_accounts_that_fail_their_check_are_not_carried() -> None:
    failing = scene(iam=review_stage.report(fails=2))
    step = after(iam(), failing, "B")
    assert step.ui.prompt is None
    assert step.ui.message is not None
    assert "2 accounts fail their check" in step.ui.message.text


def test_another_operator_who_steers_the_engine_does_not_lock_a_review() -> None:
    lease = wire.Lease(holder="op2", since_ns=1, heard_s=1.0, free_s=60.0)
    seen = replace(DIRTY, snapshot=stage.snapshot(lease=lease))
    step = after(replace(config(cursor=1), link=Link(state=LinkState.LIVE)), seen, "A")
    assert step.effect == effects.Review()
