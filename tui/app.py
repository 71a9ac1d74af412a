"""The terminal application: one screen, one panel; a poll and a paint a second.

It holds values (`Ui`, `Scene`), draws them with `tui/views`, hands keys to `tui/acts`, and does the
effects. Nothing here decides what a screen says or what a key means.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.worker import WorkerFailed

from core.control.client import Client
from core.control.flight.replaying import ReplayClient
from core.display import safe
from tui import opening, options
from tui.acts import pressing as acts
from tui.acts import steering
from tui.acts.pressing import Press
from tui.facts.book import Book
from tui.facts.link import EngineLink
from tui.facts.lists import Lists
from tui.facts.proof_book import ProofBook
from tui.facts.replay import ReplayLink
from tui.hands.performer import Performer
from tui.linked import LinkState
from tui.screens.board import Board
from tui.terminal import signals, themes, wire
from tui.terminal.driver import MeteredDriver
from tui.terminal.glyphs import Glyphs
from tui.terminal.governor import BYTES_S, LOW_DATA_BYTES_S, Governor
from tui.terminal.meter import Meter
from tui.ui import Message, Scene, Ui
from tui.views.frame import draw, is_tiny
from tui.views.line import Role, Size
from tui.widgets.panel import Panel

if TYPE_CHECKING:
    from pathlib import Path

    from textual.events import Key

    from tui.options import Options

STUCK_S = 0.3
"""A terminal that has taken no byte for so long gets none until it does."""
HOLD_S = 0.1
"""How long a jump in a long list waits for its rows before it shows that they are not here."""
MESSAGE_S = 15.0


def _budget(ui: Ui) -> int:
    return LOW_DATA_BYTES_S if ui.low_data else BYTES_S


class Terminal(App[int], inherit_bindings=False):
    """The client with screens. path: of the workspace; client: how its engine is reached."""

    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False

    def __init__(
        self,
        path: Path,
        client: Client,
        *,
        options: Options,
        book: Book | None = None,
        proof_book: ProofBook | None = None,
    ) -> None:
        super().__init__(
            driver_class=MeteredDriver,
            ansi_color=options.look.ansi or None,
        )
        self.path = path
        self.link = ReplayLink(client) if isinstance(client, ReplayClient) else EngineLink(client)
        self.book = book if book is not None else Book(client)
        self.proof_book = proof_book if proof_book is not None else ProofBook(client)
        self.lists = Lists(self.link, self.book, self.proof_book)
        self.keymap = options.keymap
        clashes = "; ".join(self.keymap.clashes())
        self.ui = Ui(
            actor=safe(steering.actor()),
            low_data=options.low_data,
            unicode=options.unicode,
            message=Message(text=clashes, role=Role.WARN) if clashes else None,
        )
        self.scene = Scene(now_ns=time.time_ns(), workspace=path.name, path=str(path))
        self.panel = Panel(Governor(_budget(self.ui)))
        self.meter = Meter()
        self.performer = Performer(self)
        self.fault: BaseException | None = None
        self.look = options.look
        self._hurry = asyncio.Event()
        self._frozen_at_s = 0.0
        self._said: Message | None = None
        self._said_s = 0.0
        self._painted_s = 0.0
        self.register_theme(themes.textual_theme(options.look))
        # In on_mount the screen would be painted twice.
        self.theme = f"vg-{options.look.name}"

    def get_default_screen(self) -> Board:
        """Return the one screen."""
        return Board(self.panel)

    def on_mount(self) -> None:
        """Begin to poll and to paint."""
        self._restyle()
        self.run_worker(self._poll(), name="poll", exit_on_error=True)
        self.set_interval(1.0, self._tick, name="tick")

    def on_panel_sized(self) -> None:
        """Paint all of it in the new size."""
        self.paint(at_once=True)

    def on_key(self, event: Key) -> None:
        """Hand every key to the table."""
        event.stop()
        event.prevent_default()
        typed = event.character
        name = typed if typed is not None and typed.isprintable() and typed else event.key
        if self._replays(name):
            return
        before = self.ui
        step = acts.press(self.ui, Press(name, event.time), self.scene, self.keymap)
        self.ui = step.ui
        self._after(before)
        if step.effect is not None:
            self.performer.do(step.effect)
        self.answer()

    def _replays(self, key: str) -> bool:
        """Let a key move the replay, unless something asks; tell whether it did."""
        link, ui = self.link, self.ui
        asked = ui.sheet is not None or ui.prompt is not None or ui.going
        if not isinstance(link, ReplayLink) or asked or not link.press(key):
            return False
        self.run_worker(self._moved(), name="seek", group="seek", exclusive=True)
        return True

    async def _moved(self) -> None:
        await self.link.poll()
        self.paint(at_once=True)

    def _after(self, before: Ui) -> None:
        """Bring along what is not a value: governor, styles, the moment of a freeze."""
        if before.low_data != self.ui.low_data:
            self.panel.governor.budget_bytes_s = _budget(self.ui)
            self._restyle()
        if before.frozen_s is None and self.ui.frozen_s is not None:
            self._frozen_at_s = time.monotonic()

    def _restyle(self) -> None:
        self.panel.restyle(themes.styles(self.look, sixteen=self.ui.low_data))

    async def _poll(self) -> None:
        """Ask the engine once a second, and paint what it said."""
        while True:
            first = self.link.snapshot is None
            wait_s = await self.link.poll()
            if self.link.now().state is LinkState.GONE and self.link.snapshot is None:
                await self.performer.read_ledger()
            await self.performer.follow_list()
            self.paint(at_once=first and self.link.snapshot is not None)
            self._hurry.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._hurry.wait()

    def hurry(self) -> None:
        """Ask the engine now, and not when it is due: something has just been done."""
        self._hurry.set()

    def _tick(self) -> None:
        """Measure the terminal, and let ages move on while the engine does not answer."""
        driver = self._driver
        if isinstance(driver, MeteredDriver):
            self.meter.sample(driver.meter.bytes_out, driver.meter.stuck_s(), time.monotonic())
        if self.meter.is_slow and not self.ui.low_data:
            self.meter.forget()
            before = self.ui
            said = "the terminal was stuck 3 s of 10: low-data is on; b turns it off"
            self.ui = replace(self.ui, low_data=True, message=Message(text=said, role=Role.WARN))
            self._after(before)
        if time.monotonic() - self._painted_s > 0.9 * self.meter.PERIOD_S:
            self.paint(at_once=False)

    def paint(self, *, at_once: bool) -> None:
        """Bring the screen towards what is known now, within the budget unless at once."""
        now_s = time.monotonic()
        self._painted_s = now_s
        self.ui = replace(self.ui, link=self.link.now(), painted_bytes_s=self.meter.bytes_s)
        self._forget_message(now_s)
        if self.ui.frozen_s is None:
            self.scene = self._scene()
        else:
            self.ui = replace(self.ui, frozen_s=now_s - self._frozen_at_s)
        self._settle()
        self._show(at_once=at_once)

    def _forget_message(self, now_s: float) -> None:
        """Drop what row 23 has said for long enough: it is about a moment that is gone."""
        if self.ui.message is not self._said:
            self._said, self._said_s = self.ui.message, now_s
        elif now_s - self._said_s > MESSAGE_S:
            self.ui = replace(self.ui, message=None)

    def answer(self) -> None:
        """Show at once what a key changed, from the facts that are shown already.

        A jump to rows that are not here holds the paint for a moment: they come in one request.
        """
        self._settle()
        if self.lists.misses(self.ui):
            self.set_timer(HOLD_S, lambda: self._show(at_once=True), name="hold")
        else:
            self._show(at_once=True)

    def _settle(self) -> None:
        """Bring a long list's window along with what the keys did."""
        self.scene = replace(self.scene, **self.lists.parts())
        self.ui = self.lists.settle(self.ui, Size(*self.panel.size))
        if self.lists.wants(self.ui):
            self.run_worker(self.performer.read_rows(), name="rows")

    def _show(self, *, at_once: bool) -> None:
        driver = self._driver
        if isinstance(driver, MeteredDriver) and driver.meter.stuck_s() > STUCK_S:
            return
        size = Size(*self.panel.size)
        if not size.width or not size.height:
            return
        if is_tiny(size):  # nobody answers a question that is not seen
            self.ui = replace(self.ui, sheet=None, prompt=None, going=False)
        lines = draw(self.scene, self.ui, size, self.keymap)
        self.panel.show(lines, time.monotonic(), at_once=at_once)
        if self.ui.sheet is not None and self.ui.sheet.painted_at_s is None:
            self.call_after_refresh(self._sheet_is_painted)

    def _sheet_is_painted(self) -> None:
        """Note when the sheet was first seen; paints that were due by then say nothing new."""
        sheet = self.ui.sheet
        if sheet is not None and sheet.painted_at_s is None:
            self.ui = replace(self.ui, sheet=replace(sheet, painted_at_s=time.monotonic()))

    def _scene(self) -> Scene:
        snapshot = self.link.snapshot
        name = snapshot.workspace.name if snapshot is not None else self.path.name
        return replace(
            self.scene,
            now_ns=self.link.now_ns(),
            workspace=name,
            snapshot=snapshot,
        )

    def say(self, text: str, role: Role = Role.TEXT) -> None:
        """Say something on row 23."""
        self.ui = replace(self.ui, message=Message(text=text, role=role))
        self.answer()

    def leave(self, code: int) -> None:
        """End with this exit code. May be called from a signal's handler."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self.exit, code, code)

    def _fatal_error(self) -> None:
        """End without a traceback on the screen: it would show local variables.

        `run` raises the fault again, for the one place of the process that reports faults.
        """
        fault = self._exception
        self.fault = fault.error if isinstance(fault, WorkerFailed) else fault
        self._close_messages_no_wait()


def run(
    workspace: Path | None,
    *,
    low_data: bool | None = None,
    theme: str = "",
    glyphs: Glyphs = Glyphs.AUTO,
    mouse: bool = False,
) -> int:
    """Open the application on a workspace and return its exit code: 0 left, 128+n by a signal.

    None is VGWM_WORKSPACE, else the current folder. What is not given comes from VGWM_LOW_DATA and
    VGWM_THEME. Raises VgwmError for a theme or keys file with mistakes, and any fault of ours.
    """
    path = opening.folder_of(workspace)
    file = path / opening.WORKSPACE_FILE
    given = options.chosen(file, low_data=low_data, theme=theme, glyphs=glyphs)
    app = Terminal(path, Client(path), options=given)
    return opening.left(app.link, path, show(app, mouse=mouse))


def show(app: Terminal, *, mouse: bool) -> int:
    """Run an application to its end and return its exit code. Raises any fault of ours."""
    wire.install()
    signals.install(app.leave)
    ran = app.run(mouse=mouse)
    if app.fault is not None:
        raise app.fault
    code = ran if ran is not None else app.return_code or 0
    if code == signals.exit_code(signal.SIGHUP):
        signals.let_go()
    return code
