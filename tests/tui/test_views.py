"""Goldens: each screen in each state, as text. Written anew with VGWM_GOLDENS=write."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.control.wire import state as wire
from tests.tui import stage
from tests.tui.million import MILLION, failure
from tui.acts.effects import Begin
from tui.acts.mend import Mend, Verb
from tui.acts.prompt import knob_prompt
from tui.acts.sheets import begin_sheet, mend_sheet
from tui.facts.listing import Filter, Listing, Tab
from tui.keys import Keymap
from tui.linked import Link, LinkState
from tui.screen import Name
from tui.terminal.grid import Grid
from tui.ui import Asks, Message, Output, Prompt, Scene, Sheet, Ui
from tui.views.frame import draw
from tui.views.line import Size
from tui.views.overlay import sheet_box

GOLDENS = Path(__file__).parent / "golden"
SMALL, LARGE, HUGE = Size(80, 24), Size(120, 40), Size(200, 50)

NOW = stage.snapshot()
LISTS = {"window": stage.window(), "events": tuple(reversed(NOW.events))}
UNPLANNED = stage.snapshot(
    workspace=wire.Workspace(
        id="9f2c1a7e",
        name="photos",
        path="/srv/ws/photos",
        source="posix /data/gw",
        target="dir /out",
        table="sqlite",
        profile="guide v1",
    ),
    totals=wire.Totals(),
    rate=wire.Rate(),
    eta=wire.Eta(unknown="no job"),
    limit="",
    jobs=[],
    workers=[],
    nodes=[],
    events=[],
)
PLANNING = stage.snapshot(
    workspace=UNPLANNED.workspace,
    totals=wire.Totals(objects=1_204_118, remaining=1_204_118, size_bytes=470_000_000_000),
    rate=wire.Rate(),
    eta=wire.Eta(unknown="the plan is not done"),
    limit="source: the walk lists 171,000 entries/s",
    jobs=[stage.job(13, "plan", total=None, done=1_204_118)],
    workers=[stage.worker(0, "plan", step="photos/2024/0031", bundle=None)],
)
STALLED = stage.snapshot(
    eta=wire.Eta(stalled_s=42.0, stalled_reason="busy kubo-2: 503"),
    rate=wire.Rate(objects_s=0.0, bytes_s=0.0, history=[0] * 60),
)
PAUSED = stage.snapshot(jobs=[stage.PLAN_DONE, stage.job(state="paused", reason="by op1")])
UNEARNED = stage.snapshot(eta=wire.Eta(unknown="0.4 % done"), rate=wire.Rate())
COPIED = stage.snapshot(
    totals=wire.Totals(
        objects=12_004_118,
        migrated=12_003_766,
        failed=12,
        skipped=340,
        size_bytes=4_700_000_000_000,
        migrated_bytes=4_699_000_000_000,
    ),
    eta=wire.Eta(unknown="done"),
    limit="",
    jobs=[stage.PLAN_DONE, stage.job(state="done", done=12_003_766, ended_ns=stage.NOON_NS)],
    workers=[],
)
FAILED = stage.snapshot(
    jobs=[
        stage.job(
            state="failed",
            ended_ns=stage.NOON_NS,
            result=wire.ErrorBody(
                code="capacity_exhausted",
                what="kubo-2 has no room left",
                where="import of bundle 48,214",
                remedy="Raise StorageMax, then: vgwm copy",
            ),
        )
    ]
)
SILENT = Link(state=LinkState.SILENT, age_s=12.3, quiet_s=12.3, detail="silent for 2 s")
ERROR = wire.ErrorBody(
    code="wrong_state",
    what="job 14 is running",
    where="copy",
    remedy="Pause or cancel it first: vgwm pause 14",
)
PLANNED = stage.snapshot(
    totals=wire.Totals(
        objects=12_004_118, remaining=12_003_778, skipped=340, size_bytes=4_700_000_000_000
    ),
    rate=wire.Rate(),
    eta=wire.Eta(unknown="no job"),
    limit="",
    jobs=[stage.PLAN_DONE],
    workers=[],
)
SHEET = begin_sheet(stage.scene(PLANNED))

DENIED = Listing(filter=Filter(code="denied", prefix="photos/priv"))
CAUSES, BUNDLES = Listing(tab=Tab.CAUSES), Listing(tab=Tab.BUNDLES)
RETRY = mend_sheet(stage.plan("retry"), Mend(verb=Verb.RETRY), stage.scene(NOW))
SKIP = mend_sheet(
    stage.plan("skip", reason="temporary files"), Mend(verb=Verb.SKIP), stage.scene(NOW)
)
LEASED = stage.snapshot(
    lease=wire.Lease(holder="op1", since_ns=stage.NOON_NS - 900 * stage.S, heard_s=4.0, free_s=56.0)
)
RETRIED = stage.snapshot(
    jobs=[
        stage.job(
            15,
            "retry",
            "done",
            ended_ns=stage.NOON_NS,
            figures={"queued": 12, "recovered": 11, "still_failed": 1, "gone": 0},
        )
    ],
)
DOWN = stage.snapshot(
    engine=wire.Engine(pid=0, epoch=3, started_ns=0, version="0.1.0", state="down"),
    workers=[],
    jobs=[stage.PLAN_DONE],
)

CASES: dict[str, tuple[Scene, Ui]] = {
    "migrate-copying": (stage.scene(NOW), stage.ui()),
    "migrate-low-data": (stage.scene(NOW), stage.ui(low_data=True)),
    "migrate-cursor": (stage.scene(NOW), stage.ui(cursor=9)),
    "migrate-stalled": (stage.scene(STALLED), stage.ui()),
    "migrate-paused": (stage.scene(PAUSED), stage.ui()),
    "migrate-unearned": (stage.scene(UNEARNED), stage.ui()),
    "migrate-planning": (stage.scene(PLANNING), stage.ui()),
    "migrate-planned": (stage.scene(PLANNED), stage.ui()),
    "migrate-copied": (stage.scene(COPIED), stage.ui()),
    "migrate-failed": (stage.scene(FAILED), stage.ui()),
    "migrate-empty": (stage.scene(UNPLANNED), stage.ui()),
    "migrate-silent": (stage.scene(NOW), stage.ui(link=SILENT)),
    "migrate-gone": (
        stage.scene(NOW),
        stage.ui(link=Link(state=LinkState.GONE, age_s=71.0, quiet_s=71.0)),
    ),
    "migrate-ledger": (
        stage.scene(
            stage.snapshot(
                engine=wire.Engine(pid=0, epoch=3, started_ns=0, version="0.1.0", state="down"),
                workers=[],
                rate=wire.Rate(),
                eta=wire.Eta(unknown="no copy runs"),
                jobs=[stage.PLAN_DONE, stage.job(state="interrupted")],
            )
        ),
        stage.ui(link=Link(state=LinkState.GONE, age_s=3.0, quiet_s=4.0)),
    ),
    "migrate-frozen": (stage.scene(NOW), stage.ui(frozen_s=7.0)),
    "migrate-error": (stage.scene(NOW), stage.ui(error=ERROR)),
    "migrate-sheet": (stage.scene(PLANNED), stage.ui(sheet=SHEET)),
    "migrate-sheet-run": (
        stage.scene(PLANNED),
        stage.ui(sheet=replace(SHEET, on_run=True) if SHEET is not None else None),
    ),
    "migrate-prompt": (stage.scene(NOW), stage.ui(prompt=knob_prompt(stage.scene(NOW)))),
    "migrate-go": (stage.scene(NOW), stage.ui(going=True)),
    "migrate-message": (
        stage.scene(NOW),
        stage.ui(message=Message(text="workers is 12; it was 10")),
    ),
    "home-copying": (stage.scene(NOW), stage.ui(Name.HOME)),
    "home-empty": (stage.scene(UNPLANNED), stage.ui(Name.HOME)),
    "home-planning": (stage.scene(PLANNING), stage.ui(Name.HOME)),
    "home-failed": (stage.scene(FAILED), stage.ui(Name.HOME)),
    "home-connecting": (
        stage.scene(),
        stage.ui(Name.HOME, link=Link(quiet_s=3.0), painted_bytes_s=None),
    ),
    "home-no-engine": (
        stage.scene(),
        stage.ui(Name.HOME, link=Link(state=LinkState.GONE, quiet_s=3.0)),
    ),
    "home-other-version": (
        stage.scene(),
        stage.ui(
            Name.HOME,
            link=Link(state=LinkState.FOREIGN, detail="the engine speaks API 2, this screen 1"),
        ),
    ),
    "errors-listed": (stage.scene(NOW, **LISTS), stage.ui(Name.ERRORS, cursor=1)),
    "errors-none": (stage.scene(UNPLANNED), stage.ui(Name.ERRORS)),
    "log-listed": (stage.scene(NOW, **LISTS), stage.ui(Name.LOG)),
    "errors-filtered": (
        stage.scene(NOW, window=stage.window((), listing=DENIED)),
        stage.ui(Name.ERRORS, listing=DENIED),
    ),
    "errors-causes": (
        stage.scene(NOW, window=stage.window(stage.causes(), listing=CAUSES)),
        stage.ui(Name.ERRORS, listing=CAUSES, cursor=1),
    ),
    "errors-bundles": (
        stage.scene(NOW, window=stage.window(stage.bundles(), listing=BUNDLES)),
        stage.ui(Name.ERRORS, listing=BUNDLES),
    ),
    "errors-million": (
        stage.scene(
            NOW,
            window=stage.window(
                [failure(place) for place in range(499_990, 500_020)],
                begins=499_990,
                total=MILLION,
            ),
        ),
        stage.ui(Name.ERRORS, cursor=500_010, top=500_000),
    ),
    "errors-opened": (stage.scene(NOW, **LISTS), stage.ui(Name.ERRORS, cursor=1, opened=True)),
    "errors-retry": (stage.scene(NOW, **LISTS), stage.ui(Name.ERRORS, sheet=RETRY)),
    "errors-skip": (
        stage.scene(NOW, **LISTS),
        stage.ui(Name.ERRORS, sheet=replace(SKIP, typed="pho")),
    ),
    "errors-retried": (
        stage.scene(RETRIED, window=stage.window(())),
        stage.ui(Name.ERRORS),
    ),
    "errors-reason": (
        stage.scene(NOW, **LISTS),
        stage.ui(Name.ERRORS, prompt=Prompt(asks=Asks.REASON, typed="the writer is")),
    ),
    "errors-filter": (
        stage.scene(NOW, **LISTS),
        stage.ui(Name.ERRORS, prompt=Prompt(asks=Asks.FILTER, typed="class:denied")),
    ),
    "errors-no-engine": (
        stage.scene(NOW),
        stage.ui(Name.ERRORS, link=Link(state=LinkState.GONE, age_s=3.0)),
    ),
    "migrate-line": (
        stage.scene(NOW),
        stage.ui(prompt=Prompt(asks=Asks.LINE, typed="engine sta", offers=("start", "status"))),
    ),
    "migrate-output": (
        stage.scene(NOW),
        stage.ui(
            output=Output(
                typed="jobs",
                lines=("#14 copy running", "#13 plan done " + "long " * 20),
                ended="",
            )
        ),
    ),
    "home-another-steers": (stage.scene(LEASED), stage.ui(Name.HOME, actor="op2")),
    "migrate-takeover": (
        stage.scene(LEASED),
        stage.ui(actor="op2", prompt=Prompt(asks=Asks.TAKEOVER, typed="op1 is asleep")),
    ),
    "log-no-engine": (
        stage.scene(DOWN),
        stage.ui(Name.LOG, link=Link(state=LinkState.GONE, age_s=3.0)),
    ),
    "log-no-engine-empty": (
        stage.scene(msgspec.structs.replace(DOWN, events=[])),
        stage.ui(Name.LOG, link=Link(state=LinkState.GONE, age_s=3.0)),
    ),
    "log-empty": (stage.scene(UNPLANNED), stage.ui(Name.LOG)),
    "help-migrate": (stage.scene(NOW), stage.ui(Name.HELP, back=Name.MIGRATE)),
}


def drawn(scene: Scene, ui: Ui, size: Size) -> str:
    return Grid.of(draw(scene, ui, size, Keymap()), size).text() + "\n"


SIZED = [(case, size) for case in CASES for size in (SMALL, LARGE)] + [
    (case, HUGE) for case in CASES if case.startswith("errors-")
]


@pytest.mark.parametrize(
    ("case", "size"), SIZED, ids=[f"{case}-{size.width}x{size.height}" for case, size in SIZED]
)
def test_screen_is_as_its_golden_says(case: str, size: Size) -> None:
    text = drawn(*CASES[case], size)
    path = GOLDENS / f"{case}-{size.width}x{size.height}.txt"
    if os.environ.get("VGWM_GOLDENS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="ascii")
    assert text == path.read_text(encoding="ascii")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [(40, 10), (39, 9), (300, 80), (63, 24), (1, 1)])
def test_every_screen_fits_every_size(case: str, size: tuple[int, int]) -> None:
    lines = draw(*CASES[case], Size(*size), Keymap())
    assert len(lines) == size[1]


def test_a_tiny_terminal_says_state_percent_and_eta() -> None:
    text = drawn(stage.scene(NOW), stage.ui(), Size(39, 9))
    assert text.splitlines()[0].startswith("> copying 40.0 % 3 h 10 m")


def test_a_stall_is_said_in_a_tiny_terminal() -> None:
    text = drawn(stage.scene(STALLED), stage.ui(), Size(39, 9))
    assert "stalled" in text.splitlines()[0]


def test_the_lag_stands_on_migrate_once_a_sync_looked_at_everything() -> None:
    assert "lag" not in drawn(stage.scene(NOW), stage.ui(), SMALL)
    behind = msgspec.structs.replace(NOW, sync_lag_s=41.0, sync_pending=12)
    assert "lag 41 s" in drawn(stage.scene(behind), stage.ui(), SMALL)
    idle = msgspec.structs.replace(behind, eta=wire.Eta(unknown="no copy runs"))
    assert "lag 41 s   12 to carry" in drawn(stage.scene(idle), stage.ui(), SMALL)


def test_acts_are_off_when_the_engine_is_silent_over_ten_seconds() -> None:
    text = drawn(stage.scene(NOW), stage.ui(link=SILENT), SMALL)
    assert "engine silent 12 s: nothing can be changed now" in text


def test_begin_is_a_sheet_that_shows_its_command() -> None:
    sheet = begin_sheet(stage.scene(UNPLANNED))
    assert sheet is not None
    assert (sheet.command, sheet.act, sheet.on_run) == ("vgwm plan", Begin("plan"), False)


def test_log_tail_is_off_in_low_data() -> None:
    assert "bundle 48,206 recorded" in drawn(stage.scene(NOW), stage.ui(), SMALL)
    assert "bundle 48,206 recorded" not in drawn(stage.scene(NOW), stage.ui(low_data=True), SMALL)


def test_what_an_act_does_is_read_to_its_end_on_a_narrow_screen() -> None:
    """A folder's name of 90 characters stands in it: what comes behind is as much agreed to."""
    does = f"writes /srv/{'deep/' * 16}users.json, mode 0600; access keys and secrets stay"
    sheet = Sheet(title="carry over", command="vgwm iam", effects=(does,), act=Begin("plan"))
    rows = ["".join(piece.text for piece in line) for line in sheet_box(sheet, SMALL.width)]
    assert all(len(row) <= SMALL.width for row in rows), rows
    assert "secrets stay" in "\n".join(rows)
