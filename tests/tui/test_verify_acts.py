"""What the keys of the Verify screen mean: values in, values out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.tui import proved, stage
from tests.tui.test_acts import after
from tests.tui.test_verify import QUIET
from tests.tui.test_views import LEASED
from tui.acts import effects
from tui.acts.effects import Repair
from tui.acts.repair import repair_sheet
from tui.facts.proven import Pane, Proven, beside, parse_wanted
from tui.linked import ACT_LIMIT_S, Link, LinkState
from tui.screen import Name
from tui.ui import Asks, Scene, Ui
from tui.views.words import current_job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire import state as wire
    from core.control.wire.verify import Proof


def at(pane: Pane = Pane.FIGURES, *proofs: Proof, **fields: object) -> tuple[Ui, Scene]:
    """The Verify screen with these proofs, else with one that found something."""
    told = proofs or (proved.FOUND,)
    scene = stage.scene(QUIET, proofs=told, proof_window=proved.window())
    shown: dict[str, object] = {"proven": Proven(pane=pane), **fields}
    return stage.ui(Name.VERIFY, **shown), scene


def asked(ui: Ui, scene: Scene, *keys: str) -> Repair | None:
    effect = after(ui, *keys, scene=scene).effect
    return effect.repair if isinstance(effect, effects.AskRepair) else None


def orphan(*, opened: bool) -> tuple[Ui, Scene]:
    ui, scene = at(proven=Proven(pane=Pane.EXTRA, job=17), opened=opened)
    window = proved.window((proved.ORPHAN,), Pane.EXTRA, proved.CHECK)
    return ui, replace(scene, proofs=(proved.CHECK,), proof_window=window)


def test_an_orphan_pin_goes_only_by_its_name_on_an_opened_row() -> None:
    assert asked(*orphan(opened=False), "F") == Repair(report="reports/check-17")
    assert asked(*orphan(opened=True), "F") == Repair(
        report="reports/check-17", unpin=(proved.ROOT,)
    )


def test_b_shows_a_sheet_and_begins_a_verification_with_a_sample() -> None:
    ui, scene = at()
    sheet = after(ui, "B", scene=scene).ui.sheet
    assert sheet is not None
    assert sheet.act == effects.Begin("verify", (("scope", "all"), ("sample", "10000")))
    settled = replace(ui, sheet=replace(sheet, painted_at_s=0.0))
    assert after(settled, "enter", scene=scene, at_s=1.0).effect is None
    assert after(settled, "tab", "enter", scene=scene, at_s=1.0).effect == sheet.act


def skipped(job: wire.Job) -> Scene:
    ui, scene = at()
    del ui
    return replace(scene, snapshot=stage.snapshot(jobs=[stage.job(), job]))


def test_a_verification_begins_beside_a_copy_and_only_once() -> None:
    ui, _ = at()
    assert after(ui, "B", scene=skipped(stage.job(16, "verify", "done"))).ui.sheet is not None
    step = after(ui, "B", scene=skipped(stage.job(16, "verify", "paused")))
    assert step.ui.sheet is None
    assert step.ui.message is not None
    assert "job 16 (verify) is paused" in step.ui.message.text


def test_p_and_x_are_about_the_verification_and_not_about_the_copy_beside_it() -> None:
    ui, _ = at()
    scene = skipped(stage.job(16, "verify"))
    assert after(ui, "P", scene=scene).effect == effects.Steer(16, effects.Verb.PAUSE)
    sheet = after(ui, "X", scene=scene).ui.sheet
    assert sheet is not None
    assert sheet.act == effects.Steer(16, effects.Verb.CANCEL)
    assert "said to be a part" in " ".join(sheet.effects)
    migrate = stage.ui(Name.MIGRATE)
    assert after(migrate, "P", scene=scene).effect == effects.Steer(14, effects.Verb.PAUSE)


@pytest.mark.parametrize("kind", ["assess", "verify", "check", "backup"])
def test_a_job_that_moves_no_object_does_not_stand_for_the_migration(kind: str) -> None:
    now = stage.snapshot(jobs=[stage.job(), stage.job(16, kind)])
    found = current_job(now)
    assert found is not None
    assert found.kind == "copy"


@pytest.mark.parametrize(
    ("proofs", "why"),
    [
        ((proved.JOINING,), "#16 has not ended"),
        ((proved.KILLED,), "#16 is cancelled and left no lists"),
        ((proved.CLEAN,), "nothing was found that could be mended"),
    ],
)
def test_what_cannot_be_repaired_says_why(proofs: tuple[Proof, ...], why: str) -> None:
    step = after(at(Pane.FIGURES, *proofs)[0], "F", scene=at(Pane.FIGURES, *proofs)[1])
    assert (step.effect, step.ui.sheet) == (None, None)
    assert step.ui.message is not None
    assert why in step.ui.message.text


@pytest.mark.parametrize("key", ["B", "F"])
@pytest.mark.parametrize(
    "link",
    [
        Link(state=LinkState.SILENT, age_s=12.0, quiet_s=ACT_LIMIT_S + 2),
        Link(state=LinkState.FOREIGN, detail="the engine speaks API 2"),
        Link(state=LinkState.REPLAY),
    ],
    ids=["silent", "foreign", "replay"],
)
def test_nothing_is_begun_or_mended_without_a_listening_engine(key: str, link: Link) -> None:
    ui, scene = at(link=link)
    step = after(ui, key, scene=scene)
    assert (step.effect, step.ui.sheet, step.ui.prompt) == (None, None, None)


def test_an_act_while_another_steers_asks_why() -> None:
    ui, scene = at(actor="op2")
    for key in ("B", "F"):
        prompt = after(ui, key, scene=replace(scene, snapshot=LEASED)).ui.prompt
        assert prompt is not None
        assert prompt.asks is Asks.TAKEOVER


def repairing() -> Ui:
    plan = proved.plan()
    act = effects.DoRepair(plan, Repair(report=plan.report))
    return stage.ui(Name.VERIFY, sheet=replace(repair_sheet(plan, act, "photos"), painted_at_s=0.0))


@pytest.mark.parametrize("keys", [("enter",), ("tab", "enter"), (*"photo", "enter"), ("F",) * 3])
def test_i8_nothing_but_the_workspaces_name_confirms_a_repair(keys: Sequence[str]) -> None:
    step = after(repairing(), *keys, at_s=1.0)
    assert step.effect is None
    assert step.ui.sheet is not None


def test_i8_the_workspaces_name_confirms_the_plan_that_was_shown() -> None:
    effect = after(repairing(), *"photos", "enter", at_s=1.0).effect
    assert isinstance(effect, effects.DoRepair)
    assert effect.plan.hash == "7c1e09aa"


def copied(ui: Ui, scene: Scene, *keys: str) -> str:
    effect = after(ui, *keys, "y", scene=replace(scene, path="/srv/my ws")).effect
    assert isinstance(effect, effects.Copy)
    return effect.text.removeprefix("vgwm -w '/srv/my ws' ")


def test_y_copies_the_command_of_what_is_shown_with_its_workspace() -> None:
    assert copied(*at()) == "verify"
    assert copied(*at(Pane.DIFFER)) == "metadata repair --from reports/verify-15 --dry-run"
    assert copied(*at(Pane.MISSING)) == "missing"
    assert copied(*orphan(opened=False)) == "metadata repair --from reports/check-17 --dry-run"


def test_all_rows_of_an_object_are_shown_together_from_any_of_them() -> None:
    for place in (1, 2):
        assert beside(proved.window(), place) == proved.ROWS[1:3]
    assert beside(proved.window(), 3) == proved.ROWS[3:]
    assert beside(proved.window(), 9) == ()


@pytest.mark.parametrize(
    ("typed", "kind", "bucket"),
    [
        ("", "", ""),
        ("wrong_cid", "wrong_cid", ""),
        ("photos", "", "photos"),
        ("photos wrong_cid", "wrong_cid", "photos"),
        ("no_such_kind", "", "no_such_kind"),
    ],
)
def test_a_filter_is_read_as_it_is_typed(typed: str, kind: str, bucket: str) -> None:
    found = parse_wanted(typed, Proven(pane=Pane.DIFFER, job=3), ("wrong_cid", "no_row"))
    assert found == Proven(pane=Pane.DIFFER, job=3, kind=kind, bucket=bucket)
