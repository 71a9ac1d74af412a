"""What tells a replay from a live engine: the mark in the title, the position, the keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core import display
from core.model import NS_PER_S
from tui.facts.replay import KEYS
from tui.views.graph import bar
from tui.views.line import Line, Piece, Role

if TYPE_CHECKING:
    from tui.linked import Played

_BAR_CELLS = 20
_PER_MILLE = 1000


def mark(played: Played) -> Piece:
    """Return `REPLAY 14:02:11 x10` for the title."""
    at = datetime.fromtimestamp(played.at_ns / NS_PER_S, tz=UTC).strftime("%H:%M:%S")
    return Piece(f"REPLAY {at} x{played.speed:g}", Role.WARN)


def position(played: Played, *, unicode: bool) -> Line:
    """Return row 23: how far it is, whether it plays, and that nothing can be changed."""
    day = datetime.fromtimestamp(played.at_ns / NS_PER_S, tz=UTC).strftime("%d %b %Y")
    mille = int(played.share * _PER_MILLE)
    state = "ended" if played.ended else "paused" if played.paused else "plays"
    graph = bar(mille, _PER_MILLE, _BAR_CELLS, unicode=unicode)
    return (
        Piece(" REPLAY", Role.WARN),
        Piece(f" of {day}  "),
        Piece(graph, Role.GRAPH),
        Piece(f" {mille / 10:.1f} % of {display.duration(played.length_s)}, {state}"),
    )


def keys() -> Line:
    """Return row 24."""
    pieces: list[Piece] = []
    for name, word, _ in KEYS:
        pieces += [Piece(f" {name}", Role.KEY), Piece(f" {word} ")]
    for name, word in (("g", "go"), ("?", "help"), ("q", "leave")):
        pieces += [Piece(f" {name}", Role.KEY), Piece(f" {word} ")]
    return tuple(pieces)
