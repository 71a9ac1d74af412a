"""Goldens of Verify in each state, as text. Written anew with VGWM_GOLDENS=write."""

from __future__ import annotations

import os
from dataclasses import replace

import msgspec
import pytest

from core.control.wire.verify import ViewRow
from core.verify.difference import Ill, Listed
from tests.tui import proved, stage
from tests.tui.test_views import GOLDENS, HUGE, LARGE, NOW, SMALL, UNPLANNED, drawn
from tui.acts import effects
from tui.acts.effects import Repair
from tui.acts.repair import repair_sheet
from tui.acts.verify_acts import OWN
from tui.facts.proven import Pane, Proven
from tui.keys import Keymap
from tui.linked import Link, LinkState, Played
from tui.screen import Name
from tui.ui import Asks, Prompt, Scene, Ui
from tui.views.frame import draw
from tui.views.ill_words import WORDS
from tui.views.line import Size
from tui.views.proof_head import stale

PROOFS = (proved.CHECK, proved.FOUND, proved.CLEAN)
HERE = stage.scene(NOW, proofs=PROOFS)
QUIET = stage.scene(stage.snapshot(jobs=[stage.PLAN_DONE]), proofs=PROOFS)
DIFFER = stage.scene(NOW, proofs=PROOFS, proof_window=proved.window())
REPAIRED = stage.snapshot(
    jobs=[stage.PLAN_DONE, stage.job(18, "repair", "done", ended_ns=stage.NOON_NS)]
)
VERIFYING = stage.snapshot(
    jobs=[stage.job(14, "copy", "done", ended_ns=1), stage.job(16, "verify", "running")]
)
REPLAY = Link(
    state=LinkState.REPLAY,
    age_s=0.0,
    played=Played(
        at_ns=stage.NOON_NS, speed=10.0, share=0.4, length_s=900.0, paused=False, ended=False
    ),
)
SHEET = OWN.does["begin"](stage.ui(Name.VERIFY), HERE)[0].sheet
ASKED = Repair(report="reports/verify-15")
PLAN = repair_sheet(proved.plan(), effects.DoRepair(proved.plan(), ASKED), "photos")
MOVED = repair_sheet(
    proved.plan(hash="0a1b2c3d"), effects.DoRepair(proved.plan(), ASKED), "photos", proved.plan()
)


def verify(pane: Pane = Pane.FIGURES, **fields: object) -> Ui:
    shown: dict[str, object] = {"proven": Proven(pane=pane), **fields}
    return stage.ui(Name.VERIFY, **shown)


def with_proofs(*proofs: object, now: object = NOW) -> Scene:
    return stage.scene(now, proofs=proofs)  # type: ignore[arg-type]  # a snapshot


CASES: dict[str, tuple[Scene, Ui]] = {
    "verify-figures": (HERE, verify(cursor=1)),
    "verify-clean": (QUIET, verify(proven=Proven(job=14))),
    "verify-check": (HERE, verify(proven=Proven(job=17))),
    "verify-whole": (with_proofs(proved.WHOLE), verify()),
    "verify-joining": (with_proofs(proved.JOINING, proved.FOUND, now=VERIFYING), verify()),
    "verify-reading": (with_proofs(proved.READING, now=VERIFYING), verify()),
    "verify-cancelled": (with_proofs(proved.CANCELLED), verify()),
    "verify-killed": (with_proofs(proved.KILLED), verify(Pane.DIFFER)),
    "verify-interrupted": (with_proofs(proved.WAITING), verify()),
    "verify-replay": (stage.scene(NOW), verify(link=REPLAY)),
    "verify-unpinned": (with_proofs(proved.UNPINNED), verify()),
    "verify-stale": (with_proofs(proved.FOUND, now=REPAIRED), verify()),
    "verify-differ": (DIFFER, verify(Pane.DIFFER)),
    "verify-metadata": (DIFFER, verify(Pane.DIFFER, cursor=2)),
    "verify-opened": (DIFFER, verify(Pane.DIFFER, cursor=2, opened=True)),
    "verify-orphan": (
        stage.scene(
            NOW,
            proofs=PROOFS,
            proof_window=proved.window((proved.ORPHAN,), Pane.EXTRA, proved.CHECK),
        ),
        verify(proven=Proven(pane=Pane.EXTRA, job=17)),
    ),
    "verify-filter": (
        DIFFER,
        verify(Pane.DIFFER, prompt=Prompt(asks=Asks.KIND, about="differ", typed="wrong_cid")),
    ),
    "verify-filtered": (
        stage.scene(
            NOW,
            proofs=PROOFS,
            proof_window=proved.window((), listing=proved.listing(Pane.DIFFER, kind="no_row")),
        ),
        verify(proven=Proven(pane=Pane.DIFFER, kind="no_row")),
    ),
    "verify-not-here": (HERE, verify(Pane.MISSING)),
    "verify-no-lists": (with_proofs(proved.JOINING, now=VERIFYING), verify(Pane.DIFFER)),
    "verify-sheet": (HERE, verify(sheet=SHEET)),
    "verify-repair": (DIFFER, verify(Pane.DIFFER, sheet=replace(PLAN, typed="pho"))),
    "verify-moved": (DIFFER, verify(Pane.DIFFER, sheet=MOVED)),
    "verify-none": (with_proofs(), verify()),
    "verify-unread": (stage.scene(UNPLANNED), verify()),
    "verify-no-engine": (
        stage.scene(NOW),
        verify(link=Link(state=LinkState.GONE, age_s=3.0)),
    ),
    "verify-help": (HERE, stage.ui(Name.HELP, back=Name.VERIFY)),
    "home-verified": (HERE, stage.ui(Name.HOME)),
    "home-equal": (with_proofs(proved.WHOLE, now=QUIET.snapshot), stage.ui(Name.HOME)),
    "home-killed": (with_proofs(proved.KILLED, now=QUIET.snapshot), stage.ui(Name.HOME)),
    "home-interrupted": (with_proofs(proved.WAITING, now=QUIET.snapshot), stage.ui(Name.HOME)),
    "home-stale": (with_proofs(proved.CLEAN), stage.ui(Name.HOME)),
    "home-verifying": (with_proofs(proved.JOINING, now=VERIFYING), stage.ui(Name.HOME)),
    "home-unverified": (with_proofs(), stage.ui(Name.HOME)),
    "home-lag": (
        with_proofs(
            now=msgspec.structs.replace(VERIFYING, sync_lag_s=41.0, sync_pending=12),
        ),
        stage.ui(Name.HOME),
    ),
}
SIZED = [(case, size) for case in CASES for size in (SMALL, LARGE)] + [
    (case, HUGE) for case in ("verify-figures", "verify-metadata")
]


