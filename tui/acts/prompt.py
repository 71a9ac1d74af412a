"""The prompt on row 23: a knob and its new value, a filter, a reason."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from tui.acts import config_acts, cutover_acts, iam_acts, verify_acts
from tui.acts.assess_acts import answered
from tui.acts.effects import AskPlan, CompleteLine, Effect, RunLine, SetKnob, TakeOver
from tui.acts.errors_acts import listed
from tui.facts.checklist import next_kind
from tui.facts.listing import parse_filter
from tui.ui import Asks, Message, Output, Prompt, Ui
from tui.views.line import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.control.wire.state import Knob
    from tui.ui import Scene

_LONGEST = 200
_KEPT = 100
_FIRST = "workers"


def _knobs(scene: Scene) -> Sequence[Knob]:
    return scene.snapshot.knobs if scene.snapshot is not None else ()


def knob_prompt(scene: Scene) -> Prompt:
    """Return a prompt for the knob that is turned most, or the first there is."""
    names = [knob.name for knob in _knobs(scene)]
    name = _FIRST if _FIRST in names or not names else names[0]
    return Prompt(typed=f"{name} ")


def _next_knob(typed: str, scene: Scene) -> str:
    """Return the knob after the one typed, or the first that begins like it."""
    names = [knob.name for knob in _knobs(scene)]
    if not names:
        return typed
    name = typed.split(" ", maxsplit=1)[0]
    if name in names:
        return f"{names[(names.index(name) + 1) % len(names)]} "
    return f"{next((known for known in names if known.startswith(name)), names[0])} "


def answer_prompt(
    ui: Ui, prompt: Prompt, key: str, id_: str, scene: Scene
) -> tuple[Ui, Effect | None]:
    """Return what a key does while the prompt is open."""
    if id_ == "back":
        return replace(ui, prompt=None), None
    match key:
        case "enter":
            return _submit(ui, prompt, scene)
        case "tab" if prompt.asks is Asks.LINE:
            return ui, CompleteLine(prompt.typed)
        case "up" | "down" if prompt.asks is Asks.LINE:
            return replace(ui, prompt=_recalled(prompt, ui.history, key)), None
        case _:
            typed = _edited(prompt, key, scene)
    return replace(ui, prompt=replace(prompt, typed=typed, offers=())), None


def _edited(prompt: Prompt, key: str, scene: Scene) -> str:
    """Return what stands in the prompt after a key."""
    typed = prompt.typed
    match key:
        case "tab" if prompt.asks is Asks.ONLY:
            return next_kind(typed)
        case "tab" if prompt.among:
            return _next_of(typed, prompt.among)
        case "tab":
            return _next_knob(typed, scene) if prompt.asks is Asks.KNOB else typed
        case "backspace" | "ctrl+h":
            return typed[:-1]
        case "ctrl+u":
            typed = ""
        case "ctrl+w":
            typed = typed.rstrip().rpartition(" ")[0]
            typed += " " if typed else ""
        case _ if len(key) == 1 and key.isprintable():
            typed = (typed + key)[:_LONGEST]
        case _:
            pass
    return typed


def _next_of(typed: str, among: Sequence[str]) -> str:
    """Return the word after the one that is typed, around; the first after anything else."""
    word, _, rest = typed.partition(" ")
    at = among.index(word) + 1 if word in among else 0
    return f"{among[at % len(among)]} {rest}".rstrip()


def _submit(ui: Ui, prompt: Prompt, scene: Scene) -> tuple[Ui, Effect | None]:
    match prompt.asks:
        case Asks.KNOB:
            return _set_knob(ui, prompt.typed, scene)
        case Asks.FILTER:
            known = scene.snapshot.failed_by if scene.snapshot is not None else {}
            wanted = parse_filter(prompt.typed, known)
            return replace(listed(ui, replace(ui.listing, filter=wanted)), prompt=None), None
        case Asks.REASON:
            return _reasoned(ui, prompt)
        case Asks.TAKEOVER:
            return _take_over(ui, prompt.typed.strip())
        case Asks.LINE:
            return _run_line(ui, prompt.typed.strip())
        case asks:
            return _BY_SCREEN[asks](ui, prompt)


_BY_SCREEN: Mapping[Asks, Callable[[Ui, Prompt], tuple[Ui, Effect | None]]] = {
    Asks.ONLY: answered,
    Asks.KIND: verify_acts.answered,
    Asks.TAKE: answered,
    Asks.NOTE: answered,
    Asks.GATE: cutover_acts.answered,
    Asks.RESTORE: cutover_acts.to_restore,
    Asks.FILES: config_acts.answered,
    Asks.VALUE: config_acts.answered,
    Asks.FOLDER: iam_acts.answered,
    Asks.TO: iam_acts.answered,
}
"""Questions that one screen asks: its own module takes the answer."""


def _reasoned(ui: Ui, prompt: Prompt) -> tuple[Ui, Effect | None]:
    reason = prompt.typed.strip()
    if not reason or prompt.mend is None:
        return _refuse(ui, "not skipped: a reason is needed, it is kept with each object")
    said = Message(text="asking the engine for the plan ..")
    return replace(ui, prompt=None, message=said), AskPlan(replace(prompt.mend, reason=reason))


def _run_line(ui: Ui, typed: str) -> tuple[Ui, Effect | None]:
    """Run a line and keep it; an empty one closes the prompt."""
    if not typed:
        return replace(ui, prompt=None), None
    kept = (*(line for line in ui.history if line != typed), typed)[-_KEPT:]
    return replace(ui, prompt=None, history=kept, output=Output(typed=typed)), RunLine(typed)


def _recalled(prompt: Prompt, history: Sequence[str], key: str) -> Prompt:
    """Return the prompt with an older or a newer line; after the newest comes an empty one."""
    at = len(history) if prompt.recalled is None else prompt.recalled
    at = max(0, min(len(history), at + (1 if key == "down" else -1)))
    return replace(prompt, recalled=at, typed=history[at] if at < len(history) else "")


def _take_over(ui: Ui, reason: str) -> tuple[Ui, Effect | None]:
    if not reason:
        return _refuse(ui, "not taken over: a reason is needed, the event log keeps it")
    return replace(ui, prompt=None), TakeOver(reason)


def _set_knob(ui: Ui, typed: str, scene: Scene) -> tuple[Ui, Effect | None]:
    name, _, value = typed.strip().partition(" ")
    knob = next((knob for knob in _knobs(scene) if knob.name == name), None)
    if knob is None:
        known = " ".join(knob.name for knob in _knobs(scene))
        return _refuse(ui, f"no knob {name!r}: {known}")
    if not value.strip():
        return _refuse(ui, f"{name} needs a value, {knob.bounds}")
    return replace(ui, prompt=None), SetKnob(name, value.strip(), knob.value)


def _refuse(ui: Ui, why: str) -> tuple[Ui, Effect | None]:
    """Say why and close the prompt: the row shows one of the two."""
    return replace(ui, prompt=None, message=Message(text=why, role=Role.WARN)), None


def completed(prompt: Prompt, found: Sequence[str]) -> Prompt:
    """Return the line with its last word as long as all that it may become have in common."""
    head, _, word = prompt.typed.rpartition(" ")
    shared = _shared(found)
    if not shared.startswith(word):
        return replace(prompt, offers=tuple(found))
    whole = f"{head} {shared}" if head else shared
    only = len(found) == 1
    return replace(prompt, typed=whole + (" " if only else ""), offers=() if only else tuple(found))


def _shared(words: Sequence[str]) -> str:
    """Return what all of the words begin with."""
    first, last = min(words), max(words)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(char for char, _ in same)
