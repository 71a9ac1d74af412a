"""Which keys a screen has for itself, and what they do there.

A screen's acts stand in a module of its own, each with one `OWN`; `reasons.OWN` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.acts.effects import Effect
    from tui.ui import Scene, Ui

Done: TypeAlias = "tuple[Ui, Effect | None]"
Does: TypeAlias = "Callable[[Ui, Scene], Done]"


def _never(id_: str, ui: Ui, scene: Scene) -> str:
    del id_, ui, scene
    return ""


def _no_way(ui: Ui) -> Ui | None:
    del ui
    return None


def _no_rows(ui: Ui, scene: Scene) -> int:
    del ui, scene
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A screen's own keys. does: by a key's id.

    why_off: why an act of these is off, though the engine listens; empty if it is on. back: one
    step back on this screen; None where there is none. length: how many rows the cursor has. words:
    what row 24 calls a key here, where that differs. local: its acts need no engine.
    """

    does: Mapping[str, Does]
    why_off: Callable[[str, Ui, Scene], str] = _never
    back: Callable[[Ui], Ui | None] = _no_way
    length: Callable[[Ui, Scene], int] = _no_rows
    words: Mapping[str, str] = field(default_factory=dict)
    local: bool = False
