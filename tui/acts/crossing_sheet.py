"""The sheet of an act on a cutover: the plan, its hash and limits, and the word to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.facts_crossing import risk_fact
from tui.facts.way import DATA, FULL, QUICK
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
_BIG_BANG = "big-bang"
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
        *_besides(made),
        *_steps(made),
        *_joined("limits: ", [limit_words(limit) for limit in made.limits]),
        *_joined("taken on: ", made.acked),
        *_warned(made),
        f"plan {made.hash}: exactly this, or nothing if the world is another by then",
        *_rest(made),
    )
    return Sheet(
        title=f"{_DOES.get(made.act, made.act)}{_how(made)}, slice {made.slice}",
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


def _how(made: CutoverPlan) -> str:
    """Return the way or the strategy, where it is not the usual one."""
    if made.act == "rollback":
        return "" if made.way in {"", QUICK} else f", {made.way}"
    return f", {made.strategy}" if made.strategy == _BIG_BANG else ""


def _besides(made: CutoverPlan) -> tuple[str, ...]:
    """Return what is done besides the switch: files put back, a tree restored, a whole copy."""
    if made.strategy == _BIG_BANG:
        return ("everything is copied under the fence: writes are refused until that is proved",)
    if made.way == FULL:
        files = sum(line.startswith("backup ") for line in made.lines)
        told = f"puts back {display.counted(files, 'file')} of blue's own"
        return (f"{told}, from backups: configuration, accounts, unit, binary",)
    if made.way == DATA:
        origin, to = (display.safe(made.args.get(name, "")) for name in ("origin", "to"))
        return (f"restores blue's tree from {origin} to {to}, and lets blue serve that",)
    return ()


def _times(made: CutoverPlan) -> tuple[str, ...]:
    if made.about_s is None or made.strategy == _BIG_BANG:  # no rehearsal has copied it all
        return ()
    pause = "" if made.pause_s is None else f", writes pause {display.duration(made.pause_s)}"
    return (f"takes about {display.duration(made.about_s)}{pause}",)


def _steps(made: CutoverPlan) -> tuple[str, ...]:
    """Return the steps in a row, and where the price of the way back begins, or the way ends."""
    free = " ".join(_named(step) for step in made.steps if not step.past_return)
    priced = " ".join(_named(step) for step in made.steps if step.past_return)
    if made.act == "commit":
        return (f"{priced}: from there on there is no way back",)
    then = (f"then {priced}: from there, back costs a reverse copy",) if priced else ()
    return (*((free,) if free else ()), *then)


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
