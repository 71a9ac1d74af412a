"""Keys: each does what the table says, once, and only when it may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput
from tests.tui import stage
from tests.tui.test_views import COPIED, ERROR, NOW, PAUSED, PLANNED, UNPLANNED
from tui import keys
from tui.acts import effects
from tui.acts.pressing import Press, Step, press
from tui.acts.sheets import SETTLE_S
from tui.keys import FOOTERS, GO, TABLE, Keymap
from tui.linked import ACT_LIMIT_S, Link, LinkState
from tui.screen import Name

if TYPE_CHECKING:
    from tui.ui import Ui

ROOT = Path(__file__).parents[2]
KEYMAP = Keymap()
SCENE = stage.scene(NOW)


def after(ui: Ui, *pressed: str, at_s: float = 0.0, scene: object = SCENE) -> Step:
    """Press keys one after the other, one second apart; return the last step."""
    step = Step(ui)
    for index, key in enumerate(pressed):
        step = press(step.ui, Press(key, at_s + index), scene, KEYMAP)  # type: ignore[arg-type]  # a Scene
    return step


def test_docs_list_the_keys_as_they_are() -> None:
    assert (ROOT / "docs" / "keys.md").read_text(encoding="utf-8") == keys.reference()


def test_no_two_bindings_claim_one_key() -> None:
    assert KEYMAP.clashes() == []


def test_every_footer_names_keys_of_the_table() -> None:
    ids = {key.id for key in TABLE} | {f"go {letter}" for letter in GO}
    assert {id_ for footer in FOOTERS.values() for id_ in footer} <= ids
    assert set(FOOTERS) == set(Name)


def test_lower_case_looks_and_upper_case_acts() -> None:
    for key in TABLE:
        for name in key.keys:
            if len(name) == 1 and name.isalpha():
                assert name.isupper() == (key.group is keys.Group.ACT), key.id


def test_no_key_that_a_plain_tmux_loses() -> None:
    for key in TABLE:
        for name in key.keys:
            assert not name.startswith(("alt+", "ctrl+shift+")), key.id


@pytest.mark.parametrize(("letter", "name"), GO.items())
def test_g_and_a_letter_goes_to_its_screen(letter: str, name: Name) -> None:
    step = after(stage.ui(Name.MIGRATE), "g", letter)
    assert (step.ui.screen, step.ui.going) == (name, False)
    assert step.effect == effects.LoadList()


def test_a_letter_without_g_goes_nowhere() -> None:
    assert after(stage.ui(Name.MIGRATE), "h").ui.screen is Name.MIGRATE


def test_escape_after_g_stays() -> None:
    step = after(stage.ui(Name.MIGRATE), "g", "escape")
    assert (step.ui.screen, step.ui.going) == (Name.MIGRATE, False)


def test_q_leaves_and_ctrl_c_says_so_and_leaves_on_the_second() -> None:
    assert after(stage.ui(), "q").effect == effects.Leave()
    once = after(stage.ui(), "ctrl+c")
    assert once.effect is None
    assert once.ui.message is not None
    assert "again" in once.ui.message.text
    assert after(stage.ui(), "ctrl+c", "ctrl+c").effect == effects.Leave()


def test_ctrl_c_twice_slowly_does_not_leave() -> None:
    step = after(stage.ui(), "ctrl+c")
    late = press(step.ui, Press("ctrl+c", 2.5), SCENE, KEYMAP)
    assert late.effect is None


def test_p_pauses_a_running_job_and_resumes_a_paused_one() -> None:
    assert after(stage.ui(), "P").effect == effects.Steer(14, effects.Verb.PAUSE)
    step = after(stage.ui(), "P", scene=stage.scene(PAUSED))
    assert step.effect == effects.Steer(14, effects.Verb.RESUME)


@pytest.mark.parametrize(
    ("key", "scene", "why"),
    [
        ("B", stage.scene(NOW), "job 14 (copy) is running"),
        ("B", stage.scene(COPIED), "nothing is left to copy"),
        ("P", stage.scene(COPIED), "no job is running"),
        ("X", stage.scene(COPIED), "no job is running"),
        ("K", stage.scene(stage.snapshot(knobs=[])), "no knobs"),
        ("P", stage.scene(), "nothing is known yet"),
    ],
)
def test_an_act_that_is_off_says_why(key: str, scene: object, why: str) -> None:
    step = after(stage.ui(), key, scene=scene)
    assert step.effect is None
    assert step.ui.sheet is None
    assert step.ui.prompt is None
    assert step.ui.message is not None
    assert why in step.ui.message.text


@pytest.mark.parametrize("key", ["B", "P", "K", "X"])
@pytest.mark.parametrize(
    "link",
    [
        Link(state=LinkState.SILENT, age_s=12.0, quiet_s=ACT_LIMIT_S + 2),
        Link(state=LinkState.FOREIGN, detail="the engine speaks API 2"),
        Link(state=LinkState.CONNECTING),
    ],
    ids=["silent", "foreign", "connecting"],
)
def test_no_act_without_a_listening_engine(key: str, link: Link) -> None:
    step = after(stage.ui(link=link), key)
    assert (step.effect, step.ui.sheet, step.ui.prompt) == (None, None, None)


@pytest.mark.parametrize("key", ["P", "K", "X"])
def test_a_frozen_view_does_not_act(key: str) -> None:
    step = after(stage.ui(frozen_s=3.0), key)
    assert (step.effect, step.ui.sheet, step.ui.prompt) == (None, None, None)


def test_b_starts_the_engine_when_none_runs() -> None:
    gone = stage.ui(link=Link(state=LinkState.GONE))
    assert after(gone, "B").effect == effects.StartEngine()


def sheet_of(snapshot: object, painted_at_s: float | None) -> Ui:
    ui = after(stage.ui(), "B", scene=stage.scene(snapshot)).ui  # type: ignore[arg-type]  # a Snapshot
    assert ui.sheet is not None
    return replace(ui, sheet=replace(ui.sheet, painted_at_s=painted_at_s))


def test_begin_asks_first_with_the_focus_on_cancel() -> None:
    step = after(sheet_of(UNPLANNED, 0.0), "enter", at_s=1.0)
    assert (step.effect, step.ui.sheet) == (None, None)


@pytest.mark.parametrize(("snapshot", "kind"), [(UNPLANNED, "plan"), (PLANNED, "copy")])
def test_tab_and_enter_begin_the_next_job(snapshot: object, kind: str) -> None:
    step = after(sheet_of(snapshot, 0.0), "tab", "enter", at_s=1.0)
    assert step.effect == effects.Begin(kind)
    assert step.ui.sheet is None


def test_i8_a_burst_in_one_write_begins_nothing() -> None:
    ui = stage.ui()
    for key in ("B", "tab", "enter", "tab", "enter"):
        step = press(ui, Press(key, 5.0), stage.scene(PLANNED), KEYMAP)
        ui = step.ui
        assert step.effect is None
    assert ui.sheet is not None


def test_i8_keys_within_the_settling_time_do_not_count() -> None:
    ui = sheet_of(PLANNED, painted_at_s=5.0)
    early = press(ui, Press("tab", 5.0 + SETTLE_S - 0.01), stage.scene(PLANNED), KEYMAP)
    assert early.ui.sheet == ui.sheet
    late = press(ui, Press("tab", 5.0 + SETTLE_S), stage.scene(PLANNED), KEYMAP)
    assert late.ui.sheet is not None
    assert late.ui.sheet.on_run


def test_i8_the_key_that_asked_never_confirms() -> None:
    step = after(sheet_of(PLANNED, 0.0), "B", "B", at_s=1.0)
    assert step.effect is None
    assert step.ui.sheet is not None


def test_knob_prompt_sets_a_knob() -> None:
    step = after(stage.ui(), "K", *"12", "enter")
    assert step.effect == effects.SetKnob("workers", "12", "10")
    assert step.ui.prompt is None


def test_tab_in_the_prompt_goes_through_the_knobs() -> None:
    step = after(stage.ui(), "K", "tab")
    assert step.ui.prompt is not None
    assert step.ui.prompt.typed == "pin_inflight "


def test_letters_in_the_prompt_are_text_not_commands() -> None:
    step = after(stage.ui(), "K", "ctrl+u", *"qPB")
    assert step.effect is None
    assert step.ui.prompt is not None
    assert step.ui.prompt.typed == "qPB"


def test_a_knob_that_is_none_is_refused_by_name() -> None:
    step = after(stage.ui(), "K", "ctrl+u", *"speed 9", "enter")
    assert step.effect is None
    assert step.ui.message is not None
    assert "workers pin_inflight" in step.ui.message.text


def test_cursor_stays_within_the_list() -> None:
    assert after(stage.ui(), "up").ui.cursor == 0
    assert after(stage.ui(), "end").ui.cursor == 9
    assert after(stage.ui(), "end", "down").ui.cursor == 9
    assert after(stage.ui(), "j", "j", "k").ui.cursor == 1
    assert after(stage.ui(), "pagedown").ui.cursor == 9


def test_help_returns_to_where_it_was_asked() -> None:
    step = after(stage.ui(Name.ERRORS), "?")
    assert step.ui.screen is Name.HELP
    assert after(step.ui, "escape").ui.screen is Name.ERRORS


def test_y_copies_the_screens_command_and_an_error_if_one_is_shown() -> None:
    assert after(stage.ui(Name.ERRORS), "y").effect == effects.Copy("vgwm errors")
    step = after(stage.ui(error=ERROR), "y")
    assert step.effect == effects.Copy(
        "job 14 is running (copy). Pause or cancel it first: vgwm pause 14"
    )


def test_c_copies_a_status_line() -> None:
    effect = after(stage.ui(), "c").effect
    assert isinstance(effect, effects.Copy)
    assert "4,812,330 of 12,004,118 objects" in effect.text


def test_freeze_and_low_data_toggle() -> None:
    frozen = after(stage.ui(), "z").ui
    assert frozen.frozen_s is not None
    assert after(frozen, "z").ui.frozen_s is None
    assert after(stage.ui(), "b").ui.low_data
    assert not after(stage.ui(low_data=True), "b").ui.low_data


def test_keys_yaml_maps_an_id_to_other_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text("leave: [Q, f10]\nfreeze: f\n")
    keymap = keys.load(path)
    assert (keymap.id_of("Q"), keymap.id_of("f10"), keymap.id_of("q")) == ("leave", "leave", "")
    assert keymap.id_of("f") == "freeze"


def test_keys_yaml_clashes_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text("freeze: q\n")
    assert keys.load(path).clashes() == ["q is both freeze and leave: it does freeze"]


@pytest.mark.parametrize("text", ["- a", "nonsense: x", "leave: 3", "leave: []", "a: b: c"])
def test_keys_yaml_with_a_mistake_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text(text)
    with pytest.raises(BadInput):
        keys.load(path)
