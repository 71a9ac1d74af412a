"""What keys do on the Cutover and Rollback screens: slices, gates, and the plans of acts."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.acts import effects
from tui.acts.own import Own
from tui.facts.at_risk import Which
from tui.facts.crossing import Crossing
from tui.facts.way import BY_DEFAULT, DATA, FULL, QUICK, Back
from tui.screen import Name
from tui.ui import Asks, Message, Prompt, Sheet, Ui
from tui.views.cutover import gate_of, hard, slice_of
from tui.views.line import Role
from tui.views.rollback import lists_of

if TYPE_CHECKING:
    from core.control.wire.cutover import Gate, Off
    from tui.acts.own import Done
    from tui.ui import Scene

GREEN_LIVE = "GREEN_LIVE"
_ALL = "all"


def command_of(ui: Ui, scene: Scene) -> str:
    """Return the command of what is shown."""
    slice_ = f" --slice {ui.slice}" if ui.slice else ""
    if ui.screen is Name.ROLLBACK and ui.names is not None:
        only = " --cannot-carry" if ui.names is Which.CANNOT_CARRY else ""
        return f"vgwm rollback names{slice_}{only}"
    if ui.screen is Name.ROLLBACK:
        return f"vgwm rollback plan{slice_}{ui.way.options}"
    del scene
    return f"vgwm cutover status{slice_}"


def asked(ui: Ui, act: str) -> Done:
    """Ask the engine for an act's plan; a sheet shows it."""
    said = Message(text="asking the engine for the plan ..")
    wanted = Crossing(act, ui.slice, ui.way if act == "rollback" else BY_DEFAULT)
    return replace(ui, message=said, error=None), effects.AskCrossing(wanted)


def roll_back(ui: Ui, scene: Scene) -> Done:
    """Go to the Rollback screen from any other, with its plan in a sheet.

    From another screen it is the quick way, whatever was looked at before; of the slice that was
    chosen, else of the one that went to green last.
    """
    ui = replace(ui, slice=ui.slice or _live_slice(scene))
    if ui.screen is Name.ROLLBACK:
        return asked(replace(ui, names=None, cursor=0, top=0), "rollback")
    there = replace(
        ui, screen=Name.ROLLBACK, way=BY_DEFAULT, names=None, cursor=0, top=0, opened=False
    )
    return asked(there, "rollback")


def _live_slice(scene: Scene) -> str:
    """Return the slice that went to green last; "" where everything did, or nothing."""
    begun = scene.snapshot.slices if scene.snapshot is not None else []
    live = [one for one in begun if one.state == GREEN_LIVE]
    newest = max(live, key=lambda one: one.since_ns, default=None)
    return "" if newest is None or newest.name == _ALL else newest.name


def why_no_way_back(ui: Ui, scene: Scene) -> str:
    """Return why R is off; empty where green has taken over.

    What was last read of a plan counts on its own screen alone: on others it may be an old one, and
    of another way.
    """
    now = scene.rollback if ui.screen is Name.ROLLBACK else None
    if now is not None and now.off:
        return "; ".join(now.off.splitlines())
    if scene.risk is None or not scene.risk.since_ns:
        return "green has not taken over: there is nothing to go back from"
    return ""


def _cut_over(ui: Ui, scene: Scene) -> Done:
    return asked(ui, "commit" if _is_live(scene) else "cutover")


def _is_live(scene: Scene) -> bool:
    one = slice_of(scene.cutover) if scene.cutover is not None else None
    return one is not None and one.state == GREEN_LIVE


def _next_slice(ui: Ui, scene: Scene) -> Done:
    names = [one.name for one in scene.cutover.slices] if scene.cutover is not None else []
    if len(names) < 2:  # noqa: PLR2004 - one is no choice
        return replace(ui, message=Message(text="there is one slice")), None
    return _to_slice_after(scene.cutover.slice if scene.cutover is not None else "", names, ui)


def _next_begun(ui: Ui, scene: Scene) -> Done:
    """Show the way back of the next slice of which a cutover was begun."""
    names = [one.name for one in scene.snapshot.slices] if scene.snapshot is not None else []
    if len(names) < 2:  # noqa: PLR2004 - one is no choice
        return replace(ui, message=Message(text="one slice was begun at most")), None
    return _to_slice_after(ui.slice, names, replace(ui, names=None))


def _to_slice_after(now: str, names: list[str], ui: Ui) -> Done:
    after = names[(names.index(now) + 1) % len(names)] if now in names else names[0]
    return replace(ui, slice=after, cursor=0, top=0, opened=False), effects.LoadList()


def _take_on(ui: Ui, scene: Scene) -> Done:
    gate = gate_of(scene, ui)
    if gate is None:
        return ui, None
    return replace(ui, prompt=Prompt(asks=Asks.GATE, about=gate.name), error=None), None


