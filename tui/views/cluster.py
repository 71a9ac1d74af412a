"""Cluster: each peer with its Kubo, the other parts of the target, and what ails the one chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from tui.facts.window import scrolled
from tui.views.line import EMPTY, Line, Piece, Role, Size, column, packed, text, wrapped
from tui.views.words import role_of, stands

if TYPE_CHECKING:
    from core.control.wire.cluster import Cluster, Part, Peer
    from tui.ui import Scene, Ui

STALE_S = 3.0
"""From this age on a peer's figures are not of now."""

_NAME, _STATE = 10, 10
_DETAIL = 3
_WITH_REPO, _WITH_AGE = 60, 72
"""Widths from which there is room for these columns."""
_STATES = {
    "ok": State.PASS,
    "slow": State.WARN,
    "full": State.WARN,
    "failing": State.FAIL,
}


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows."""
    now = scene.cluster
    if now is None:
        return [] if scene.snapshot is None else [EMPTY, text(" ...", Role.DIM)]
    foot = [*_detail(peer_of(scene, ui), size.width), *_parts(now, size.width)]
    rows = peers(now, ui.cursor, ui.top, Size(size.width, max(2, size.height - len(foot) - 1)))
    return [*rows, EMPTY, *foot]


def peer_of(scene: Scene, ui: Ui) -> Peer | None:
    """Return the peer under the cursor."""
    found = scene.cluster.peers if scene.cluster is not None else ()
    return found[min(ui.cursor, len(found) - 1)] if found else None


def panel(now: Cluster | None, size: Size) -> list[Line]:
    """Return the same in short, for a place beside or below another screen: no row is chosen."""
    if now is None:
        return []
    parts = _parts(now, size.width)
    return [*peers(now, -1, 0, Size(size.width, max(2, size.height - len(parts)))), *parts]


def peers(now: Cluster, cursor: int, top: int, size: Size) -> list[Line]:
    """Return the names of the columns and a row a peer, at most `size.height`; -1: none chosen."""
    if not now.peers:
        return [text(f" {now.why or 'no peer is named'}", Role.DIM)]
    room = max(1, size.height - 1)
    top = scrolled(top, max(0, cursor), room, len(now.peers))
    shown = list(enumerate(now.peers))[top : top + room]
    head = f"   {'peer':<{_NAME}}{'state':<{_STATE}}{'queue':>6}{'errors':>7}{'free':>8}{'ping':>7}"
    head += f"{'repo':>8}" if size.width >= _WITH_REPO else ""
    head += f"{'age':>7}  version" if size.width >= _WITH_AGE else ""
    return [
        text(head, Role.DIM),
        *(_row(peer, size.width, chosen=place == cursor) for place, peer in shown),
    ]


def state_of(peer: Peer) -> State:
    """Return how a peer stands: figures that are old say nothing of now (I7)."""
    if peer.age_s is None or peer.age_s > STALE_S:
        return State.UNKNOWN
    return _STATES.get(peer.state, State.UNKNOWN)


def _row(peer: Peer, width: int, *, chosen: bool) -> Line:
    state = state_of(peer)
    word = peer.state if state is not State.UNKNOWN else "unknown"
    figures = (
        f"{_number(peer.queue):>6}{_number(peer.errors):>7}"
        f"{'-' if peer.free_bytes is None else display.size(peer.free_bytes):>8}"
        f"{'-' if peer.ping_s is None else display.age(peer.ping_s):>7}"
    )
    figures += f"{_fill(peer):>8}" if width >= _WITH_REPO else ""
    line: Line = (
        Piece(" > " if chosen else "   ", Role.KEY),
        Piece(column(peer.name, _NAME - 1) + " "),
        Piece(column(f"{state.glyph} {word}", _STATE), role_of(state)),
        Piece(figures, Role.TEXT if state is not State.UNKNOWN else Role.DIM),
    )
    if width < _WITH_AGE:
        return line
    aged = "never" if peer.age_s is None else display.age(peer.age_s)
    return (*line, Piece(f"{aged:>7}  {peer.version}", Role.DIM))


def _detail(peer: Peer | None, width: int) -> list[Line]:
    """Return what ails a peer."""
    if peer is None:
        return []
    kubo = peer.kubo_reason if peer.kubo_reason not in peer.reason else ""
    told = [("why", peer.reason), ("kubo", kubo)]
    lines: list[Line] = []
    for label, said in told:
        for n, part in enumerate(wrapped(said, width - 9) if said else []):
            lines.append((Piece("        " if n else f" {label:<7}", Role.DIM), Piece(part)))
    return lines[:_DETAIL]


def _parts(now: Cluster, width: int) -> list[Line]:
    """Return the other parts in a row or two, then why each of them is not well."""
    told = [_part(one) for one in now.parts]
    rows = [text(f" {row}") for row in packed(told, "   ", width - 2)]
    ill = [one for one in now.parts if one.state != "ok" and one.reason]
    return rows + [
        (Piece(" "), stands(_STATES.get(one.state, State.UNKNOWN), f"{one.name}: {one.reason}"))
        for one in ill[:_DETAIL]
    ]


def _part(one: Part) -> str:
    return f"{one.name} {_STATES.get(one.state, State.UNKNOWN).glyph} {one.state}"


def _fill(peer: Peer) -> str:
    """Return how full Kubo's repository is, floored to a tenth."""
    if peer.repo_bytes is None or not peer.repo_most_bytes:
        return "-"
    return display.percent(peer.repo_bytes, peer.repo_most_bytes)


def _number(value: int | None) -> str:
    return "-" if value is None else display.count(value)
