"""Verify: what was proved of the target, the five lists, and a difference at length.

A list may be a million rows long; only those of `Scene.proof_window` are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.facts.proven import Pane, beside, kinds, list_of, shown, why_no_lists
from tui.linked import LinkState
from tui.views import proof_figures, proof_head
from tui.views.line import EMPTY, WIDE, Line, Piece, Role, Size, text
from tui.views.line import beside as side_by_side
from tui.views.listed import listed
from tui.views.proof_rows import detail, header, row

if TYPE_CHECKING:
    from core.control.wire.verify import Proof
    from tui.facts.proven import ProofWindow
    from tui.ui import Scene, Ui

_HEAD_ROWS = 4
_HEADER = 1
_DETAIL_ROWS = 7
_LEAST_PANE = 50


def room(size: Size) -> int:
    """Return how many rows of a list a body of this size shows."""
    below = 0 if size.width >= WIDE else _DETAIL_ROWS
    return max(1, size.height - _HEAD_ROWS - _HEADER - below)


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows: which proof, the five counts, the parts, then one of them."""
    now = scene.snapshot
    if now is None:
        return []
    proof = shown(scene.proofs or (), ui.proven)
    if proof is None:
        return _none(scene, ui)
    window = _window(scene, ui, proof)
    old = proof_head.stale(proof, now)
    head = [
        proof_head.head(proof, scene.proofs or (), scene.now_ns, size.width),
        text(f" ~ {old}", Role.WARN) if old else EMPTY,
        proof_head.join(proof, size.width),
        proof_head.tabs(ui.proven, window, ui, size.width),
    ]
    rest = Size(size.width, size.height - len(head))
    if ui.proven.pane is Pane.FIGURES:
        return [*head, *proof_figures.figures(proof, now, ui, rest)]
    if window is None:
        return [*head, EMPTY, _not_here(proof, ui)]
    if not window.total:
        return [*head, EMPTY, text(f" {_empty(proof, ui)}", Role.DIM)]
    return [*head, *_body(window, ui, size)]


def _window(scene: Scene, ui: Ui, proof: Proof) -> ProofWindow | None:
    window = scene.proof_window
    return window if window and window.listing == list_of(proof, ui.proven) else None


def _none(scene: Scene, ui: Ui) -> list[Line]:
    """Say why there is no proof to show, and the key that makes one."""
    match ui.link.state:
        case LinkState.REPLAY:
            return [EMPTY, text(" a recording holds no proof: vgwm verify", Role.WARN)]
        case LinkState.GONE:
            said = " no engine answers: B starts it; the lists stand in reports/verify-JOB"
            return [EMPTY, text(said, Role.WARN)]
        case _ if scene.proofs is None:
            return [EMPTY, text(" ...", Role.DIM)]
        case _:
            pass
    return [
        EMPTY,
        text(" nothing was verified yet"),
        EMPTY,
        (Piece(" B", Role.KEY), Piece("  compares every key, and reads a sample again")),
        text("    the same on the command line: vgwm verify", Role.DIM),
    ]


def _not_here(proof: Proof, ui: Ui) -> Line:
    """Say why there are no rows."""
    why = why_no_lists(proof)
    if why:
        return text(f" {why}", Role.DIM)
    if ui.link.state in {LinkState.LIVE, LinkState.CONNECTING}:
        return text(" ...", Role.DIM)
    return text(f" no engine answers: the list stands in {proof.folder}", Role.WARN)


def _empty(proof: Proof, ui: Ui) -> str:
    """Say what an empty list means."""
    if ui.proven.typed:
        return "no row of this list is of that kind and bucket; Esc lets go of the filter"
    if ui.proven.pane is Pane.EQUAL and proof.kind == "check":
        return "a check lists what is wrong; equal keys are counted, and not listed"
    part = " in the part that was looked at" if proof.partial else ""
    return f"no row{part}"


def _body(window: ProofWindow, ui: Ui, size: Size) -> list[Line]:
    """Return the list, and below or beside it the object under the cursor at length."""
    wide = size.width >= WIDE
    chosen = window.row(ui.cursor)
    if ui.opened and not wide:
        all_of = beside(window, ui.cursor)
        return [] if chosen is None else detail(all_of, chosen, size.width, None)
    pane = max(_LEAST_PANE, size.width * 2 // 5)
    width = size.width - pane if wide else size.width
    name = ui.proven.pane.value
    lines = [header(name), *listed(window, ui, Size(width, room(size)), row)]
    if chosen is None:
        return lines
    if wide:
        other = detail(beside(window, ui.cursor), chosen, pane - 1, None)
        return side_by_side(lines, [EMPTY, *other], width + 1, size.height - _HEAD_ROWS)
    return [*lines, EMPTY, *detail((), chosen, size.width, _DETAIL_ROWS - 1)]


def length(proof: Proof | None, window: ProofWindow | None, ui: Ui) -> int:
    """Return how many rows the cursor has: kinds among the figures, else the list's."""
    if ui.proven.pane is Pane.FIGURES:
        return len(kinds(proof))
    return window.total if window is not None else 0
