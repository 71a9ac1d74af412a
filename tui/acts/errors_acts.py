"""What keys do on the Errors screen: other lists, filters, an object at length, retry and skip."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.control.wire.failures import FailureBundle, FailureCause
from tui.acts import effects
from tui.acts.mend import Mend, Verb, mend_of, why_not
from tui.acts.own import Own
from tui.facts.listing import Filter, Listing, Tab, fitting, next_tab
from tui.ui import Asks, Message, Prompt, Ui

if TYPE_CHECKING:
    from tui.acts.own import Done
    from tui.facts.listing import Row
    from tui.ui import Scene

_MENDS = {"retry": Verb.RETRY, "skip": Verb.SKIP}


def row_of(ui: Ui, scene: Scene) -> Row | None:
    """Return the row under the cursor; None while it is not here."""
    window = scene.window
    return window.row(ui.cursor) if window and window.listing == ui.listing else None


def listed(ui: Ui, listing: Listing) -> Ui:
    """Return another list, from its first row on."""
    return replace(ui, listing=fitting(listing), cursor=0, top=0, opened=False, message=None)


def _tab(ui: Ui, scene: Scene) -> Done:
    del scene
    listing = Listing(tab=next_tab(ui.listing.tab), filter=ui.listing.filter)
    return listed(ui, listing), None


def _open(ui: Ui, scene: Scene) -> Done:
    """Go from a class or a bundle to its objects, and from an object to all of its text."""
    match row_of(ui, scene):
        case FailureCause() as cause:
            tab = Tab.FAILED if cause.disposition == "failed" else Tab.ALL
            wanted = Filter(code=cause.code, phase=cause.phase)
            return listed(ui, Listing(tab=tab, filter=wanted)), None
        case FailureBundle(id=number):
            return listed(ui, Listing(tab=Tab.FAILED, bundle=number)), None
        case None:
            return ui, None
        case _:
            return replace(ui, opened=not ui.opened), None


def _filter(ui: Ui, scene: Scene) -> Done:
    del scene
    return replace(ui, prompt=Prompt(asks=Asks.FILTER)), None


def _next(ui: Ui, scene: Scene) -> Done:
    """Go to the next of what the filter lets through; after the last comes the first."""
    total = scene.window.total if scene.window is not None else 0
    return replace(ui, cursor=(ui.cursor + 1) % max(1, total)), None


def _retry(ui: Ui, scene: Scene) -> Done:
    mend = _mend(Verb.RETRY, ui, scene)
    return (ui, None) if mend is None else (_planning(ui), effects.AskPlan(mend))


def _skip(ui: Ui, scene: Scene) -> Done:
    """Ask for the reason first; taking a skip back needs none."""
    mend = _mend(Verb.SKIP, ui, scene)
    if mend is None:
        return ui, None
    if mend.verb is Verb.UNSKIP:
        return _planning(ui), effects.AskPlan(mend)
    return replace(ui, prompt=Prompt(asks=Asks.REASON, mend=mend)), None


def _mend(verb: Verb, ui: Ui, scene: Scene) -> Mend | None:
    row = row_of(ui, scene)
    return None if row is None else mend_of(verb, ui.listing, row, opened=ui.opened)


def _planning(ui: Ui) -> Ui:
    return replace(ui, message=Message(text="asking the engine for the plan .."), error=None)


def _back(ui: Ui) -> Ui | None:
    """Close the object that is open, else let go of the filter."""
    if ui.opened:
        return replace(ui, opened=False)
    if ui.listing.filter != Filter() or ui.listing.bundle is not None:
        return listed(ui, Listing(tab=ui.listing.tab))
    return None


def _why_off(id_: str, ui: Ui, scene: Scene) -> str:
    if id_ not in _MENDS:
        return ""
    return why_not(_MENDS[id_], ui.listing, row_of(ui, scene), opened=ui.opened)


OWN = Own(
    does={
        "pane": _tab,
        "open": _open,
        "filter": _filter,
        "next": _next,
        "retry": _retry,
        "skip": _skip,
    },
    why_off=_why_off,
    back=_back,
    length=lambda _ui, scene: scene.window.total if scene.window is not None else 0,
)
