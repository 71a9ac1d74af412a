"""The sheet of an act on a cutover: the plan, its hash and limits, and the word to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.facts import risk_fact
from tui.ui import Sheet
from tui.views.cutover import limit_words

if TYPE_CHECKING:
    from core.control.wire.cutover import CutoverPlan, Step
    from core.control.wire.state import Risk
    from tui.acts.effects import Effect

_DOES = {
    "cutover": "cut over to green",
    "rehearse": "rehearse the cutover: the fence, the last round, and open again",
    "abort": "abort the cutover: writes open again on blue",
    "commit": "commit: give the way back up",
    "rollback": "back to blue",
}
_MOST_LOST = 3
_MOST_WARNINGS = 2


def crossing_sheet(made: CutoverPlan, act: Effect, was: CutoverPlan | None = None) -> Sheet:
    """Return what an act would do, as the engine planned it.

    What would be lost stands first. was: the plan that was shown before and is no longer true.
    """
    before = (
        () if was is None else (f"it is another plan now: {was.hash} was it; nothing was done",)
    )
    told = (
        *before,
        *_lost(made),
        *_risk(made.risk),
        *_times(made),
        *_steps(made.steps),
        *_joined("limits: ", [limit_words(limit) for limit in made.limits]),
        *_joined("taken on: ", made.acked),
        *_warned(made),
        f"plan {made.hash}: exactly this, or nothing if the world is another by then",
        *_rest(made),
    )
    return Sheet(
        title=f"{_DOES.get(made.act, made.act)}, slice {made.slice}",
        command=f"{made.command} --confirm {made.hash}",
        effects=told,
        act=act,
        word=made.word,
    )


def _lost(made: CutoverPlan) -> tuple[str, ...]:
    if not made.lost_total:
        return ()
    shown = made.lost[:_MOST_LOST]
    more = made.lost_total - len(shown)
    rest = f" and {display.count(more)} more" if more else ""
    return (f"LOST, {display.counted(made.lost_total, 'key')}: {', '.join(shown)}{rest}",)


def _risk(risk: Risk | None) -> tuple[str, ...]:
    if risk is None or not risk.since_ns:
        return ()
    return (f"at risk: {', '.join(risk_fact(risk).parts)}",)


def _times(made: CutoverPlan) -> tuple[str, ...]:
    if made.about_s is None:
        return ()
    pause = "" if made.pause_s is None else f", writes pause {display.duration(made.pause_s)}"
    return (f"takes about {display.duration(made.about_s)}{pause}",)


def _steps(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Return the steps in a row, and where the price of the way back begins."""
    if not steps:
        return ()
    free = " ".join(_named(step) for step in steps if not step.past_return)
    priced = " ".join(_named(step) for step in steps if step.past_return)
    if not priced:
        return (free,)
    return (free, f"then {priced}: from there, back costs a reverse copy")


def _named(step: Step) -> str:
    return f"{step.number} {step.state}"


def _warned(made: CutoverPlan) -> tuple[str, ...]:
    shown = tuple(f"warns: {warning}" for warning in made.warnings[:_MOST_WARNINGS])
    more = len(made.warnings) - len(shown)
    return (*shown, f"and {more} warnings more") if more else shown


def _rest(made: CutoverPlan) -> tuple[str, ...]:
    """Return where the rest of it stands: what is lost and when has to fit on a small screen."""
    if not made.lines:
        return ()
    bound = display.counted(len(made.lines), "line")
    return (f"it binds {bound} more, load balancers and gateways: {made.command} shows them",)


def _joined(label: str, parts: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (f"{label}{', '.join(parts)}",) if parts else ()
