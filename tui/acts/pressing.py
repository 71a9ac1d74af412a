"""What a key does: a pure step from what is shown and a key to what is shown next, and an effect.

`press` is the one way in. A sheet, a prompt and the letter after `g` take keys before the table.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tui.acts import effects
from tui.acts.cutover_acts import roll_back
from tui.acts.prompt import answer_prompt, knob_prompt
from tui.acts.reasons import ACTS, OWN, why_off
from tui.acts.said import command_line, command_of, error_text, status_line
from tui.acts.sheets import answer_sheet, begin_sheet, cancel_sheet
from tui.acts.steering import other_holder
from tui.keys import GO
from tui.linked import LinkState
from tui.screen import Name
from tui.ui import Asks, Message, Output, Prompt, Ui
from tui.views.line import Role
from tui.views.words import current_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.acts.effects import Effect
    from tui.keys import Keymap
    from tui.ui import Scene

LEAVE_S = 2.0


class Press(NamedTuple):
    """A key as `tui/keys.py` names it, and when it came (monotonic)."""

    key: str
    at_s: float


class Step(NamedTuple):
    """What is shown next, and what the app has to do."""

    ui: Ui
    effect: Effect | None = None


def press(ui: Ui, key: Press, scene: Scene, keymap: Keymap) -> Step:
    """Return what a key leads to."""
    id_ = keymap.id_of(key.key)
    if id_ in _ANYWHERE:
        return _ANYWHERE[id_](ui, key.at_s)
    if ui.sheet is not None:
        return Step(*answer_sheet(ui, ui.sheet, key.key, id_, key.at_s))
    if ui.prompt is not None:
        return Step(*answer_prompt(ui, ui.prompt, key.key, id_, scene))
    if ui.going:
        return _go(ui, key.key, id_)
    if ui.output is not None and (id_ in _MOVES or id_ == "back"):
        return Step(_leaf(ui, ui.output, id_))
    return _table(replace(ui, message=None, interrupted_at_s=None), id_, scene, keymap)


def _table(ui: Ui, id_: str, scene: Scene, keymap: Keymap) -> Step:
    """Do what the table says, or say why it is off."""
    off, own = why_off(id_, scene, ui), OWN.get(ui.screen)
    if off:
        key = keymap.key(id_)
        word = own.words.get(id_, key.label) if own is not None else key.label
        return Step(_say(ui, f"{key.shown} {word} is off: {off}", Role.WARN))
    needs_lease = id_ in ACTS and not (own is not None and own.local and id_ in own.does)
    if needs_lease and ui.link.state is LinkState.LIVE and other_holder(scene.snapshot, ui):
        return Step(replace(ui, prompt=Prompt(asks=Asks.TAKEOVER), error=None))
    if id_ in _MOVES:
        return Step(_move(ui, id_, scene))
    starts_engine = id_ == "begin" and ui.link.state is LinkState.GONE
    if own is not None and id_ in own.does and (own.local or not starts_engine):
        return Step(*own.does[id_](ui, scene))
    act = _BY_ID.get(id_)
    return act(ui, scene) if act is not None else Step(ui)


def _say(ui: Ui, text: str, role: Role = Role.TEXT) -> Ui:
    return replace(ui, message=Message(text=text, role=role))


def _interrupt(ui: Ui, at_s: float) -> Step:
    """Leave on the second Ctrl+C within 2 s, and say so on the first."""
    if ui.interrupted_at_s is not None and at_s - ui.interrupted_at_s <= LEAVE_S:
        return Step(ui, effects.Leave())
    said = _say(ui, "Ctrl+C again within 2 s leaves; the engine goes on", Role.WARN)
    return Step(replace(said, interrupted_at_s=at_s, sheet=None, prompt=None, going=False))


_ANYWHERE: dict[str, Callable[[Ui, float], Step]] = {
    "interrupt": _interrupt,
    "repaint": lambda ui, _at_s: Step(ui, effects.Repaint()),
    "suspend": lambda ui, _at_s: Step(ui, effects.Suspend()),
}
"""Keys that a sheet or a prompt does not take."""


def _go(ui: Ui, key: str, id_: str) -> Step:
    ui = replace(ui, going=False)
    name = GO.get(key)
    if name is None:
        return Step(ui if id_ == "back" else _say(ui, f"g {key} leads nowhere", Role.WARN))
    at_top = replace(ui, screen=name, cursor=0, top=0, opened=False, message=None, error=None)
    return Step(at_top, effects.LoadList())


def _list_length(ui: Ui, scene: Scene) -> int:
    match ui.screen:
        case name if name in OWN:
            return OWN[name].length(ui, scene)
        case Name.LOG:
            known = scene.snapshot.events if scene.snapshot is not None else ()
            return len(scene.events or known)
        case Name.CLUSTER:
            return len(scene.cluster.peers) if scene.cluster is not None else 0
        case Name.MIGRATE:
            return len(scene.snapshot.workers) if scene.snapshot is not None else 0
        case _:
            return 0


_MOVES = frozenset({"up", "down", "page_up", "page_down", "first", "last"})


def _move(ui: Ui, id_: str, scene: Scene) -> Ui:
    """Move the cursor; a page is what fits on the screen."""
    last = max(0, _list_length(ui, scene) - 1)
    match id_:
        case "first":
            cursor = 0
        case "last":
            cursor = last
        case "up" | "down":
            cursor = ui.cursor + (1 if id_ == "down" else -1)
        case _:
            cursor = ui.cursor + (ui.room if id_ == "page_down" else -ui.room)
    return replace(ui, cursor=min(last, max(0, cursor)))


def _leaf(ui: Ui, output: Output, id_: str) -> Ui:
    """Scroll what a command line wrote, or close it."""
    if id_ == "back":
        return replace(ui, output=None)
    last = max(0, len(output.lines) - 1)
    steps = {"up": -1, "down": 1, "page_up": -ui.room, "page_down": ui.room}
    top = {"first": 0, "last": last}.get(id_, output.top + steps.get(id_, 0))
    return replace(ui, output=replace(output, top=max(0, min(last, top))))


def _help(ui: Ui, scene: Scene) -> Step:
    del scene
    if ui.screen is Name.HELP:
        return Step(replace(ui, screen=ui.back))
    return Step(replace(ui, screen=Name.HELP, back=ui.screen, error=None))


def _back(ui: Ui, scene: Scene) -> Step:
    if ui.error is not None:
        return Step(replace(ui, error=None))
    if ui.screen is Name.HELP:
        return Step(replace(ui, screen=ui.back))
    if ui.link.state is LinkState.CONNECTING and scene.snapshot is None:
        return Step(ui, effects.Leave())
    own = OWN.get(ui.screen)
    stepped = own.back(ui) if own is not None else None
    if stepped is not None:
        return Step(stepped)
    return Step(replace(ui, screen=Name.HOME, cursor=0))


def _freeze(ui: Ui, scene: Scene) -> Step:
    del scene
    if ui.frozen_s is not None:
        return Step(replace(_say(ui, "the view goes on"), frozen_s=None))
    return Step(replace(_say(ui, "frozen: z lets it go on; the engine goes on"), frozen_s=0.0))


def _low_data(ui: Ui, scene: Scene) -> Step:
    del scene
    said = "low-data off" if ui.low_data else "low-data on: at most 1.8 KB/s, no log tail"
    return Step(replace(_say(ui, said), low_data=not ui.low_data))


def _command(ui: Ui, scene: Scene) -> Step:
    if ui.error is not None:
        return Step(ui, effects.Copy(error_text(ui.error)))
    return Step(ui, effects.Copy(command_line(command_of(ui, scene), scene)))


def _status(ui: Ui, scene: Scene) -> Step:
    return Step(ui, effects.Copy(status_line(scene)))


def _pause(ui: Ui, scene: Scene) -> Step:
    job = current_job(scene.snapshot) if scene.snapshot is not None else None
    if job is None:
        return Step(ui)
    verb = effects.Verb.RESUME if job.state == "paused" else effects.Verb.PAUSE
    return Step(ui, effects.Steer(job.id, verb))


def _begin(ui: Ui, scene: Scene) -> Step:
    if ui.link.state is LinkState.GONE:
        return Step(_say(ui, "starting the engine .."), effects.StartEngine())
    return Step(replace(ui, sheet=begin_sheet(scene), error=None))


def _cancel(ui: Ui, scene: Scene) -> Step:
    job = current_job(scene.snapshot) if scene.snapshot is not None else None
    return Step(replace(ui, sheet=cancel_sheet(job), error=None))


def _knob(ui: Ui, scene: Scene) -> Step:
    return Step(replace(ui, prompt=knob_prompt(scene), error=None))


_BY_ID: dict[str, Callable[[Ui, Scene], Step]] = {
    "help": _help,
    "line": lambda ui, _scene: Step(replace(ui, prompt=Prompt(asks=Asks.LINE), error=None)),
    "go": lambda ui, _scene: Step(replace(ui, going=True)),
    "freeze": _freeze,
    "low_data": _low_data,
    "command": _command,
    "status": _status,
    "write": lambda ui, _scene: Step(ui, effects.WriteScreen()),
    "begin": _begin,
    "pause": _pause,
    "knob": _knob,
    "rollback": lambda ui, scene: Step(*roll_back(ui, scene)),
    "cancel": _cancel,
    "back": _back,
    "leave": lambda ui, _scene: Step(ui, effects.Leave()),
}
