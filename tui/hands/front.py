"""The application as its hands see it: what they read of it, and what they may ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.views.line import Role

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from textual.driver import Driver

    from tui.facts.book import Book
    from tui.facts.link import EngineLink
    from tui.facts.lists import Lists
    from tui.facts.proof_book import ProofBook
    from tui.facts.replay import ReplayLink
    from tui.terminal.themes import Look
    from tui.ui import Scene, Ui
    from tui.widgets.panel import Panel


class Front(Protocol):
    """What is on the screen, and where its facts come from. ui, scene: put anew by hands, too.

    link: to the engine, or to what is replayed. The driver is Textual's own; None before the start.
    """

    ui: Ui
    scene: Scene
    path: Path
    link: EngineLink | ReplayLink
    lists: Lists
    book: Book
    proof_book: ProofBook
    panel: Panel
    look: Look
    _driver: Driver | None

    def say(self, text: str, role: Role = Role.TEXT) -> None:
        """Say something on row 23."""
        ...

    def answer(self) -> None:
        """Show at once what changed, from the facts that are shown already."""
        ...

    def paint(self, *, at_once: bool) -> None:
        """Bring the screen towards what is known now."""
        ...

    def hurry(self) -> None:
        """Ask the engine now, and not when it is due."""
        ...

    def run_worker(self, work: Coroutine[object, object, object], name: str | None = "") -> object:
        """Let something go on beside the keys; a fault of ours ends the application."""
        ...

    def exit(self, result: int | None = None) -> None:
        """End the application."""
        ...