def answered(ui: Ui, prompt: Prompt) -> Done:
    """Show what taking a gate's warning on does; it needs a reason."""
    reason, gate = prompt.typed.strip(), prompt.about
    if not reason:
        why = f"{gate}: nothing was said, so nothing is kept"
        return replace(ui, prompt=None, message=Message(text=why, role=Role.WARN)), None
    sheet = Sheet(
        title=f"take the warning of gate {gate} on",
        command=f"vgwm cutover status --ack {shlex.quote(f'{gate}={reason}')}",
        effects=(
            "kept in the ledger, with your name and the time; it stands in the plan",
            "the gate is open as long as it only warns",
        ),
        act=effects.Answer(f"gate:{gate}", reason, is_note=False),
    )
    return replace(ui, prompt=None, sheet=sheet), None


def _why_off(id_: str, ui: Ui, scene: Scene) -> str:
    now = scene.cutover
    if now is None:
        return "nothing is known yet"
    if id_ == "accept":
        return _why_not_taken(gate_of(scene, ui))
    return _why_not(id_, now.off, live=_is_live(scene))


def _why_not(id_: str, off: Off, *, live: bool) -> str:
    match id_:
        case "begin":
            why = off.rehearse
        case "cutover":
            why = off.commit if live else off.start
        case "cancel":
            why = off.abort
        case _:
            why = ""
    return "; ".join(hard(why))


def _why_not_taken(gate: Gate | None) -> str:
    if gate is None:
        return "there is no gate under the cursor"
    if gate.verdict == "warn":
        return f"{gate.acked} took {gate.name} on already" if gate.acked else ""
    return f"gate {gate.name} is {gate.verdict}: only a warning can be taken on"


def _list_names(ui: Ui, scene: Scene) -> Done:
    """Go from a figure under the cursor to its names."""
    lists = lists_of(scene.rollback) if scene.rollback is not None else ()
    if ui.names is not None or ui.cursor >= len(lists):
        return ui, None
    return replace(ui, names=lists[ui.cursor], cursor=0, top=0), effects.LoadList()


def _next_way(ui: Ui, scene: Scene) -> Done:
    """Show the plan of the next way: quick, full, data; the last one asks for its folders."""
    del scene
    if ui.way.way == FULL:
        return replace(ui, prompt=Prompt(asks=Asks.RESTORE), error=None), None
    after = Back(FULL) if ui.way.way == QUICK else BY_DEFAULT
    return _by(ui, after), effects.LoadList()


def _by(ui: Ui, way: Back) -> Ui:
    return replace(ui, way=way, names=None, cursor=0, top=0, message=None)


def to_restore(ui: Ui, prompt: Prompt) -> Done:
    """Show the plan of a restored tree: from the copy that was named, to the new folder."""
    folders = _words(prompt.typed)
    if len(folders) != 2 or not all(Path(one).is_absolute() for one in folders):  # noqa: PLR2004 - from and to
        why = "two folders by their whole paths: the copy of blue's tree, and a new one"
        return replace(ui, prompt=None, message=Message(text=why, role=Role.WARN)), None
    return replace(_by(ui, Back(DATA, *folders)), prompt=None), effects.LoadList()


def _words(typed: str) -> list[str]:
    try:
        return shlex.split(typed)
    except ValueError:  # a quote that does not end
        return []


def _back(ui: Ui) -> Ui | None:
    return replace(ui, opened=False) if ui.opened else None


def _back_to_plan(ui: Ui) -> Ui | None:
    """Leave the names, then a way that was chosen."""
    if ui.names is not None:
        return replace(ui, names=None, cursor=list(Which).index(ui.names), top=0)
    return _by(ui, BY_DEFAULT) if ui.way != BY_DEFAULT else None


def _gates(scene: Scene) -> tuple[Gate, ...]:
    return scene.cutover.gates if scene.cutover is not None else ()


def _rows(ui: Ui, scene: Scene) -> int:
    """Return how many rows the cursor has on Rollback: figures, then gates; or names."""
    if ui.names is not None:
        return scene.risk_window.total if scene.risk_window is not None else 0
    now = scene.rollback
    return 0 if now is None else len(lists_of(now)) + len(now.gates)


CUTOVER = Own(
    does={
        "begin": lambda ui, _scene: asked(ui, "rehearse"),
        "cutover": _cut_over,
        "cancel": lambda ui, _scene: asked(ui, "abort"),
        "pane": _next_slice,
        "accept": _take_on,
    },
    why_off=_why_off,
    back=_back,
    length=lambda _ui, scene: len(_gates(scene)),
    words={"begin": "rehearse", "cancel": "abort", "pane": "slice"},
)
ROLLBACK = Own(
    does={"open": _list_names, "pane": _next_way, "next": _next_begun},
    back=_back_to_plan,
    length=_rows,
    words={"open": "names", "pane": "way", "next": "slice"},
)