@pytest.mark.parametrize(
    ("case", "size"), SIZED, ids=[f"{case}-{size.width}x{size.height}" for case, size in SIZED]
)
def test_golden(case: str, size: Size) -> None:
    path = GOLDENS / f"{case}-{size.width}x{size.height}.txt"
    text = drawn(*CASES[case], size)
    if os.environ.get("VGWM_GOLDENS") == "write":
        path.write_text(text, encoding="ascii")
    assert text == path.read_text(encoding="ascii")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [(40, 10), (39, 9), (300, 80), (63, 24), (1, 1)])
def test_every_screen_fits_every_size(case: str, size: tuple[int, int]) -> None:
    lines = draw(*CASES[case], Size(*size), Keymap())
    assert len(lines) == size[1]


def test_every_kind_of_difference_is_explained() -> None:
    assert set(WORDS) == set(Ill)


def test_every_list_has_a_part_of_the_screen() -> None:
    assert {pane.value for pane in Pane} - {Pane.FIGURES.value} == {one.value for one in Listed}


@pytest.mark.parametrize("size", [SMALL, LARGE, HUGE])
def test_every_count_is_shown_whatever_its_size(size: Size) -> None:
    large = proved.proof(
        lists=proved.sizes(equal=999_999_999, differ=9_999_999, missing=999_999, extra=1, error=12)
    )
    text = drawn(with_proofs(large), verify(), size)
    for said in ("999,999,999", "differ 9,999,999", "missing 999,999", "extra 1", "error 12"):
        assert said in text


def test_the_row_of_a_million_stands_beside_the_filter_where_there_is_little_room() -> None:
    kept = proved.listing(Pane.DIFFER, kind="orphan_row")
    window = proved.window((), listing=kept, total=1_000_000)
    filtered = verify(proven=Proven(pane=Pane.DIFFER, kind="orphan_row"), cursor=999_999)
    text = drawn(stage.scene(NOW, proofs=PROOFS, proof_window=window), filtered, SMALL)
    assert " [differ]  only orphan_row" in text
    assert "row 1,000,000 of 1,000,000\n" in text.replace(" \n", "\n")


def test_a_terminal_of_ascii_alone_gets_no_other_character_of_a_name() -> None:
    row = ViewRow(at=0, object="photos/\u65e5\u672c/k\xfc", kind="no_row")
    scene = stage.scene(NOW, proofs=PROOFS, proof_window=proved.window((row,)))
    shown = drawn(scene, verify(Pane.DIFFER), SMALL)
    assert "photos/????/k?" in shown
    assert shown.isascii()
    assert row.object in drawn(scene, verify(Pane.DIFFER, unicode=True), SMALL)


def test_an_old_verdict_says_that_no_gate_opens_for_it() -> None:
    text = drawn(QUIET, verify(proven=Proven(job=14)), SMALL)
    assert "~ older than 24 h" in text


def test_a_bound_never_says_less_than_was_shown() -> None:
    odd = msgspec.structs.replace(proved.SAMPLE, bound95=0.000_301)
    assert "at most 0.04 % bad" in drawn(with_proofs(proved.proof(bytes=odd)), verify(), SMALL)


def test_i7_a_pin_that_nobody_looked_at_is_never_shown_as_pinned() -> None:
    unread = proved.proof(unread=1)
    text = drawn(with_proofs(unread), verify(), SMALL)
    assert "seen pinned" not in text
    assert "nobody could look at" in text


def test_i7_a_cancelled_verification_that_found_nothing_does_not_say_that_all_is_well() -> None:
    part = proved.proof(state="cancelled", partial=True, kinds=(), lists=proved.sizes(equal=12))
    text = drawn(with_proofs(part), verify(), SMALL)
    assert "a part only" in text
    assert "nothing was found in the part that was looked at" in text


@pytest.mark.parametrize(
    ("figures", "moved"),
    [
        ({"rounds": 1, "seen": 9, "added": 0, "changed": 0, "attrs": 0, "deleted": 0}, False),
        ({"rounds": 1, "seen": 9, "added": 0, "changed": 0, "attrs": 0, "deleted": 2}, True),
        ({"rounds": 0}, True),
    ],
    ids=["nothing found", "deletes", "re-bundled"],
)
def test_only_a_sync_that_changed_the_target_ages_a_verdict(
    figures: dict[str, int], *, moved: bool
) -> None:
    ended_ns = (proved.FOUND.ended_ns or 0) + 1
    sync = msgspec.structs.replace(
        stage.job(18, "sync", "done", ended_ns=ended_ns), figures=figures
    )
    assert ("job 18 (sync)" in stale(proved.FOUND, stage.snapshot(jobs=[sync]))) is moved
